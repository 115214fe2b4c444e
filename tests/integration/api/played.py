"""Every route of the API asked once, in an order in which each does what it is for: a small hospital's day.

Whoever adds a route adds its step. Tests ask each command again with its key, and take the examples from here.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator.api.app import PREFIX, create_app
from orchestrator.bootstrap import System, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.notify.reading import read_channels
from orchestrator.service.people import codes
from orchestrator.service.people.duty import Duty
from orchestrator.service.people.passwords import generated
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.rows import NoticeRow, OutboxRow
from tests.integration.gateways import gateway

ROOT = Path(__file__).resolve().parents[3]
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
PATHWAY = "post-viral-cerebellar-demyelination"
ADMINISTRATOR = Author("u-test", "administrator")
DAY = {"starts_at": "2026-03-08T08:00", "ends_at": "2026-03-08T20:00"}
TASK = {"kind": "task", "key": "lumbar-puncture"}
FACTS = {"severity": "severe", "infection_status": "excluded", "weight_kg": 65.5}
_WHY = {"reason": "request 2026-117"}


@dataclass
class Step:
    """One route. body, other: what is sent, and something else under the same key; texts in {} stand for what is there.

    path: what stands in the address.   who: whose token; a role asserted with the administrator's for `as`.
    match: with If-Match.   waits: an answer that does not end.
    """

    route: str
    body: dict[str, Any] | None = None
    other: dict[str, Any] | None = None
    query: str = ""
    who: str = ""
    role: str = "lead"
    match: bool = False
    before: Callable[["Played"], None] = lambda _: None
    path: dict[str, str] = field(default_factory=dict)


def identified(number: str) -> dict[str, Any]:
    return {"identifiers": [{"system": "hospital-number", "value": number}], "pathway": PATHWAY, "ward": "N2"}


EPISODE = "/api/v1/episodes/{episode_id}"
PERSON = "/api/v1/people/{person_id}"
_AT = {"episode_id": "{episode}"}
_GONE = {"episode_id": "{erasable}"}
_GLASS = {"episode_id": "{far}"}
_ITEM = {"episode_id": "{episode}", **TASK}
_TOKEN = {"label": "laboratory link", "scopes": ["know"], "days": 90}
_STOP = {"regimen": "ivmp-pulse", "override": ["steroid-stop"], "reason": "fever"}
_ARREST = {"reason": "called to a cardiac arrest"}
_NUMBERED = {"identifier": {"system": "hospital-number", "value": "0000004"}, **_ARREST}
_NEW = {"login": "p.pharmacist", "name": "P. Pharmacist", "posts": [{"ward": "N2", "role": "pharmacist"}]}
_POSTS = {"posts": [{"ward": "N2", "role": "nurse"}, {"ward": "N3", "role": "nurse"}]}
_MADE, _NONE = {"token_id": "{token_id}"}, {"token_id": "t-000000000000"}
_PROGRAM = {"person_id": "{program}"}
_DUTY = {"role": "nurse", "person_id": "{nurse}", **DAY}
_ENTERED = {"duty_id": "{duty_id}"}
_DROP = {"delivery": "{episode}.1.2.pager", "reason": "told by telephone"}
_ISSUED = {"issuer": "https://login.hospital.example", "subject": "248289761001"}
_NURSE = {"person_id": "{nurse}"}
_MOVED = {"ward": "N2", "reason": "his bed is there now"}
_MERGED = {"replaced": "{record}", "compared": "{compared}", "reason": "same name, day of birth and address"}
_PARTED = {"replaced": "{record}", "reason": "two people of one name"}
_SNOOZE = {**_ITEM, "until": "2026-03-02T08:30:00Z", "reason": "ward round"}
_HOME = {"channel": "e-mail", "address": "n.nurse@home.example", "kinds": ["reminder"], "quiet": "22:00-06:30"}
_SHIFT = "?ward=N2&from=2026-03-05T07:00:00Z&to=2026-03-05T15:00:00Z"

STEPS: tuple[Step, ...] = (
    Step("POST /api/v1/episodes", identified("0000001"), identified("0000009")),
    Step("POST /api/v1/episodes/find", {"identifier": {"system": "hospital-number", "value": "0000002"}}),
    Step("POST /api/v1/items/claim", _ITEM, {**_ITEM, "key": "eeg"}, who="nurse"),
    Step("POST /api/v1/items/snooze", _SNOOZE, {**_ITEM, "until": None}, who="nurse"),
    Step("POST /api/v1/items/hand-over", {**_ITEM, "to": "{deputy}"}, {**_ITEM, "to": "{nurse}"}, who="nurse"),
    Step("POST /api/v1/items/take-over", {**_ITEM, "holder": "{deputy}"}, {**_ITEM, "holder": "u-x"}, who="nurse"),
    Step("POST /api/v1/items/look", _ITEM, who="nurse"),
    Step("POST /api/v1/items/release", _ITEM, {**_ITEM, "key": "eeg"}, who="nurse"),
    Step(f"POST {EPISODE}/record", {"facts": FACTS}, {"facts": {"severity": "mild"}}, path=_AT, match=True),
    Step(f"POST {EPISODE}/confirm", {"regimens": ["ivmp-pulse"]}, {"regimens": ["ivig"]}, path=_AT, match=True),
    Step(f"POST {EPISODE}/give", {"regimen": "ivmp-pulse"}, {"regimen": "ivig"}, role="nurse", path=_AT),
    Step(
        f"POST {EPISODE}/acknowledge",
        {"reminder": "day-3-response"},
        {"reminder": "other"},
        role="clinician",
        path=_AT,
        before=lambda played: played.advance(hours=72),
    ),
    Step(f"POST {EPISODE}/miss", {"regimen": "ivmp-pulse"}, {"regimen": "ivig"}, role="nurse", path=_AT),
    Step(f"POST {EPISODE}/decline", {"regimen": "ivmp-pulse"}, {"regimen": "ivig"}, role="nurse", path=_AT),
    Step(
        f"POST {EPISODE}/retract",
        {"target": "ivmp-pulse", "reason": "entered for another"},
        {"target": "severity", "reason": "why"},
        path=_AT,
    ),
    Step(f"POST {EPISODE}/stop", _STOP, {"regimen": "ivig"}, path=_AT),
    Step(f"POST {EPISODE}/complete", {"task": "eeg"}, {"task": "mri-baseline"}, role="nurse", path=_AT),
    Step(f"GET {EPISODE}", path=_AT),
    Step(f"GET {EPISODE}/explain", path=_AT),
    Step(f"GET {EPISODE}/timeline", query="?limit=2", path=_AT),
    Step(f"GET {EPISODE}/story", path=_AT),
    Step(f"GET {EPISODE}/report", path=_AT),
    Step("GET /api/v1/worklist", query="?ward=N2&limit=1"),
    Step("GET /api/v1/inbox", query="?ward=N2&limit=1"),
    Step("GET /api/v1/board", query="?ward=N2"),
    Step("GET /api/v1/handover", query=_SHIFT),
    Step("GET /api/v1/load", query="?ward=N2"),
    Step("GET /api/v1/operations"),
    Step("GET /api/v1/pathways"),
    Step("GET /api/v1/pathways/{name}", path={"name": PATHWAY}),
    Step("GET /api/v1/pathways/{name}/{version}", path={"name": PATHWAY, "version": "1.0.0"}),
    Step(f"POST {EPISODE}/glass", _ARREST, {"reason": "another"}, who="nurse", path=_GLASS),
    Step("POST /api/v1/glass", _NUMBERED, {**_NUMBERED, "reason": "another"}, who="nurse"),
    Step(f"GET {EPISODE}/looks", query="?lists=true&limit=2", path=_GLASS),
    Step(f"DELETE {EPISODE}/glass", who="nurse", path=_GLASS),
    Step(f"POST {EPISODE}/change-ward", _MOVED, {**_MOVED, "reason": "another"}, path=_GLASS, match=True),
    Step(f"GET {EPISODE}/patient", path=_AT),
    Step(f"POST {EPISODE}/merge/compare", {"identifier": {"system": "hospital-number", "value": "0000003"}}, path=_AT),
    Step(f"POST {EPISODE}/merge", _MERGED, {**_MERGED, "reason": "another"}, path=_AT),
    Step(f"POST {EPISODE}/unmerge", _PARTED, {**_PARTED, "reason": "another"}, path=_AT),
    Step(f"POST {EPISODE}/close", {"outcome": "withdrawn", "reason": "as she wished"}, {"outcome": "x"}, path=_GONE),
    Step(f"GET {EPISODE}/hold", path=_GONE, role="auditor"),
    Step(f"POST {EPISODE}/hold", _WHY, {"reason": "another"}, path=_GONE, role="auditor", match=True),
    Step("GET /api/v1/holds", query="?limit=1", role="auditor"),
    Step(f"POST {EPISODE}/hold/end", _WHY, {"reason": "another"}, path=_GONE, role="auditor", match=True),
    Step(f"POST {EPISODE}/erase", _WHY, {"reason": "another"}, path=_GONE, role="administrator", match=True),
    Step("GET /api/v1/me", who="nurse"),
    Step("POST /api/v1/me/language", {"language": "de"}, {"language": ""}, who="nurse", match=True),
    Step("GET /api/v1/me/sessions", who="nurse"),
    Step("POST /api/v1/me/sessions/end", {}, {"session_id": "s-0123456789ab"}, who="nurse"),
    Step("POST /api/v1/me/tokens", _TOKEN, {**_TOKEN, "days": 1}, who="nurse"),
    Step("GET /api/v1/me/tokens", query="?limit=1", who="nurse"),
    Step("POST /api/v1/me/tokens/end", _MADE, _NONE, who="nurse"),
    Step("GET /api/v1/people", query="?limit=2"),
    Step("POST /api/v1/people", _NEW, {**_NEW, "login": "p.other"}),
    Step(f"GET {PERSON}", path=_NURSE),
    Step(f"POST {PERSON}/change", {"name": "N. Nurse", "language": "de"}, {"name": "Other"}, path=_NURSE, match=True),
    Step(f"POST {PERSON}/posts", _POSTS, {"posts": []}, path=_NURSE, match=True),
    Step(f"POST {PERSON}/unlock", {}, path=_NURSE, match=True),
    Step(f"POST {PERSON}/tokens", _TOKEN, {**_TOKEN, "days": 1}, path=_PROGRAM),
    Step(f"GET {PERSON}/tokens", query="?limit=1", path=_PROGRAM),
    Step(f"POST {PERSON}/tokens/end", _MADE, _NONE, path=_PROGRAM),
    Step(f"POST {PERSON}/identities", _ISSUED, {**_ISSUED, "subject": "2"}, path=_NURSE),
    Step(f"POST {PERSON}/identities/end", _ISSUED, {**_ISSUED, "subject": "2"}, path=_NURSE),
    Step(f"POST {PERSON}/identities", _ISSUED, {**_ISSUED, "subject": "2"}, path=_NURSE),
    Step("POST /api/v1/me/identities/end", _ISSUED, {**_ISSUED, "subject": "2"}, who="nurse"),
    Step(f"GET {PERSON}/sessions", path={"person_id": "{lead}"}),
    Step(f"POST {PERSON}/contacts/add", _HOME, {**_HOME, "quiet": ""}, path=_NURSE, match=True),
    Step(f"GET {PERSON}/contacts", path=_NURSE),
    Step(f"POST {PERSON}/contacts/test", {"name": "e-mail-1"}, {"name": "e-mail-2"}, path=_NURSE),
    Step(f"POST {PERSON}/contacts/remove", {"name": "e-mail-1"}, {"name": "e-mail-2"}, path=_NURSE, match=True),
    Step("POST /api/v1/rota/{ward}/add", _DUTY, {**_DUTY, "role": "lead"}, path={"ward": "N2"}, match=True),
    Step("GET /api/v1/rota/{ward}", query="?from=2026-03-08&days=1", path={"ward": "N2"}),
    Step("POST /api/v1/rota/{ward}/remove", _ENTERED, {"duty_id": "d-none"}, path={"ward": "N2"}, match=True),
    Step(f"POST {PERSON}/absences/add", {**DAY, "deputy_id": "{deputy}"}, DAY, path=_NURSE, match=True),
    Step(f"GET {PERSON}/absences", path=_NURSE),
    Step(f"POST {PERSON}/absences/remove", {"away_id": "{away_id}"}, {"away_id": "a-none"}, path=_NURSE, match=True),
    Step(f"POST {PERSON}/password", {}, path={"person_id": "{deputy}"}, match=True),
    Step(
        f"POST {PERSON}/factor/end",
        {"reason": "lost the telephone, and came with the badge"},
        {"reason": "another"},
        path={"person_id": "{deputy}"},
        match=True,
        before=lambda played: with_factor(played.system, played.known["deputy"]),
    ),
    Step(f"POST {PERSON}/sessions/end", {}, {"session_id": "s-0123456789ab"}, path={"person_id": "{deputy}"}),
    Step(f"POST {PERSON}/end", {}, path={"person_id": "{deputy}"}, match=True),
    Step("GET /api/v1/people/records", query="?limit=2"),
    Step("GET /api/v1/deliveries", query="?limit=1"),
    Step("POST /api/v1/deliveries/resend", {"delivery": "{episode}.1.1.pager"}, {"all": True}),
    Step("POST /api/v1/deliveries/drop", _DROP, {**_DROP, "reason": "another"}),
    Step("GET /healthz"),
    Step("GET /readyz"),
    Step("GET /api/v1/banner"),
)  # fmt: skip
_LEARNT = ("token_id", "duty_id", "away_id", "record", "compared")
ENDLESS = "GET /api/v1/changes"
"""Its answer does not end; tests of its own ask it."""


@dataclass
class Played:
    """The hospital. known: ids by name.   tokens: of people, by name."""

    system: System
    clock: VirtualClock
    app: FastAPI
    client: TestClient
    known: dict[str, str]
    tokens: dict[str, str]

    def ask(self, step: Step, *, key: str = "", body: dict[str, Any] | None = None, tag: str = "") -> Response:
        """Ask a step's route. key: another for none.   body: another than the step's.   tag: for If-Match."""
        method, path = step.route.split(" ")
        said = {"Idempotency-Key": key or secrets.token_hex(8)}
        said |= {"Authorization": f"Bearer {self.tokens[step.who]}"}
        said |= {} if step.who else {"Carepath-Role": step.role, "Carepath-Actor": f"u-{step.role}"}
        if step.match:
            said["If-Match"] = tag or "*"
        sent = self.filled(step.body if body is None else body)
        where = path.format(**self.filled(step.path)) + step.query
        return self.client.request(method, where, headers=said, json=sent)

    def advance(self, **by: float) -> None:
        """Move the clock, and let fire what is due then."""
        self.clock.advance(timedelta(**by))
        while self.system.firing.fire_due().more:
            pass

    def learn(self, answer: Response) -> None:
        """Remember what an answer made."""
        if answer.headers["content-type"] == "application/json":
            made = answer.json()
            self.known |= {name: made[name] for name in _LEARNT if isinstance(made.get(name), str)}

    def filled(self, sent: Any) -> Any:  # noqa: ANN401  JSON
        """Return it with the ids that stand for names in braces."""
        text = json.dumps(sent)
        for name, held in self.known.items():
            text = text.replace(f"{{{name}}}", held)
        return json.loads(text)

    def rows(self) -> dict[str, int]:
        """Return how many rows there are in each table."""
        with self.system.store.read() as reader:
            sql = reader._sql
            names = [row[0] for row in sql.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: int(sql.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()) for name in names}


@contextmanager
def hospital(folder: Path) -> Iterator[Played]:
    """Open a hospital with three patients, some people, a dead letter, and notices that leave by mail."""
    clock = VirtualClock(T0)
    wall = VirtualClock(T0)  # which stands still: only what waits for somebody lasts days here, and no token may end
    with throwaway_system(ROOT / "workflows", clock, wall) as plain, gateway("e-mail", folder) as gate:
        system = with_channels(plain, gate.file())
        app = create_app(system, timezone="Europe/London")
        with TestClient(app) as client:
            made = Played(system, clock, app, client, {}, {"": system.access.first_token() or ""})
            _people(made)
            _patients(made)
            yield made


def with_channels(system: System, file: Path) -> System:
    """Return the system as a file of channels has it."""
    outside = read_channels(file, system.people.roles)
    mac, rota = system.keyring.look_mac, system.duty.rota
    duty = Duty(system.store, mac, outside.directory, outside.personal(), roles=rota.roles, zone=rota.zone)
    system.desk.directory = duty.reach
    return replace(system, duty=duty, post=outside.post(rota.zone, duty.reach.contact))


def _people(made: Played) -> None:
    posts = {"nurse": "nurse", "lead": "lead", "deputy": "nurse", "program": "service"}
    for name, role in posts.items():
        password = "" if name == "program" else generated()
        given = [("N2", role)]
        person_id = made.system.people.add(ADMINISTRATOR, login=name, name=name.title(), password=password, posts=given)
        if password:
            made.system.people.set_password(Author(person_id, role), person_id, password)  # her own from now on
            made.system.signing.sign_in(name, password)
        scopes = ["see", "act", "know"]
        _, token = made.system.signing.make_token(ADMINISTRATOR, person_id, label="all", scopes=scopes, days=1)
        made.known[name], made.tokens[name] = person_id, token


def _patients(made: Played) -> None:
    for number, (name, ward) in enumerate({"episode": "N2", "erasable": "N2", "far": "S9"}.items(), start=2):
        step = Step("POST /api/v1/episodes", {**identified(f"000000{number}"), "ward": ward})
        made.known[name] = made.ask(step).json()["episode_id"]
        made.clock.advance(timedelta(seconds=1))  # else chance would say who comes first in a list
    with made.system.store.change() as change:
        now, wall = change.times()
        for key in ("1.1", "1.2"):
            about = (made.known["episode"], key, "reminder", "task-due", "task-due#eeg/1", "lead", "N2", 0)
            change.put_notices([NoticeRow(*about, now, now, late=False)])
            change.put_outbox([OutboxRow(made.known["episode"], key, "pager", wall)])
        for lease in change.take(500, 60):
            if lease.route == "pager":
                change.give_up(lease, "recipient-refused")


def with_factor(system: System, person_id: str) -> None:
    """Give a person an authenticator app."""
    me = Principal(person_id, "", frozenset())
    app = pyotp.TOTP(codes.plain(system.factors.start(me).letters))
    with system.store.read() as reader:
        wall = reader.times().wall
    system.factors.confirm(Author(person_id, ""), me, app.at(wall))


def methods(app: FastAPI) -> dict[str, dict[str, Any]]:
    """Return what is described, by method and path."""
    return {
        f"{method.upper()} {path}": told
        for path, each in app.openapi()["paths"].items()
        for method, told in each.items()
    }


__all__ = ["ENDLESS", "PREFIX", "STEPS", "Played", "Step", "hospital", "methods"]
