"""Goal: a checker that can fail. It finds whatever was doctored in a store, and of a whole one it finds nothing."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator import config
from orchestrator.bootstrap import Simulation, System, open_system, prepare_store
from orchestrator.episode.commands import Actor, Record
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Request
from orchestrator.store.connect import sqlite_module
from tests.chaos.checker import Checker, Commits
from tests.chaos.entries import Told
from tests.chaos.history import Asked, History, Outage
from workers.fire import fire

PATHWAY = "post-viral-cerebellar-demyelination"
CLINICIAN = Actor("c-1", "clinician")
LATER = timedelta(hours=2)
FIRING = 3  # the number of the entry, after enrolment and recording


@dataclass
class Place:
    """A store that was used, and what its people remember of it."""

    folder: Path
    asked: list[Asked]
    owed: Commits  # when each entry should have been committed
    outages: Sequence[Outage] = ()
    moved: float = 0.0  # seconds by which every firing was committed later than it was
    ahead: timedelta = timedelta()  # by which the system was seen quiet later than it was

    def sql(self, *statements: str) -> None:
        """Change the store behind the program's back."""
        connection = sqlite_module().connect(str(self.folder / "simulated" / "carepath.db"), isolation_level=None)
        connection.execute("DROP TRIGGER IF EXISTS entry_no_update")
        connection.execute("DROP TRIGGER IF EXISTS entry_no_delete")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        connection.close()

    def found(self) -> set[str]:
        """Return what the checker says is wrong, by kind."""
        with opened(self.folder) as system, history(self.folder) as kept:
            kept.asked.extend(self.asked)
            kept.outages.extend(self.outages)
            quiet = system.pulse.look().now - LATER + self.ahead
            fired = [entry for entry in self.owed if entry[1] == FIRING]
            committed = {**self.owed, **{entry: self.owed[entry] + self.moved for entry in fired}}
            return {each.what for each in Checker(system, kept, committed, quiet).check().findings}


@contextmanager
def opened(folder: Path) -> Iterator[System]:
    with open_system(config.read({"CAREPATH_HOME": str(folder)}, simulated=True)) as system:
        yield system


@contextmanager
def history(folder: Path) -> Iterator[History]:
    kept = History(folder / "history.jsonl")
    try:
        yield kept
    finally:
        kept.close()


def owed(system: System) -> Commits:
    """Say of each entry when it was asked for, by the wall, or of a firing when it was due."""
    look = system.pulse.look()
    made = {}
    for episode_id in system.replay.episode_ids():
        for entry in system.queries.timeline(episode_id):
            due = [event["due_at"] for event in entry["events"] if entry["seq"] == FIRING and "due_at" in event]
            at = datetime.fromisoformat(min(due, default=entry["at"]))
            made[(episode_id, entry["seq"])] = look.wall.timestamp() - (look.now - at).total_seconds()
    return made


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A store with two patients, a recording and a firing of each."""
    folder = tmp_path_factory.mktemp("used")
    settings = config.read({"CAREPATH_HOME": str(folder)}, simulated=True)
    prepare_store(settings, Simulation(datetime.now(UTC), 1))
    asked = []
    with opened(folder) as system:
        for number in range(2):
            key = f"k-{number}"
            who = (Identifier("mrn", key),)
            made = system.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "UTC", CLINICIAN, key))
            asked.append(command("enrol", made.episode_id, key, made.seq))
            wish = Request(made.episode_id, Record(facts={"severity": "severe"}), CLINICIAN, key)
            asked.append(command("record", made.episode_id, key, system.handlers.execute(wish).seq))
        look = system.pulse.look()
    assert look.next_alarm is not None
    micros = (look.next_alarm - look.now) // timedelta(microseconds=1) + 1_000_000
    place = Place(folder, asked, {})
    place.sql(f"UPDATE store_info SET simulated_start = simulated_start + {micros}")
    with opened(folder) as system:
        assert fire(system) == 2
        return replace(place, owed=owed(system))


def command(kind: str, episode_id: str, key: str, seq: int) -> Asked:
    return Asked(CLINICIAN.id, kind, episode_id, key, 1, 200, seq, "", 0.0, 1.0)


@pytest.fixture
def place(used: Place, tmp_path: Path) -> Place:
    """A copy of the store, to be doctored."""
    shutil.copytree(used.folder, tmp_path, dirs_exist_ok=True)
    return replace(used, folder=tmp_path, asked=[*used.asked])


def test_a_store_that_is_whole_gives_no_finding(place: Place) -> None:
    place.moved = 3.0
    assert place.found() == set()


LAST = "(SELECT episode_id, max(seq) FROM entry GROUP BY episode_id LIMIT 1)"
COPIED = ["CREATE TABLE copy AS SELECT * FROM entry", "DROP TABLE entry", "ALTER TABLE copy RENAME TO entry"]
AGAIN = (
    "INSERT INTO notice SELECT episode_id, key || '.2', kind, name, about, role, ward, rung, due_at, told_at, late,"
    " skipped FROM notice WHERE kind = 'reminder' LIMIT 1"
)
CAUSE_TWICE = (
    "INSERT INTO entry SELECT episode_id, seq + 1, cause_id, header, commitment, body, hash"
    " FROM entry WHERE seq = (SELECT max(seq) FROM entry) LIMIT 1"
)
DOCTORED: dict[str, tuple[str, list[str]]] = {
    "an entry is dropped": ("proof", [f"DELETE FROM entry WHERE (episode_id, seq) IN {LAST}"]),
    "the entry of an answered command is dropped": ("lost", ["DELETE FROM entry WHERE seq = 2"]),
    "a hash is another": ("proof", [f"UPDATE entry SET hash = zeroblob(32) WHERE (episode_id, seq) IN {LAST}"]),
    "one cause has two entries": ("doubled", [*COPIED, CAUSE_TWICE]),
    "a notice stands there twice": ("doubled", [AGAIN]),
    "a notice is lost": ("lost", ["DELETE FROM notice WHERE rung = 0"]),
    "the alarm is another": ("proof", ["UPDATE episode SET next_due_at = next_due_at + 1"]),
    "an open thing is gone": ("proof", ["DELETE FROM item"]),
}  # fmt: skip


@pytest.mark.parametrize("how", DOCTORED)
def test_a_store_that_was_doctored_is_found_out(place: Place, how: str) -> None:
    what, statements = DOCTORED[how]
    place.sql(*statements)
    assert what in place.found()


def test_what_waits_in_the_outbox_is_not_delivered(place: Place) -> None:
    place.sql(
        "INSERT INTO outbox (episode_id, key, route, since, next_try_at, attempts, lease_token)"
        " SELECT episode_id, key, 'post', 0, 0, 0, 0 FROM notice LIMIT 1"
    )
    assert place.found() == {"lost"}


def test_what_fires_late_is_found_unless_something_excuses_it(place: Place) -> None:
    place.moved = 60.0
    assert place.found() == {"late"}
    place.outages = [Outage("cut database", 0.0, 1e12, True)]
    assert place.found() == set()
    place.outages = [Outage("cut broker", 0.0, 1e12, False)]
    assert place.found() == {"late"}


def test_a_wall_that_was_moved_and_told_to_nobody_is_found(place: Place) -> None:
    place.outages = [Outage("move wall", 0.0, 1.0, True)]
    assert place.found() == {"silent"}
    with opened(place.folder) as system:
        system.pulse.alarm("clock-jumped", system.pulse.look().wall)
    assert place.found() == set()


def test_what_fires_early_is_found(place: Place) -> None:
    place.moved = -60 * 60
    assert place.found() == {"early"}


def test_what_was_due_and_did_not_fire_is_found(place: Place) -> None:
    place.ahead = timedelta(days=365)
    assert place.found() == {"lost"}


def test_an_answer_without_its_entry_is_found(place: Place) -> None:
    place.asked.append(command("record", place.asked[0].episode_id, "another", 4))
    assert place.found() == {"lost"}


def test_an_answer_that_names_another_entry_is_found(place: Place) -> None:
    place.asked[1] = replace(place.asked[1], seq=3)
    assert place.found() == {"doubled"}


def test_an_entry_that_nobody_asked_for_is_found(place: Place) -> None:
    del place.asked[1]
    assert place.found() == {"invented"}


def test_a_command_that_was_refused_and_done_all_the_same_is_found(place: Place) -> None:
    place.asked[1] = replace(place.asked[1], status=409, seq=0, code="changed")
    assert place.found() == {"invented"}


def test_a_command_without_an_answer_may_have_its_entry(place: Place) -> None:
    place.asked[1] = replace(place.asked[1], status=None, seq=0)
    assert place.found() == set()


def told(rung: int, hour: int = 0) -> Told:
    at = datetime(2026, 3, 2, hour, tzinfo=UTC)
    return Told("task#a/1", rung, "clinician", at, at)


RUNGS: list[tuple[list[Told], set[str]]] = [
    ([told(0), told(1, 1), told(2, 2), told(0, 3), told(1, 4)], set()),
    ([told(0), told(1, 1), told(1, 1)], {"doubled", "order"}),
    ([told(0), told(2, 1)], {"order"}),
    ([told(1)], {"order"}),
    ([told(0), told(1, 1), told(1, 2)], {"order"}),
]


@pytest.mark.parametrize(("rungs", "found"), RUNGS)
def test_a_rung_that_is_told_twice_or_passed_over_is_found(place: Place, rungs: list[Told], found: set[str]) -> None:
    assert judged(place, lambda checker: checker._rungs("e", rungs)) == found


def test_a_command_that_goes_before_a_timer_is_found(place: Place) -> None:
    def out_of_turn(checker: Checker) -> None:
        first, second, *_ = checker._entries(place.asked[0].episode_id)
        checker._timers("e", [replace(first, next_due_at=datetime(2026, 3, 2, tzinfo=UTC)), second])

    assert "order" in judged(place, out_of_turn)


def judged(place: Place, look: Callable[[Checker], Any]) -> set[str]:
    with opened(place.folder) as system, history(place.folder) as kept:
        checker = Checker(system, kept, {}, datetime(2026, 1, 1, tzinfo=UTC))
        look(checker)
        return {each.what for each in checker._verdict.findings}
