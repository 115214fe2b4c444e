"""Goal: who stands still with a lock in hand holds up what is locked, and no other patient's timers.

A process may stand still at any moment, a paused machine's with all of its own; the database takes its locks away after
a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from orchestrator.cli import valkey
from orchestrator.errors import StoreBusy
from orchestrator.store import opening
from tests.contract.conftest import System
from tests.factories import HOUR, enrolment, record
from tests.integration.conftest import on
from tests.integration.installation import installed
from workers.clock import Ticker


@pytest.fixture(autouse=True)
def in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no lock for long."""
    monkeypatch.setattr(opening, "_LOCK_WAIT_S", 0.05)


@pytest.fixture
def sut(database: str, tmp_path: Path) -> Iterator[System]:
    made = on(database, tmp_path)
    yield made
    made.store.close()


@contextmanager
def held(database: str, rows: str) -> Iterator[None]:
    """Hold rows, and go no further."""
    with psycopg.connect(database.replace("+psycopg", "")) as other:
        other.execute(f"SELECT 1 FROM {rows} FOR NO KEY UPDATE")
        yield


def due(sut: System, *numbers: int) -> list[str]:
    """Enrol patients each of whom has a timer that is due, and an open thing that it changes."""
    ids = [sut.enrolments.enrol(enrolment(str(each))).episode_id for each in numbers]
    for each in ids:
        sut.handlers.execute(record(each, alarm="1"))
    sut.clock.advance(2 * HOUR)
    return ids


def fired(sut: System, episode_id: str) -> int:
    return sum(entry["cause"] == "tick" for entry in sut.queries.timeline(episode_id))


def test_what_is_held_of_two_episodes_keeps_no_other_from_firing(database: str, sut: System) -> None:
    ids = due(sut, *range(5))
    with held(database, f"item WHERE episode_id IN ('{ids[1]}', '{ids[3]}')"):
        done = sut.firing.fire_due()
        assert (done[:3], done.failed) == ((3, 0, True), True)
        assert sut.firing.fire_due()[:3] == (0, 0, False)
        ids += due(sut, 5)  # behind the two, which are due for longer
        assert sut.firing.fire_due()[:3] == (1, 0, True)
        assert [fired(sut, each) for each in ids] == [1, 0, 1, 0, 1, 1]
        assert not sut.queries.inbox(roles=("administrator",)).rows, "nobody's alarm has failed"
    assert sut.firing.fire_due()[:3] == (2, 0, False)
    assert [fired(sut, each) for each in ids] == [1] * 6


def test_many_are_held_and_each_other_one_between_them_fires(database: str, sut: System) -> None:
    ids = [each for number in range(9) for each in due(sut, number)]  # at different times, so in this order
    together = "', '".join(ids[1::2])
    with held(database, f"item WHERE episode_id IN ('{together}')"):
        assert sut.firing.fire_due()[:3] == (5, 0, True)
    assert [fired(sut, each) for each in ids] == [1, 0, 1, 0, 1, 0, 1, 0, 1]


def test_where_everything_is_held_it_is_the_store_that_is_busy(database: str, sut: System) -> None:
    ids = due(sut, *range(9))
    with held(database, "item"), pytest.raises(StoreBusy):
        sut.firing.fire_due()
    assert sut.firing.fire_due().fired == len(ids)


class Deaf:
    """A broker that is down."""

    def fire(self) -> bool:
        return False

    deliver = fire


def test_a_clock_fires_though_it_cannot_note_what_time_it_has_seen(
    postgres_database: str, tmp_path: Path, redis_server: valkey.Valkey
) -> None:
    with installed("postgres", tmp_path, redis_server, postgres_database) as place:
        episode = place.enrol()
        ticker = Ticker(place.system, Deaf())
        with held(postgres_database, "store_info"), pytest.raises(StoreBusy):
            ticker.tick()
        assert place.once(episode)
