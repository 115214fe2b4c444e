"""Goal: what is due fires once, in batches, at a time that can be trusted; what fails alone holds up nobody."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from orchestrator.audit.seal import instant
from orchestrator.clock import VirtualClock
from orchestrator.errors import StoreError
from orchestrator.service.desk import Desk
from orchestrator.service.firing import Firing
from orchestrator.service.ports import Change
from orchestrator.service.pulse import Pulse
from orchestrator.store.opening import open_throwaway
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.types import from_micros
from tests.contract.conftest import System, system, whole, with_something_due
from tests.factories import HOUR, T0, enrolment, record
from tests.letterbox import Everything

T = TypeVar("T")


def test_what_is_due_fires_once_in_batches(sut: System) -> None:
    ids = [sut.enrolments.enrol(enrolment(str(n))).episode_id for n in range(5)]
    for hours, episode_id in enumerate(ids, 1):
        sut.handlers.execute(record(episode_id, alarm=str(hours)))
    assert sut.queries.next_alarm() == T0 + HOUR
    assert sut.firing.fire_due()[:3] == (0, 0, False)
    sut.clock.advance(3 * HOUR)
    first = sut.firing.fire_due(2)
    assert (first[:3], first.late, first.failed) == ((2, 0, True), (2 * HOUR, HOUR), False)
    assert sut.firing.fire_due(2)[:3] == (1, 0, False)
    assert sut.firing.fire_due(2)[:3] == (0, 0, False)
    assert sut.queries.next_alarm() == T0 + 4 * HOUR
    assert all(whole(sut, episode_id) for episode_id in ids)


def test_nothing_fires_at_a_time_that_cannot_be_trusted(sut: System) -> None:
    (episode_id,) = with_something_due(sut, 1)
    assert sut.firing.fire_due(sound=lambda _: False)[:3] == (0, 0, False)
    assert sut.queries.show(episode_id)["seq"] == 2
    assert sut.firing.fire_due(sound=lambda _: True).fired == 1


def test_an_episode_that_fails_alone_is_set_aside_and_told_and_holds_up_nobody(sut: System) -> None:
    ids = with_something_due(sut)
    sut.engine.poisoned = {ids[1]}
    done = sut.firing.fire_due()
    assert (done[:3], done.late, done.failed) == ((2, 1, True), (HOUR, HOUR), True)
    assert sut.firing.fire_due()[:3] == (0, 0, False)
    assert sut.queries.next_alarm() is None
    rows = sut.queries.inbox().rows
    told = ((row["role"], row["ward"], row["kind"], row["name"]) for row in rows if row["episode_id"] == ids[1])
    assert sorted(told) == [
        ("administrator", "w-1", "set-aside", "Ambiguous"),
        ("lead", "w-1", "set-aside", "Ambiguous"),
    ]
    shown = sut.queries.show(ids[1])
    assert shown["set_aside_until"] is not None
    assert shown["seq"] == 2
    with sut.store.change() as change:  # its time has come
        change.set_aside(ids[1], T0 - timedelta(days=9999), 1)
    assert sut.queries.next_alarm() == T0 + HOUR
    assert sut.firing.fire_due()[:3] == (0, 1, True)
    sut.engine.poisoned = set()
    assert sut.handlers.execute(record(ids[1], a=1)).seq == 4
    assert sut.queries.show(ids[1])["set_aside_until"] is None
    assert all(whole(sut, episode_id) for episode_id in ids)


@pytest.fixture
def timed() -> Iterator[System]:
    """A system by whose clock the wall goes too: who is set aside is so by the wall."""
    clock = VirtualClock(T0)
    store, ring = open_throwaway(clock, clock)
    yield system(store, ring, clock)
    store.close()


def aside(sut: System, episode_id: str) -> tuple[datetime, int]:
    """Return until when an episode is set aside, as it stands in the store, and how often it has failed."""
    with sut.store.read() as reader:
        asked = f"SELECT set_aside_until, attempts FROM episode WHERE episode_id = '{episode_id}'"
        until, attempts = reader._sql.exec_driver_sql(asked).one()
    return from_micros(until), attempts


def owners_told(sut: System) -> list[str]:
    return sorted(row["role"] for row in sut.queries.inbox().rows if row["kind"] == "set-aside")


def test_who_fails_again_and_again_is_tried_less_and_less_often_and_each_failure_is_told(timed: System) -> None:
    (episode_id,) = with_something_due(timed, 1)
    timed.engine.poisoned, failures, waited = {episode_id}, 9, []
    for failure in range(1, failures + 1):
        assert timed.firing.fire_due()[:2] == (0, 1)
        assert timed.firing.fire_due()[:2] == (0, 0), "not in the same moment"
        until, attempts = aside(timed, episode_id)
        assert attempts == failure
        waited.append((until - timed.clock.now()) / timedelta(minutes=1))
        timed.clock.set(until)
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert owners_told(timed) == ["administrator"] * failures + ["lead"] * failures
    told = {(row["due_at"], row["late"]) for row in timed.queries.inbox().rows if row["kind"] == "set-aside"}
    assert told == {(instant(T0 + HOUR), True)}, "it is told since when something was due"


def test_who_has_failed_for_months_is_tried_each_hour_still(timed: System) -> None:
    (episode_id,) = with_something_due(timed, 1)
    timed.engine.poisoned = {episode_id}
    with timed.store.change() as change:
        change.set_aside(episode_id, timed.clock.now(), 5000)
    assert timed.firing.fire_due()[:2] == (0, 1)
    assert aside(timed, episode_id) == (timed.clock.now() + HOUR, 5001)


def test_a_patient_whose_key_is_gone_holds_up_nobody(sut: System) -> None:
    ids = failing_with_others(sut)
    sut.engine.poisoned = set()
    his = f"SELECT patient_id FROM episode WHERE episode_id = '{ids[0]}'"
    sut.sql(f"UPDATE patient SET wrapped_key = NULL WHERE patient_id = ({his})")
    assert sut.firing.fire_due()[:2] == (2, 1)
    assert {row["role"] for row in sut.queries.inbox().rows if row["episode_id"] == ids[0]} == {"administrator", "lead"}


@pytest.mark.parametrize("number", [1, 5])
def test_what_has_fired_is_set_aside_no_more_and_its_failures_are_forgotten(sut: System, number: int) -> None:
    ids = with_something_due(sut, number)
    with sut.store.change() as change:
        for episode_id in ids:
            change.set_aside(episode_id, T0 - timedelta(days=9999), 3)
    assert sut.firing.fire_due()[:2] == (number, 0)
    with sut.store.read() as reader:
        rows = [reader.episode(episode_id) for episode_id in ids]
    assert [row and (row.set_aside_until, row.attempts) for row in rows] == [(None, 0)] * number


class Astray(Everything):
    """A directory that fails for whatever is told of episodes that are set aside."""

    def __init__(self, error: Exception) -> None:
        super().__init__("a")
        self._error = error

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> Sequence[str]:
        if kind == "set-aside":
            raise self._error
        return super().routes(kind, role, ward, at)


def failing_with_others(sut: System) -> list[str]:
    """Enrol three patients with something due, and return their episodes; the timers of the first one fail."""
    ids = with_something_due(sut)
    sut.engine.poisoned = {ids[0]}
    return ids


def test_an_episode_of_which_nobody_outside_can_be_told_is_set_aside_too(sut: System) -> None:
    sut.desk.directory = Astray(KeyError("a defect"))
    ids = failing_with_others(sut)
    assert sut.firing.fire_due()[:2] == (2, 1)
    assert sut.queries.next_alarm() is None
    rows = [row for row in sut.queries.inbox().rows if row["episode_id"] == ids[0]]
    assert sorted((row["role"], row["kind"]) for row in rows) == [("administrator", "set-aside"), ("lead", "set-aside")]
    assert {each.notice.episode_id for each in sut.deliveries.outgoing()} == {*ids[1:]}


def test_what_a_store_does_not_take_is_set_aside_later(sut: System) -> None:
    sut.desk.directory = Astray(StoreError("the store is gone"))
    failing_with_others(sut)
    with pytest.raises(StoreError):
        sut.firing.fire_due()
    assert sut.queries.next_alarm() == T0 + HOUR
    sut.desk.directory = Everything("a")
    assert sut.firing.fire_due()[:2] == (2, 1)


def test_what_a_clock_that_stood_ahead_set_aside_is_tried_at_once(sut: System) -> None:
    (episode_id,) = with_something_due(sut, 1)
    with sut.store.change() as change:
        change.set_aside(episode_id, change.times().wall + timedelta(days=365), 1)
    assert sut.queries.next_alarm() == T0 + HOUR
    assert sut.firing.fire_due().fired == 1


@pytest.mark.parametrize(
    ("micros", "written", "read"),
    [
        (2**63 - 1, "infinity", "9999-12-31T00:00:00.000000Z"),
        (-(2**63), "-infinity", "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_what_somebody_wrote_beyond_the_calendar_holds_up_nobody(
    sut: System, micros: int, written: str, read: str
) -> None:
    sut.desk.directory = Everything("a")
    ids = [sut.enrolments.enrol(enrolment(str(n))).episode_id for n in range(2)]
    for episode_id in ids:
        sut.handlers.execute(record(episode_id, alarm="1"))
    beyond = f"'{written}'" if isinstance(sut.store, PostgresStore) else str(micros)
    sut.sql(f"UPDATE episode SET set_aside_until = {beyond} WHERE episode_id = '{ids[0]}'")
    assert sut.queries.show(ids[0])["set_aside_until"] == read
    sut.clock.advance(2 * HOUR)
    assert sut.queries.next_alarm() == T0 + HOUR
    assert sut.firing.fire_due()[:2] == (2, 0)
    sut.sql(f"UPDATE outbox SET next_try_at = {beyond} WHERE episode_id = '{ids[0]}'")
    assert len(sut.deliveries.outgoing()) == len(sut.deliveries.take()) == 2


@pytest.mark.parametrize("column", ["at", "next_due_at"])
def test_a_row_that_no_program_wrote_holds_up_nobody_and_is_told(
    sut: System, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = with_something_due(sut)
    beyond = "'-infinity'" if isinstance(sut.store, PostgresStore) else str(-(2**62))
    sut.sql(f"UPDATE episode SET {column} = {beyond} WHERE episode_id = '{ids[1]}'")
    firing = sut.firing
    assert firing.fire_due()[:2] == (2, 1)
    told = [
        (row["episode_id"], row["role"], row["name"]) for row in sut.queries.inbox().rows if row["kind"] != "reminder"
    ]
    assert sorted(told) == [(ids[1], "administrator", "StoreDamaged"), (ids[1], "lead", "StoreDamaged")]
    assert firing.fire_due()[:3] == (0, 0, False)
    assert Pulse(sut.desk).look().next_alarm is None
    events = [getattr(each, "event", "") for each in caplog.records]
    assert (events.count("store-damaged"), events.count("set-aside")) == (1, 1)
    sut.sql(f"UPDATE episode SET {column} = enrolled_at, set_aside_until = NULL WHERE episode_id = '{ids[1]}'")
    assert firing.fire_due()[:3] == (1, 0, False)
    assert not firing.damaged


def test_who_cannot_be_read_is_tried_less_and_less_often_and_told_of_once_an_hour(timed: System) -> None:
    ids, firing, tried = with_something_due(timed), timed.firing, list[int]()
    timed.sql(f"UPDATE episode SET next_due_at = {-(2**62)} WHERE episode_id = '{ids[1]}'")
    for minute in (0, 1, 2, 3, 6, 7, 14, 15, 30, 31, 62, 63, 122, 123):
        timed.clock.set(T0 + 2 * HOUR + timedelta(minutes=minute))
        if firing.fire_due().set_aside:
            tried.append(minute)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123]
    assert aside(timed, ids[1]) == (T0 + 5 * HOUR + timedelta(minutes=3), len(tried)), "who looks there sees it too"
    assert owners_told(timed) == ["administrator"] * 3 + ["lead"] * 3


def test_those_of_a_batch_that_failed_fire_at_no_time_that_was_moved_meanwhile(sut: System) -> None:
    ids = with_something_due(sut)
    sut.engine.poisoned = {ids[0]}
    trusted = iter([True, True])
    assert sut.firing.fire_due(sound=lambda _: next(trusted, False))[:2] == (0, 1)
    assert [len(sut.queries.timeline(each)) for each in ids] == [2, 2, 2]
    assert sut.firing.fire_due(sound=lambda _: True)[:2] == (2, 0)


class Overtaken(Desk):
    """A desk at which somebody else's work comes in before the second transaction."""

    def __init__(self, desk: Desk, work: Callable[[], object]) -> None:
        super().__init__(desk.store, desk.keyring, desk.shelf, desk.engine)
        self._before: list[Callable[[], object]] = [lambda: None, work]

    def transact(self, work: Callable[[Change], T]) -> T:
        if self._before:
            self._before.pop(0)()
        return super().transact(work)


def test_what_a_command_has_fired_since_a_batch_failed_does_not_fire_again(sut: System) -> None:
    first, second, _ = failing_with_others(sut)
    desk = Overtaken(sut.desk, lambda: sut.handlers.execute(record(second, alarm="9")))
    assert Firing(desk).fire_due()[:2] == (1, 1)
    assert [entry["cause"] for entry in sut.queries.timeline(second)] == ["enrol", "record", "tick", "record"]
    assert len(sut.queries.timeline(first)) == 2
