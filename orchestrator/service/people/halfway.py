"""Who knows the password and has to show a second factor yet? Between the two there is no session.

What the browser holds meanwhile opens nothing: it says whose password was right, for some minutes, and ends with the
code, with every session of that person and with the account.
"""

import secrets
from datetime import timedelta

from orchestrator.errors import NotSignedIn
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.rows import PendingRow, PersonRow
from orchestrator.service.ports import Change
from orchestrator.service.tokens import token_hash

WAITS = timedelta(minutes=5)
"""For so long a code may be sent after the password."""
EVERYBODY = "all"
"""Stands in the setting for every role."""
Demanded = frozenset[str]
"""The roles of which a second factor is required; `all` among them for everybody."""


class CodeNeeded(NotSignedIn):
    """The password was right, and a code is to be sent yet. token: for the cookie, shown this once."""

    def __init__(self, token: str) -> None:
        super().__init__("a code of your authenticator app is needed: send it")
        self.token = token


def begin_waiting(change: Change, person: PersonRow) -> CodeNeeded | None:
    """Return what waits for a person's code; None for somebody who has no second factor."""
    if person.person_id not in change.factors([person.person_id]):
        return None
    now, token = change.times().wall, f"cpc_{secrets.token_urlsafe(32)}"
    change.forget_pending_sign_ins(now - WAITS)
    change.add_pending_sign_in(PendingRow(token_hash(token), person.person_id, now))
    return CodeNeeded(token)


def is_asked(demanded: Demanded, principal: Principal) -> bool:
    """Tell whether a second factor is required of this person."""
    return EVERYBODY in demanded or bool(demanded & principal.roles())
