"""How does a screen on a wall stay in while it hangs there? By a token that opens one ward's board, and no more.

A session would end with its shift, and could do whatever its person may. What the screen keeps is no token of a program
either: only with the key file it becomes one, so that it opens nothing when it is taken out of the browser.
"""

import secrets
from typing import NamedTuple
from urllib.parse import quote, unquote

from orchestrator.audit.keys import Keyring, prefixed
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.people.signing import LONGEST_TOKEN, Signing

_LONGEST = 700
"""Of what a screen keeps: a ward's name has 200 characters at most."""


class Wall(NamedTuple):
    """A screen: for whom it looks, and at which ward's board."""

    principal: Principal
    ward: str


class Walls:
    """Puts screens up, and knows them again. They stand among the tokens of who put them up, and are ended there."""

    def __init__(self, signing: Signing, keyring: Keyring) -> None:
        self._signing, self._keyring = signing, keyring

    def put_up(self, by: Author, person_id: str, ward: str) -> str:
        """Return what a screen is to keep, shown this once. Raises NotFound."""
        secret = secrets.token_urlsafe(32)
        self._signing.make_token(
            by, person_id, label=f"wall {ward}"[:100], scopes=[str(Action.SEE)], days=LONGEST_TOKEN.days,
            token=self._token(secret, ward),
        )  # fmt: skip
        return f"{secret}.{quote(ward, safe='')}"

    def known(self, kept: str) -> Wall | None:
        """Return which screen keeps this; None for what is none, or was ended, as with its person's account."""
        secret, dot, ward = kept.partition(".")
        if not dot or len(kept) > _LONGEST:
            return None
        ward = unquote(ward)
        found = self._signing.bearer(self._token(secret, ward))
        if found is None:
            return None
        posts = frozenset((ward, role) for role in found.roles(ward))
        return Wall(found._replace(posts=posts), ward)

    def _token(self, secret: str, ward: str) -> str:
        return f"cpw_{self._keyring.look_mac(b'wall' + prefixed(secret.encode(), ward.encode())).hex()}"
