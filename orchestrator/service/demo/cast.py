"""Who works on the ward of a demonstration? One for each role, and enough of them that each ward has its own."""

from typing import NamedTuple

from orchestrator.service.demo import PASSWORD
from orchestrator.service.people.accounts import People
from orchestrator.service.people.principal import ADMINISTRATOR, AUDITOR, EVERYWHERE, LEAD
from orchestrator.service.people.recording import Author

WARDS = ("Neuro 1", "Neuro 2", "Neuro 3")
"""The last one has people of its own, so that those of the others can be seen not to see it."""


class Member(NamedTuple):
    """Somebody with an account. wards: on which the role is held; EVERYWHERE alone for all."""

    login: str
    name: str
    role: str
    wards: tuple[str, ...]


CAST = (
    Member("nurse", "Nell Nurse", "nurse", WARDS[:2]),
    Member("clinician", "Cleo Clinician", "clinician", WARDS[:2]),
    Member("nurse3", "Nick Nurse", "nurse", WARDS[2:]),
    Member("clinician3", "Clark Clinician", "clinician", WARDS[2:]),
    Member("lead", "Lea Lead", LEAD, WARDS),
    Member("oncall", "Otto On-Call", "on-call", WARDS),
    Member("pharmacist", "Phil Pharmacist", "pharmacist", (EVERYWHERE,)),
    Member("auditor", "Audrey Auditor", AUDITOR, (EVERYWHERE,)),
    Member("administrator", "Ada Administrator", ADMINISTRATOR, (EVERYWHERE,)),
)
_MAKER = Author("demonstration", ADMINISTRATOR)


def admit(people: People) -> dict[tuple[str, str], str]:
    """Give everybody an account with the one password; return the person's id for each ward and role."""
    found: dict[tuple[str, str], str] = {}
    for each in CAST:
        posts = [(ward, each.role) for ward in each.wards]
        person_id = people.add(_MAKER, login=each.login, name=each.name, posts=posts)
        people.set_password(Author(person_id, each.role), person_id, PASSWORD)
        wards = WARDS if each.wards == (EVERYWHERE,) else each.wards
        found |= {(ward, each.role): person_id for ward in wards}
    return found
