"""Who asks, and what may they do? Deny by default: what no post and no scope allows is not allowed.

What a role may do to an episode (give, confirm, override …) is the pathway's to say; here stands who may come that far,
and everything that is about no episode.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

EVERYWHERE = "*"
"""Stands in a post for every ward."""
ADMINISTRATOR, AUDITOR, LEAD = "administrator", "auditor", "lead"
AT_THE_BEDSIDE = frozenset({"nurse", "clinician", LEAD, "on-call", "pharmacist"})


class Action(StrEnum):
    """What can be allowed. Each is also a scope that a token can have."""

    SEE = "see"  # patients' records and the lists of a ward
    ACT = "act"  # commands on an episode, enrolment too
    AUDIT = "audit"  # who has seen a record, and whether it is whole
    HOLD = "hold"  # keep a record from being erased
    MERGE = "merge"  # say that two records are one patient's, and take it back
    ERASE = "erase"  # destroy a patient's key
    OPERATE = "operate"  # dead letters, episodes set aside, what runs
    PEOPLE = "people"  # accounts, posts, tokens of others
    KNOW = "know"  # pathways, and what concerns oneself: whoever has an account


ROLES: Mapping[Action, frozenset[str]] = {
    Action.SEE: AT_THE_BEDSIDE | {AUDITOR},
    Action.ACT: AT_THE_BEDSIDE,
    Action.AUDIT: frozenset({AUDITOR, LEAD}),
    Action.HOLD: frozenset({AUDITOR}),
    Action.MERGE: frozenset({LEAD}),
    Action.ERASE: frozenset({ADMINISTRATOR}),
    Action.OPERATE: frozenset({ADMINISTRATOR, LEAD}),
    Action.PEOPLE: frozenset({ADMINISTRATOR}),
    Action.KNOW: AT_THE_BEDSIDE | {AUDITOR, ADMINISTRATOR, "service"},
}
"""Who may, by role. An administrator of accounts sees no patient."""

_USUAL = ("clinician", "on-call", LEAD, "pharmacist", "nurse", AUDITOR, ADMINISTRATOR, "service")
"""Of several roles the one in which a person acts unless he says otherwise: no more power than is wanted."""


class Principal(NamedTuple):
    """Who asks. posts: (ward, role) pairs.   scopes: of a token; None where nothing narrows what the posts allow.

    asserts: may act as whoever it names, in whatever role, on every ward, recorded as asserted: the administrator's
    token alone, for programs that know their own users.   session: of a browser; None for a token.
    until: when a person's token ends.   bare: a second factor is to be set up before anything else.
    """

    actor_id: str
    name: str
    posts: frozenset[tuple[str, str]]
    scopes: frozenset[str] | None = None
    asserts: bool = False
    language: str = ""
    session: bytes | None = None
    renew: bool = False
    until: datetime | None = None
    bare: bool = False

    def may(self, action: Action, ward: str | None = None) -> bool:
        """Tell whether this is allowed on a ward; on any ward at all for None."""
        if self.scopes is not None and action not in self.scopes:
            return False
        return action is Action.KNOW or self.asserts or bool(self.roles(ward) & ROLES[action])

    def roles(self, ward: str | None = None) -> frozenset[str]:
        """Return the roles held on a ward; on any ward for None."""
        return frozenset(role for there, role in self.posts if ward is None or there in {ward, EVERYWHERE})

    def role_for(self, action: Action, ward: str | None = None, *, leading: bool = False) -> str:
        """Return the role in which this person does something unless he names another; empty where he may not.

        leading: what only a lead may do.
        """
        held = self.roles(ward) & ROLES[action]
        if leading and LEAD in held:
            return LEAD
        return next((role for role in _USUAL if role in held), "")

    def wards(self, action: Action) -> frozenset[str] | None:
        """Return the wards on which this is allowed; None for all."""
        if self.scopes is not None and action not in self.scopes:
            return frozenset()
        there = frozenset(ward for ward, role in self.posts if role in ROLES[action])
        return None if self.asserts or EVERYWHERE in there else there
