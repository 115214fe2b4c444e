"""Goal: every route × every role × own ward, other ward, nobody: what is not allowed is refused, and what is another
ward's is not there, to the letter as what does not exist.

The routes are the routers' own; what they are for stands in `access_table`. One that is not there fails here.
"""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from orchestrator.api.app import create_app
from orchestrator.api.guard import PUBLIC as API_PUBLIC
from orchestrator.bootstrap import System, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Actor
from orchestrator.http.failures import Failures
from orchestrator.http.needs import served
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.people.recording import Author
from orchestrator.service.people.rows import SessionRow
from orchestrator.service.rows import NoticeRow, OutboxRow
from orchestrator.service.worklist.claims import handle_of
from orchestrator.service.worklist.rows import ItemId
from orchestrator.web.app import create_pages
from orchestrator.web.door import PUBLIC as PAGES_PUBLIC
from tests.factories import OPERATOR
from tests.integration.access_table import API, EMERGENCY, EPISODE, MAY, NUMBER, OPEN, PAGES, ROLES, WARD, Asked

ROOT = Path(__file__).resolve().parents[2]
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
OWN, OTHER = "N2", "S9"
PATHWAY = "post-viral-cerebellar-demyelination"
ADMINISTRATOR = Author("u-test", "administrator")
NOWHERE = "00000000-0000-5000-8000-000000000000"
"""An episode's id that nobody has."""


@dataclass(frozen=True)
class Caller:
    """Somebody with posts on one ward, or nobody. may: actions.   token: for the API.   everywhere: on all wards."""

    name: str
    person_id: str = ""
    token: str = ""
    may: frozenset[str] = frozenset()
    everywhere: bool = False


@dataclass(frozen=True)
class Patient:
    """Of whom is asked. person_id: of an account on that ward; shown_id: of another, of which pages are asked."""

    ward: str
    number: str
    episode_id: str
    patient_id: str
    person_id: str = ""
    shown_id: str = ""
    handle: str = "0" * 16


@dataclass
class Hospital:
    """Two wards with a patient each, people of one of them, and both faces."""

    system: System
    faces: dict[str, FastAPI]
    own: Patient
    other: Patient
    people: list[Caller] = field(default_factory=list)
    scoped: list[Caller] = field(default_factory=list)
    administrator: Caller = field(default_factory=lambda: Caller("nobody"))
    keys: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        self.clients = {
            name: AsyncClient(transport=ASGITransport(app), base_url="http://testserver")
            for name, app in self.faces.items()
        }

    def send(self, face: str, method: str, address: str, headers: dict[str, str], **sent: Any) -> Response:  # noqa: ANN401
        """Ask in one thread: a test client's threads would take most of the time."""
        request = self.clients[face].build_request(method, address, headers=headers, **sent)
        return self.loop.run_until_complete(self.clients[face].send(request))

    def session(self, caller: Caller) -> str:
        """Sign a caller in, without a password."""
        token = secrets.token_urlsafe(8)
        with self.system.store.change() as change:
            now = change.times().wall
            change.add_session(SessionRow(hashlib.sha256(token.encode()).digest(), caller.person_id, now, now))
        return token


@pytest.fixture(scope="module")
def hospital() -> Iterator[Hospital]:
    with throwaway_system(ROOT / "workflows", VirtualClock(T0)) as system:
        own, other = _enrolled(system, OWN, "no-0001"), _enrolled(system, OTHER, "no-0002")
        own, other = _with_programs(system, own), _with_programs(system, other)
        for each in (own, other):
            _tell(system, each)
        patient = Failures(10**9)  # nobody guesses here
        api = create_app(system, failures=patient)
        pages = create_pages(system, timezone="Europe/London", failures=patient)
        made = Hospital(system, {"api": api, "pages": pages}, own, other)
        made.people = [_person(system, role) for role in ROLES]
        made.scoped = list(_scoped(system))
        token = system.access.first_token()
        assert token is not None
        made.administrator = Caller("the administrator's token", "", token, frozenset(MAY), everywhere=True)
        yield made
        made.loop.run_until_complete(made.loop.shutdown_default_executor())
        made.loop.close()


def _with_programs(system: System, of: Patient) -> Patient:
    """Add two accounts of programs on a patient's ward: what is done to one over the API is not to be undone."""
    made = [
        system.people.add(
            ADMINISTRATOR, login=f"x-{face}-{of.ward.lower()}", name="A program", posts=[(of.ward, "service")]
        )
        for face in ("api", "pages")
    ]
    return replace(of, person_id=made[0], shown_id=made[1])


def _enrolled(system: System, ward: str, number: str) -> Patient:
    actor = Actor("u-test", "clinician")
    wish = EnrolRequest(PATHWAY, (Identifier("hospital-number", number),), ward, "UTC", actor, number)
    episode_id = system.enrolments.enrol(wish).episode_id
    with system.store.read() as reader:
        row = reader.episode(episode_id)
        assert row is not None
        handle = handle_of(system.keyring, ItemId(episode_id, *OPEN))
        return Patient(ward, number, episode_id, row.patient_id, handle=handle)


def _tell(system: System, of: Patient) -> None:
    """Let a notice about a patient stand in the inbox, and wait to leave the house as a dead letter."""
    with system.store.change() as change:
        now = change.times().now
        change.put_notices(
            [
                NoticeRow(
                    of.episode_id, "1.1", "reminder", "task-due", "task-due#/1", "lead", of.ward, 0, now, now, False
                )
            ]
        )
        change.put_outbox([OutboxRow(of.episode_id, "1.1", "pager", change.times().wall)])
        (lease,) = change.take(1, 60)
        change.give_up(lease, "recipient-refused")


def _person(system: System, role: str) -> Caller:
    person_id = system.people.add(ADMINISTRATOR, login=f"x-{role}", name=role, posts=[(OWN, role)])
    may = frozenset(action for action, roles in MAY.items() if role in roles)
    _, token = system.signing.make_token(ADMINISTRATOR, person_id, label="all", scopes=list(MAY), days=1)
    return Caller(role, person_id, token, may)


def _scoped(system: System) -> Iterator[Caller]:
    """Yield tokens with one scope each, of somebody who holds every role."""
    posts = [(OWN, role) for role in ROLES]
    person_id = system.people.add(ADMINISTRATOR, login="x-all", name="all", posts=posts)
    for action in MAY:
        _, token = system.signing.make_token(ADMINISTRATOR, person_id, label=action, scopes=[action], days=1)
        yield Caller(f"scope {action}", person_id, token, frozenset({action}))


# What is asked


def routes(app: FastAPI) -> list[str]:
    """Return method and path of every route that is not public."""
    return sorted(
        f"{method} {each.path}"
        for each in served(app)
        for method in each.methods - {"HEAD"}
        if each.path not in {*API_PUBLIC, app.openapi_url} and not each.path.startswith(PAGES_PUBLIC)
    )


@pytest.mark.parametrize(("face", "table"), [("api", API | EMERGENCY), ("pages", PAGES)])
def test_the_table_says_of_every_route_who_may_ask_it(hospital: Hospital, face: str, table: dict[str, Asked]) -> None:
    told = "say in tests/integration/access_table.py who may ask it, and with what"
    assert routes(hospital.faces[face]) == sorted(table), told
    assert {each.action for each in table.values()} <= set(MAY)


def ask(hospital: Hospital, caller: Caller, route: str, asked: Asked, of: Patient) -> Response:
    """Ask a route of a patient and his ward, as this caller, with everything that a program or browser would send."""
    method, path = route.split(" ", 1)
    of = of if path.startswith("/api/") else replace(of, person_id=of.shown_id)
    address = _filled(path + asked.query, of, caller.person_id or hospital.people[0].person_id)
    body = json.loads(_worded(json.dumps(asked.body), of))
    if path.startswith("/api/"):
        hospital.keys += 1
        headers = {"Idempotency-Key": f"k-{hospital.keys}", "If-Match": "*"}
        headers |= {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        if caller.everywhere:
            headers["Carepath-Role"] = "lead"
        sent = {"json": body} if method == "POST" else {}
        return hospital.send("api", method, address, headers, **sent)
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    word = ""
    if caller.person_id:
        token = hospital.session(caller)
        headers["Cookie"] = f"carepath={token}"
        word = "00" * 32 + hmac.new(token.encode(), b"carepath form", hashlib.sha256).hexdigest()  # under no mask
    sent = {"data": {**body, "csrf": word}} if method == "POST" else {}
    answer = hospital.send("pages", method, address, headers, **sent)
    answer._content = _WORD.sub(b"", answer.content)
    return answer


_WORD = re.compile(rb'(?<=name="csrf" value=")[0-9a-f]+')


def _filled(path: str, of: Patient, person_id: str) -> str:
    """Return the address. person_id: the caller's own, where there is one: how one is reached is one's own affair."""
    path = path.replace(":path}", "}")
    own = "/contacts" in path or "/absences" in path
    known = {"episode_id": of.episode_id, "ward": of.ward, "name": PATHWAY, "version": "1.0.0", "handle": of.handle}
    known["person_id"] = person_id if own else of.person_id
    strange = {name for _, name, _, _ in string.Formatter().parse(path) if name} - set(known)
    assert not strange, f"say in _filled what stands for {strange} in {path}"
    return _worded(path.format(**known), of)


def _worded(text: str, of: Patient) -> str:
    return text.replace(WARD, of.ward).replace(NUMBER, of.number).replace(EPISODE, of.episode_id)


def outcome(answer: Response) -> str:
    """Return the class of an answer."""
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in?"):
        return "sign in"
    return {403: "refused", 404: "not there"}.get(answer.status_code, "answered")


def expected(caller: Caller, route: str, asked: Asked, of: Patient) -> set[str]:
    """Return what the table lets the answer be."""
    if caller.name == "nobody":
        return {"sign in"}
    if asked.action not in caller.may:
        return {"refused"}
    if of.ward != OWN and not caller.everywhere:
        if "{episode_id}" in route or asked.ward == 404:
            return {"not there"}
        if asked.ward == 403:
            return {"refused"}
    return {"answered", "not there"} if asked.vain or of.episode_id == NOWHERE else {"answered"}


def every(hospital: Hospital) -> Iterator[tuple[Caller, str, Asked]]:
    """Yield who asks what."""
    nobody = Caller("nobody")
    for route, asked in API.items():
        for caller in (*hospital.people, *hospital.scoped, hospital.administrator, nobody):
            yield caller, route, asked
    for route, asked in PAGES.items():
        for caller in (*hospital.people, nobody):
            yield caller, route, asked


def test_every_route_answers_those_who_may_and_nobody_else(hospital: Hospital) -> None:
    wrong, told = [], []
    for caller, route, asked in every(hospital):
        about = "{episode_id}" in route or asked.ward or NUMBER in json.dumps(asked.body)
        for of in (hospital.own, hospital.other) if about else (hospital.own,):
            answer = ask(hospital, caller, route, asked, of)
            if outcome(answer) not in expected(caller, route, asked, of) or answer.status_code >= 500:
                wrong.append((caller.name, route, of.ward, answer.status_code))
            if not caller.everywhere and _tells(answer, hospital.other, asked):
                told.append((caller.name, route, of.ward))
    assert wrong == []
    assert told == [], "what is another ward's stands in the answer"


def _tells(answer: Response, other: Patient, asked: Asked) -> bool:
    """Tell whether an answer holds anything by which another ward's patient is known; what was typed is repeated."""
    known = [other.episode_id, other.patient_id]
    return any(each in answer.text for each in known) or (
        NUMBER not in json.dumps(asked.body) and re.search(rf"\b{other.number}\b", answer.text) is not None
    )


def test_no_list_shows_another_wards_patient_whatever_is_asked(hospital: Hospital) -> None:
    lead = next(each for each in hospital.people if each.name == "lead")
    shown = 0
    for route, asked in (API | PAGES).items():
        if route.startswith("GET ") and "{episode_id}" not in route:
            answer = ask(hospital, lead, route, replace(asked, query=""), hospital.own)
            assert not _tells(answer, hospital.other, asked), route
            shown += _tells(answer, hospital.own, asked)
    assert shown > 2, "the lists are not empty"
    for verb, more in (("resend", {}), ("drop", {"reason": "why"})):
        body = {"delivery": f"{hospital.other.episode_id}.1.1.pager", **more}
        route = f"POST /api/v1/deliveries/{verb}"
        assert ask(hospital, lead, route, Asked("operate", body), hospital.own).status_code == 404
    assert hospital.system.outgoing.resend_all(OPERATOR, wards=frozenset({OWN})) == 1
    assert len(hospital.system.deliveries.outgoing(dead=True)) == 1, "that of the other ward"


def test_another_wards_patient_is_told_as_one_that_does_not_exist(hospital: Hospital) -> None:
    none = Patient(OTHER, "0000", NOWHERE, "")
    lead = next(each for each in hospital.people if each.name == "lead")
    asked_of = [(route, asked) for route, asked in (API | PAGES).items() if "{episode_id}" in route]
    assert len(asked_of) > 15
    for route, asked in asked_of:
        theirs, nobodys = (ask(hospital, lead, route, asked, of) for of in (hospital.other, none))
        assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text), route
        assert _plain(theirs) == _plain(nobodys), route


def _plain(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.headers.items() if name != "content-length"}
