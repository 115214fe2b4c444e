"""With what does a program come in that knows its own users? One administrator's token, kept as a hash.

Whoever holds it may act as anybody it names: what it asserts is recorded as asserted. People have accounts of their
own: see `service.people`.

The hash stands in the database, not in the key file: it opens nothing, every process sees a new token at once, and
the copy of the keys need not be renewed with it. A plain SHA-256 serves, since the token is random and long: there is
nothing to guess, and no slow hash to be called at every request.
"""

import hmac
import re
import secrets
from datetime import datetime
from typing import NamedTuple

from orchestrator.audit import looks
from orchestrator.errors import InputError
from orchestrator.service.people.principal import ADMINISTRATOR, EVERYWHERE, Principal
from orchestrator.service.people.recording import Author, note
from orchestrator.service.ports import Collision, Store
from orchestrator.service.rows import TokenRow
from orchestrator.service.tokens import token_hash

_FILE = Author("secret-file", ADMINISTRATOR, asserted=True)
"""Whoever wrote the file from which a process that begins takes the token."""
_GIVEN = re.compile(r"[!-~]{43,256}")
"""A token from a file: 256 random bits are 43 characters in base64, 64 in hex."""


class Holder(NamedTuple):
    """Who holds a token, and the role in which the holder acts unless another is asserted."""

    actor_id: str
    role: str


class Access:
    """Keeps the access token and knows it again."""

    def __init__(self, store: Store, mac: looks.Mac) -> None:
        self._store, self._mac = store, mac

    def holder(self, token: str) -> Holder | None:
        """Return who holds this token; None when nobody does, or no longer."""
        hashed = token_hash(token)
        with self._store.read() as reader:
            rows = reader.tokens()
        found = [row for row in rows if hmac.compare_digest(row.token_hash, hashed)]
        return Holder(found[0].actor_id, found[0].role) if found else None

    def principal(self, token: str) -> Principal | None:
        """Return what this token allows; None when it opens nothing."""
        holder = self.holder(token)
        if holder is None:
            return None
        return Principal(holder.actor_id, holder.actor_id, frozenset({(EVERYWHERE, holder.role)}), asserts=True)

    def exists(self) -> bool:
        """Tell whether there is a token."""
        with self._store.read() as reader:
            return bool(reader.tokens())

    def first_token(self) -> str | None:
        """Make the administrator's token if there is none, and return it, to be shown once; None if there is one."""
        token = _random()
        with self._store.change() as change:
            if change.tokens():
                return None
            change.add_token(_row(token, change.times().wall))
        return token

    def new_token(self, by: Author) -> str:
        """Return a new token; the old one opens nothing from now on. Who made it stands in the record of accounts."""
        token = _random()
        self._replace(token, by)
        return token

    def adopt(self, token: str) -> None:
        """Make the content of a secret file the one token that opens; of several who do so at once each is content.

        Raises InputError when it could be guessed, or was ended before.
        """
        if not _GIVEN.fullmatch(token):
            raise InputError(
                "the administrator's token must be 43 to 256 characters without blanks: take 32 random bytes in hex"
            )
        if self.holder(token) is not None:
            return
        try:
            self._replace(token, _FILE)
        except Collision:
            if self.holder(token) is None:
                raise InputError("this token was ended before, and opens nothing any more: take a new one") from None

    def _replace(self, token: str, by: Author) -> None:
        with self._store.change() as change:
            now = change.times().wall
            change.revoke_tokens(now)
            change.add_token(_row(token, now))
            note(change, self._mac, by, "admin-token", about="", detail={})


def _random() -> str:
    return f"cp_{secrets.token_urlsafe(32)}"


def _row(token: str, now: datetime) -> TokenRow:
    return TokenRow(token_hash(token), ADMINISTRATOR, ADMINISTRATOR, now)
