"""Who opens the pages in the benchmark, and which? People with posts on one ward, on several, on all, signed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.face import Browser
from benchmarks.generate import WARDS
from orchestrator.bootstrap import System
from orchestrator.service.demo.cast import WARDS as STORIES
from orchestrator.service.people.principal import ADMINISTRATOR, AUDITOR, EVERYWHERE, LEAD
from orchestrator.service.people.recording import Author

PASSWORD = "four plain words here"  # noqa: S105  of people who are made up
_MAKER = Author("bench", ADMINISTRATOR)
_ROLES = ("nurse", "nurse", "clinician", "on-call")
"""Whom each ward has of its own."""
HERE, THREE = "ward-7", ("ward-7", "ward-8", "ward-9")
PEOPLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "nurse": ((HERE, "nurse"),),
    "clinician": tuple((ward, "clinician") for ward in THREE),
    "consultant": ((EVERYWHERE, "clinician"),),
    "lead": ((EVERYWHERE, LEAD),),
    "pharmacist": ((EVERYWHERE, "pharmacist"),),
    "auditor": ((EVERYWHERE, AUDITOR),),
    "administrator": ((EVERYWHERE, ADMINISTRATOR),),
}
"""Those who sign in, with their posts."""


@dataclass(frozen=True)
class Page:
    """One page, and who opens it. goal: whether the issue sets it a time."""

    name: str
    login: str
    paths: tuple[str, ...]
    goal: bool = False


def settle(system: System) -> dict[tuple[str, str], str]:
    """Give everybody an account; return who does what in the stories that fill the store, by ward and role."""
    for number in range(WARDS):
        for place, role in enumerate(_ROLES):
            login = f"{role}{place}-{number}"
            system.people.add(_MAKER, login=login, name=f"Person {login}", posts=[(f"ward-{number}", role)])
    found: dict[tuple[str, str], str] = {}
    for login, posts in PEOPLE.items():
        person_id = system.people.add(_MAKER, login=login, name=login.capitalize(), posts=posts)
        system.people.set_password(Author(person_id, ""), person_id, PASSWORD)
        found |= {(ward, role): person_id for ward in STORIES for _, role in posts}
    return found


def sign_in(system: System, port: int, login: str) -> Browser:
    """Return the browser of somebody who has just signed in."""
    token = system.signing.sign_in(login, PASSWORD).token
    return Browser(port, f"carepath={token}")


def pages(short: Sequence[str], old: Sequence[str]) -> list[Page]:
    """Return what is opened, over and over. short, old: episodes of a ward, of some weeks and of five years."""
    ward = quote(HERE)
    mine, all_wards = "nurse", "lead"
    return [
        Page("worklist, my ward's", mine, ("/worklist",), goal=True),
        Page("worklist, overdue doses", mine, ("/worklist?kind=dose&overdue=1",), goal=True),
        Page("worklist, my role's", mine, ("/worklist?view=role",), goal=True),
        Page("worklist, what I have taken", mine, ("/worklist?view=mine",), goal=True),
        Page("worklist, three wards", "clinician", ("/worklist", "/worklist?view=role"), goal=True),
        Page("worklist, all wards", all_wards, ("/worklist", "/worklist?view=role", "/worklist?kind=task"), goal=True),
        Page("board, at the desk", mine, (f"/board/{ward}",), goal=True),
        Page("board, on a wall", mine, (f"/board/{ward}?screen=1",), goal=True),
        Page("board, all wards' lead", all_wards, tuple(f"/board/ward-{number}" for number in range(8)), goal=True),
        Page("board, one stage", mine, (f"/board/{ward}?stage=second-line",), goal=True),
        Page("patient, some weeks", "consultant", tuple(f"/episodes/{each}" for each in short), goal=True),
        Page("patient, five years", "consultant", tuple(f"/episodes/{each}" for each in old), goal=True),
        Page("explain", "consultant", tuple(f"/episodes/{each}/explain" for each in short)),
        Page("hand-over sheet", mine, (f"/handover/{ward}",)),
        Page("hand-over sheet, all wards' lead", all_wards, tuple(f"/handover/ward-{number}" for number in range(8))),
        Page("inbox, my role's", mine, ("/inbox",)),
        Page("inbox, three wards", "clinician", ("/inbox", "/inbox?view=ward")),
        Page("inbox, all wards", all_wards, ("/inbox", "/inbox?view=ward")),
        Page("alarm load", mine, (f"/load?ward={ward}",)),
        Page("choose a ward", all_wards, ("/board", "/handover")),
        Page("find, the form", mine, ("/find",)),
        Page("pathways", mine, ("/pathways",)),
        Page("who has seen it", "auditor", tuple(f"/episodes/{each}/seen" for each in short)),
        Page("people", "administrator", ("/people",)),
        Page("operations", "administrator", ("/operations",)),
    ]
