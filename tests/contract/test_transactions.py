"""Goal: two at once both land in order; a failure at any point leaves nothing half-written."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import Conflict
from orchestrator.service.handlers import Answer
from orchestrator.service.rows import Write
from orchestrator.store.sqlite import SqliteChange
from tests.contract.conftest import System
from tests.factories import HOUR, enrolment, record

TABLES = (
    "patient", "patient_identifier", "open_enrolment", "episode", "entry", "log_pending", "item", "outbox", "notice",
    "delivery", "pathway_version", "pathway_release",
)  # fmt: skip


class Crash(Exception):
    """The process ends here."""


def contents(sut: System) -> dict[str, list[str]]:
    with sut.store.change() as change:
        return {
            table: sorted(str(tuple(row)) for row in change._sql.exec_driver_sql(f"SELECT * FROM {table}"))
            for table in TABLES
        }


def together(*work: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, all released at once; return what each returned or raised."""
    gate = threading.Barrier(len(work))
    results: list[Any] = [None] * len(work)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = work[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_commands_at_once_on_one_episode_all_land_in_order(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id

    def many(who: int) -> Callable[[], list[Answer]]:
        return lambda: [sut.handlers.execute(record(episode_id, who=who, n=n)) for n in range(20)]

    results = together(many(1), many(2), many(3))
    seqs = [answer.seq for each in results for answer in each]
    assert sorted(seqs) == list(range(2, 62))
    assert [entry["seq"] for entry in sut.queries.timeline(episode_id)] == list(range(1, 62))
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal


def test_the_same_request_at_once_is_one_entry(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    results = together(*[lambda: sut.handlers.execute(record(episode_id, key="k", a=1))] * 4)
    assert sorted((each.seq, each.repeated) for each in results) == [(2, False), (2, True), (2, True), (2, True)]


def test_two_enrolments_of_one_new_patient_at_once_are_one(sut: System) -> None:
    results = together(*[lambda: sut.enrolments.enrol(enrolment("7"))] * 3)
    assert sum(isinstance(each, Conflict) for each in results) == 2
    assert len(contents(sut)["patient"]) == 1


def test_the_same_enrolment_at_once_is_one(sut: System) -> None:
    results = together(*[lambda: sut.enrolments.enrol(enrolment(key="k"))] * 3)
    assert len({each.episode_id for each in results}) == 1
    assert sorted(each.repeated for each in results) == [False, True, True]


def test_firing_at_once_fires_each_alarm_once(sut: System) -> None:
    ids = [sut.enrolments.enrol(enrolment(str(n))).episode_id for n in range(20)]
    for episode_id in ids:
        sut.handlers.execute(record(episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)

    def drain() -> int:
        return sum(iter(lambda: sut.firing.fire_due(3).fired, 0))

    assert sum(together(drain, drain, drain)) == 20
    assert len(contents(sut)["notice"]) == 20
    assert {sut.queries.show(episode_id)["seq"] for episode_id in ids} == {3}


@pytest.mark.parametrize("point", ["claim", "decide", "save", "after save"])
def test_a_crash_while_firing_leaves_nothing_half_written(
    sut: System, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    before = contents(sut)
    with monkeypatch.context() as patch:
        crash_at(sut, point, patch)
        with pytest.raises(Crash):
            sut.desk.transact(lambda change: sut.firing._fire_batch(change, 10, []))
    assert contents(sut) == before
    assert sut.firing.fire_due().fired == 1
    assert sut.audit.replay(episode_id).equal


@pytest.mark.parametrize("point", ["decide", "save", "after save"])
def test_a_crash_in_a_command_leaves_nothing_half_written(
    sut: System, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    before = contents(sut)
    with monkeypatch.context() as patch:
        crash_at(sut, point, patch)
        with pytest.raises(Crash):
            sut.handlers.execute(record(episode_id, key="k", a=1))
    assert contents(sut) == before
    assert sut.handlers.execute(record(episode_id, key="k", a=1)).seq == 2


@pytest.mark.parametrize("method", ["add_patient", "add_identifiers", "keep_pathway", "add_episode"])
def test_a_crash_while_enrolling_leaves_nothing_half_written(
    sut: System, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(sut)
    with sut.store.change() as change:
        kind = type(change)
    real = getattr(kind, method)

    def crash(*args: object) -> None:
        real(*args)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(kind, method, crash)
        with pytest.raises(Crash):
            sut.enrolments.enrol(enrolment(key="k"))
    assert contents(sut) == before
    assert not sut.enrolments.enrol(enrolment(key="k")).repeated


def crash_at(sut: System, point: str, patch: pytest.MonkeyPatch) -> None:
    """Let the process end at a point of the one write path."""
    with sut.store.change() as change:
        kind = type(change)
    real_save: Callable[..., None] = kind.save
    real_claim: Callable[..., object] = kind.claim_due

    def crash(*_: object, **__: object) -> None:
        raise Crash

    def after_save(change: SqliteChange, writes: list[Write]) -> None:
        real_save(change, writes)
        raise Crash

    def after_claim(change: SqliteChange, limit: int) -> None:
        real_claim(change, limit)
        raise Crash

    match point:
        case "claim":
            patch.setattr(kind, "claim_due", after_claim)
        case "decide":
            patch.setattr(sut.engine, "decide", crash)
        case "save":
            patch.setattr(kind, "save", crash)
        case _:
            patch.setattr(kind, "save", after_save)
