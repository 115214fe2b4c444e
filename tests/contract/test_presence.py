"""Goal: a store knows which programs run on it, and is written in a newer format only when all of them read it."""

from datetime import timedelta

import pytest

from orchestrator.clock import HostClock
from orchestrator.episode import formats
from orchestrator.errors import NewerFormat
from orchestrator.service.presence import OlderRuns, Presence, Program, named
from orchestrator.service.rows import UNHEARD, ProcessRow
from tests.contract.conftest import System
from tests.factories import OPERATOR

pytestmark = pytest.mark.parametrize("sut", ["sqlite", "postgres"], indirect=True)


def presence(sut: System, version: str = "1.0.0") -> Presence:
    return Presence(sut.desk, Program(version, "0004"))


def older(sut: System, name: str, ago: timedelta) -> None:
    """Have a process of an older program run, that last said so a while ago."""
    with sut.store.change() as change:
        change.note_process(ProcessRow(name, "clock", "0.9.0", "0003", formats.OWN - 1, change.times().wall - ago))


def test_processes_say_that_they_run_until_they_end(sut: System) -> None:
    first, second = presence(sut), presence(sut)
    first.note("api")
    second.note("clock")
    second.note("clock")
    assert named(first.running()) == "1 api (1.0.0), 1 clock (1.0.0)"
    second.leave()
    assert named(first.running()) == "1 api (1.0.0)"


def test_an_upgrade_is_finished_when_no_older_program_runs(sut: System) -> None:
    sut.sql("UPDATE store_info SET format = 0")
    here = presence(sut)
    here.note("api")
    older(sut, "killed", UNHEARD + timedelta(seconds=1))
    older(sut, "running", timedelta(seconds=100))
    assert [row.process_id for row in here.older(here.running())] == ["running"]
    with pytest.raises(OlderRuns, match=rf"do not read format {formats.OWN}: 1 clock \(0.9.0\); replace them first"):
        here.finish(OPERATOR)
    assert here.unfinished()
    sut.sql("DELETE FROM process WHERE process_id = 'running'")
    assert here.finish(OPERATOR) == formats.OWN
    assert not here.unfinished()
    assert here.finish(OPERATOR) == formats.OWN
    with sut.store.read() as reader:
        told = [(row.by, row.kind, row.about) for row in reader.staff_records(0, 10)]
    assert told == [("o-1", "upgrade-finished", "")], "who did, once"


def test_who_is_not_heard_of_for_a_day_is_forgotten(sut: System) -> None:
    older(sut, "long ago", timedelta(days=2))
    presence(sut).note("api")
    with sut.store.read() as reader:
        assert reader._sql.exec_driver_sql("SELECT count(*) FROM process").scalar() == 1


def test_an_older_program_learns_that_it_is_one(sut: System) -> None:
    here = presence(sut)
    sut.sql(f"UPDATE store_info SET format = {formats.OWN + 1}")
    for ask in (lambda: here.note("api"), lambda: here.finish(OPERATOR)):
        with pytest.raises(NewerFormat, match="newer carepath"):
            ask()


def test_times_are_the_walls(sut: System) -> None:
    presence(sut).note("api")
    (row,) = presence(sut).running()
    assert abs(row.seen_at - HostClock().now()) < timedelta(minutes=1)
