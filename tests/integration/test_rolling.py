"""Goal: one version takes the place of another while people work: nothing is lost, doubled or set aside.

The next version is made from this one: a copy of the program with one more migration, which only adds, and one more
format, in which two fields of an episode have changed places and an event's field has another name. Both run as real
processes, side by side on one PostgreSQL database.
"""

import http.client
import json
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrator.cli import valkey
from orchestrator.episode.commands import Record
from orchestrator.episode.formats import OWN
from orchestrator.errors import NewerFormat
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.ledger import unpack
from orchestrator.service.notices import InHouse
from orchestrator.store import schema
from tests.factories import OPERATOR
from tests.integration.installation import CLINICIAN, Installation, installed, running, until

ROOT = Path(__file__).resolve().parents[2]
SERVE = ["-m", "orchestrator.cli.serve"]
NEXT = f"{int(schema.REVISIONS[-1]) + 1:04}"
MIGRATION = f'''
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.REVISIONS[-1]}"


def upgrade() -> None:
    op.add_column("episode", sa.Column("remark", sa.Text(), nullable=True))
'''
STEP = """
def _swapped(value):
    value[4], value[5] = value[5], value[4]
    return value


def _renamed(old, new):
    def rename(body):
        for event in body["events"]:
            if event["type"] == "alarm-set":
                event[new] = event.pop(old)
        return body

    return rename


STEPS = (*STEPS, Step(_swapped, _swapped, _renamed("due_at", "moment"), _renamed("moment", "due_at")))
OWN ="""
EDITS = {
    "store/schema.py": [(r'(REVISIONS = \([^)]*)\)', rf'\1, "{NEXT}")')],
    "episode/formats.py": [(r"\nOWN =", STEP)],
    "episode/model.py": [(r"    ward: str\n    timezone: str\n", "    timezone: str\n    ward: str\n")],
    "episode/events.py": [(r"(class AlarmSet\(Event\):\n.*?\n\n    )due_at", r"\1moment")],
    "episode/fold.py": [
        (r"event\.ward, event\.timezone", "event.timezone, event.ward"),
        (r"next_due_at=event\.due_at", "next_due_at=event.moment"),
    ],
    "audit/story/tell.py": [(r"event\.due_at for entry in entries for event in entry\.of\(ev\.AlarmSet\)",
                             "event.moment for entry in entries for event in entry.of(ev.AlarmSet)")],
}  # fmt: skip


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the next version."""
    folder = tmp_path_factory.mktemp("next")
    for name in ("orchestrator", "workers"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "workflows").symlink_to(ROOT / "workflows")
    code = folder / "orchestrator"
    (code / "store" / "migrations" / "versions" / f"{NEXT}_next.py").write_text(MIGRATION)
    for name, edits in EDITS.items():
        text = (code / name).read_text()
        for pattern, put in edits:
            text, done = re.subn(pattern, put, text, count=1, flags=re.DOTALL)
            assert done == 1, (name, pattern)
        (code / name).write_text(text)
    return folder


@dataclass
class Side:
    """One version of the program: its processes, and its command line. code: None for this one."""

    place: Installation
    code: Path | None

    @contextmanager
    def process(self, role: str, ends_with: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
        with running([*SERVE, role], self.place.settings, ends_with, code=self.code) as process:
            yield process

    def says(self, *words: str) -> tuple[int, str]:
        """Carry out a command line; return its exit code and what it said."""
        home, url = str(self.place.settings.home.parent), self.place.settings.database_url
        program = [sys.executable, "-P", "-c", "from orchestrator.cli.main import run; run()"]
        ended = subprocess.run(
            [*program, *words, "--simulated", "--home", home, "--database", url],
            env=None if self.code is None else {"PATH": "", "PYTHONPATH": str(self.code)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, ended.stdout + ended.stderr


@dataclass
class Api:
    """People at the API of one process."""

    port: int
    token: str

    def record(self, episode_id: str, kilograms: int) -> int:
        """Record a weight, with one try; return the number of the entry."""
        body = json.dumps({"facts": {"weight_kg": kilograms}})
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {"Idempotency-Key": secrets.token_hex(8), "Carepath-Role": "clinician"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", f"/api/v1/episodes/{episode_id}/record", body, sent)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, told
        return int(told["seq"])


@contextmanager
def api(side: Side) -> Iterator[Api]:
    """Run an API process; callers wait in its socket until it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        command = [*SERVE, "api", str(number)]
        with running(command, side.place.settings, code=side.code, passing=(number,)):
            yield Api(listening.getsockname()[1], side.place.system.access.new_token(OPERATOR))


@dataclass
class People:
    """Who works all the while, with this version in this process and with others. done: entries by episode."""

    place: Installation
    done: dict[str, list[int]] = field(default_factory=dict)

    def here(self, episode_id: str, kilograms: int) -> int:
        asked = Request(episode_id, Record(facts={"weight_kg": kilograms}), CLINICIAN, new_key())
        return self.place.system.handlers.execute(asked).seq

    def enrol(self) -> list[str]:
        """Enrol patients, for each of whom something is due by the clock of the processes."""
        made = [self.place.enrol() for _ in range(4)]
        self.done |= {each: [] for each in made}
        return made

    @contextmanager
    def working(self, *ways: Callable[[str, int], int]) -> Iterator[None]:
        """Have people record weights on every episode, by each way at once."""
        stop, episodes = threading.Event(), list(self.done)

        def work(way: Callable[[str, int], int]) -> int:
            rounds = 0
            while rounds < 2 or not stop.is_set():
                for episode_id in episodes:
                    self.done[episode_id].append(way(episode_id, 50 + rounds % 40))
                rounds += 1
            return rounds

        with ThreadPoolExecutor(len(ways)) as pool:
            turns = [pool.submit(work, way) for way in ways]
            try:
                yield
            finally:
                stop.set()
        assert all(each.result() for each in turns)


@pytest.fixture
def place(tmp_path: Path, redis_server: valkey.Valkey, postgres_database: str) -> Iterator[Installation]:
    with installed("postgres", tmp_path, redis_server, postgres_database) as place:
        place.forget_messages()
        for system in (place.desk, place.system):
            system.desk.directory = InHouse()
        yield place


def test_the_next_version_takes_over_while_people_work(place: Installation, newer: Path) -> None:
    old, new, people = Side(place, None), Side(place, newer), People(place)
    with ExitStack() as stays, ExitStack() as goes:
        for role in ("worker", "clock"):
            goes.enter_context(old.process(role))
        fire(place, people, people.here)
        assert new.says("db", "upgrade")[0] == 0
        fire(place, people, people.here)  # the old ones go on with the new schema
        assert_schema(place, NEXT)
        for role in ("worker", "clock"):
            stays.enter_context(new.process(role))
        killed = goes.enter_context(old.process("clock", -signal.SIGKILL))
        until(lambda: len(place.system.presence.running()) >= 5, "all say that they run")
        with api(new) as ward:
            fire(place, people, people.here, ward.record)
            assert {OWN} == formats(place, people)
            assert all(place.system.replay.replay(each).equal for each in people.done)  # by the old version
            code, said = new.says("db", "finish")
            assert (code, f"programs run that do not read format {OWN + 1}: 2 clock" in said) == (1, True), said
            killed.kill()
            goes.close()
            place.sql(f"UPDATE process SET seen_at = {{past}} WHERE format = {OWN}")
            assert new.says("doctor", "--json")[1].count("an upgrade is not finished") == 1
            code, said = new.says("db", "finish")
            assert (code, f"is written in format {OWN + 1}" in said) == (0, True), said
            fire(place, people, ward.record)  # it was there before, and learns of it in its own time
        with api(new) as ward:
            fire(place, people, ward.record)
        assert OWN + 1 in formats(place, people)
        it_is_refused_by_the_old_version_in_words(old, people)
    assert_sound(place, people, new)


def fire(place: Installation, people: People, *ways: Callable[[str, int], int]) -> None:
    """Have people work on everything while more falls due, and wait until it has fired."""
    made = people.enrol()
    with people.working(*ways):
        until(lambda: all(place.rows("entry", each) and fired(place, each) for each in made), "what is due fires")


def fired(place: Installation, episode_id: str) -> bool:
    with place.system.store.read() as reader:
        row = reader.episode(episode_id)
        assert row is not None
        return row.next_due_at is None or row.next_due_at > reader.times().now


def assert_schema(place: Installation, revision: str) -> None:
    with place.system.store.read() as reader:
        assert schema.revision(reader._sql) == revision


def formats(place: Installation, people: People) -> set[int]:
    """Return the formats in which documents are kept."""
    found = set()
    with place.system.store.read() as reader:
        for episode_id in people.done:
            row = reader.episode(episode_id)
            assert row is not None
            first = orjson.loads(unpack(place.system.desk.key(row), episode_id, row.document))[0]
            found.add(first if isinstance(first, int) else 1)
    return found


def it_is_refused_by_the_old_version_in_words(old: Side, people: People) -> None:
    words = f"the store is written in format {OWN + 1}, this program reads up to {OWN}: install a newer carepath"
    episode_id = next(iter(people.done))
    with pytest.raises(NewerFormat, match=words):
        people.here(episode_id, 70)
    code, said = old.says("show", episode_id)
    assert (code, words in said) == (2, True), said
    with old.process("clock", 1) as process:
        process.wait()


def assert_sound(place: Installation, people: People, new: Side) -> None:
    """Nothing was lost, doubled or set aside, and the record holds, both formats in one chain."""
    assert json.loads(new.says("audit", "verify", "--all", "--json")[1])["whole"] is True
    assert json.loads(new.says("audit", "replay", "--all", "--json")[1])["equal"] is True
    spoken = set()
    for episode_id, answered in people.done.items():
        with place.system.store.read() as reader:
            headers = [orjson.loads(each.header) for each in reader.entries(episode_id, 0, 10_000)]
            row = reader.episode(episode_id)
        assert row is not None
        assert (row.set_aside_until, row.attempts) == (None, 0)
        assert sorted(answered) == [each["seq"] for each in headers if each["cause"] == "record"]
        spoken |= {each["format"] for each in headers}
        told = [(row["name"], row["about"], row["rung"]) for row in inbox(place, episode_id)]
        assert sorted(told) == sorted(set(told))
        assert {rung for *_, rung in told} == {0, 1}
    assert spoken == {OWN, OWN + 1}


def inbox(place: Installation, episode_id: str) -> list[dict[str, Any]]:
    return place.inbox(episode_id)
