"""Goal: nothing fires, in clock or worker, at a time that cannot be trusted; what is trusted is remembered."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

import pytest

from orchestrator.bootstrap import watch_time
from orchestrator.clock import HostClock, VirtualClock
from orchestrator.service.firing import Fired, Firing, Sound
from orchestrator.service.pulse import Look, Pulse
from tests.integration.installation import Installation, until
from tests.integration.test_clock import Ears, place
from tests.unit.test_docs import OPERATIONS, read
from workers.clock import LONGEST_SLEEP_SECONDS, Ticker
from workers.fire import work

__all__ = ["place"]


@pytest.mark.parametrize("jump", [-3600.0, -6.0, 6.0, 3600.0])
def test_a_clock_that_was_moved_holds_all_firing_and_calls_for_people(place: Installation, jump: float) -> None:
    ears, moved = Ears(), [0.0]  # by its even clock, the wall is moved back by so much
    ticker = Ticker(replace(place.system, elapsed=lambda: monotonic() + moved[0]), ears)
    ticker.tick()
    episode = place.enrol()
    moved[0] = jump
    assert ticker.tick() == LONGEST_SLEEP_SECONDS
    assert place.fired(episode) == 0
    ticker.tick()
    alarms = [(row["kind"], row["name"], row["role"]) for row in place.inbox("")]
    assert sorted(alarms) == [("clock", "clock-jumped", "administrator"), ("clock", "clock-jumped", "lead")]
    assert ears.delivers > 0, "a worker is asked to send the call while firing is held"
    moved[0] = 0.5  # set right again
    ticker.tick()
    assert place.once(episode)


def test_a_clock_that_stood_still_while_the_wall_was_moved_fires_nothing_on_its_word(place: Installation) -> None:
    even, moves = [1000.0], [-3600.0]  # by its even clock, the wall is moved on between look and claim

    class Slow(Firing):
        def fire_due(self, limit: int = 1, sound: Sound | None = None) -> Fired:
            even[0] += moves.pop() if moves else 0.0
            return super().fire_due(limit, sound)

    slow = replace(place.system, firing=Slow(place.system.desk), elapsed=lambda: even[0])
    ticker = Ticker(slow, Ears(deaf=True))
    episode = place.enrol()
    ticker.tick()
    assert not moves
    assert place.fired(episode) == 0
    even[0] += 3600.0  # set right again
    ticker.tick()
    assert place.once(episode)


class Off(HostClock):
    """A machine's clock that is ahead by so many seconds, and runs as the right one does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


@pytest.mark.parametrize("seconds", [-3600.0, -6.0, 6.0, 3600.0])
def test_a_clock_that_is_started_while_the_stores_time_is_another_than_its_machines_holds_all_firing(
    place: Installation, seconds: float
) -> None:
    host = Off(seconds)
    ticker = Ticker(place.system, Ears(), host)
    episode = place.enrol()
    assert ticker.tick() == LONGEST_SLEEP_SECONDS
    assert place.fired(episode) == 0
    assert {row["name"] for row in place.inbox("")} == {"clocks-differ"}
    host.seconds = 0.0
    ticker.tick()
    assert place.once(episode)
    host.seconds = 3600.0  # from here on the passing of time tells enough
    ticker.tick()
    assert len(place.inbox("")) == 2


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_worker_leaves_firing_to_the_clocks_where_the_stores_time_is_another_than_its_machines(
    place: Installation, seconds: float
) -> None:
    episode = place.enrol()
    work(replace(place.system, host=Off(seconds)), Ears().deliver)
    assert place.fired(episode) == 0
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 1


def test_a_worker_leaves_firing_to_the_clocks_where_none_of_them_has_trusted_the_time_of_late(
    place: Installation,
) -> None:
    """On one machine a wall that was moved takes the store's with it, and a hint may have waited since before."""
    episode = place.enrol()
    place.sql("UPDATE store_info SET seen_at = {past}")
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 0
    place.system.pulse.saw(place.system.pulse.look().wall)
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 1


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_worker_fires_nothing_at_a_time_at_which_a_clock_would_hold(place: Installation, jump: float) -> None:
    """Its store and its machine may share one clock, and agree whatever somebody has set it to."""
    passed = [1000.0]
    system = replace(place.system, elapsed=lambda: passed[0])
    work(system, Ears().deliver)
    episode = place.enrol()
    passed[0] -= jump
    work(system, Ears().deliver)
    assert place.fired(episode) == 0
    passed[0] = 1000.0
    work(system, Ears().deliver)
    assert place.fired(episode) == 1


def test_a_worker_whose_time_jumps_before_the_claim_fires_nothing(place: Installation) -> None:
    moments = iter([1000.0] * 4)  # when it begins, before the look, after it, and within; from then on another time
    system = replace(place.system, elapsed=lambda: next(moments, 400.0))
    episode = place.enrol()
    work(system, Ears().deliver)
    assert place.fired(episode) == 0


def test_a_worker_knows_from_its_start_on_how_the_time_went(place: Installation) -> None:
    """Else its first job, after a quiet week, would trust whatever the wall shows by then."""
    passed = [1000.0]
    system = replace(place.system, elapsed=lambda: passed[0])
    episode = place.enrol()
    passed[0] -= 3600.0
    work(system, Ears().deliver)
    assert place.fired(episode) == 0


def test_a_worker_that_has_nothing_to_do_follows_how_the_time_goes(place: Installation) -> None:
    """Else what two machines' clocks part by in a quiet week would look like a jump."""
    watching = watch_time(place.system)
    passed = place.system.elapsed()
    until(lambda: place.system.trust.holds(HostClock().now(), passed, place.system.elapsed()), "the first look")
    watching.stop()


def test_a_clock_that_is_slow_or_fast_by_little_is_trusted(place: Installation) -> None:
    off = [0.0]
    ticker = Ticker(replace(place.system, elapsed=lambda: monotonic() + off[0]), Ears())
    for turn in range(10):
        off[0] = 4.0 * (turn % 2)
        ticker.tick()
    assert place.inbox("") == []


@pytest.mark.parametrize("columns", ["seen_at = {future}", "created_at = {future}, seen_at = NULL"])
def test_a_clock_before_what_the_store_has_seen_holds_all_firing_until_it_is_told_to_forget(
    place: Installation, columns: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By the very statement that the page of operations gives for when the machine's time is right."""
    episode, ticker = place.enrol(), Ticker(place.system, Ears())
    place.sql(f"UPDATE store_info SET {columns}")
    ticker.tick()
    assert place.fired(episode) == 0
    assert {row["name"] for row in place.inbox("")} == {"clock-behind"}
    assert "if it is right, the store was told a wrong time: Firing held, in operations.md" in caplog.text
    program = "sqlite3" if place.kind == "sqlite" else "psql"
    (forget,) = re.findall(rf'^{program} \S+ (?:-c )?"(UPDATE store_info .*?)"', read(OPERATIONS), re.MULTILINE)
    place.sql(forget)
    ticker.tick()
    assert place.once(episode)


def test_a_trusted_time_is_remembered_and_never_goes_back(place: Installation) -> None:
    place.sql("UPDATE store_info SET seen_at = {past}")
    Ticker(place.system, Ears()).tick()
    seen = place.system.pulse.look()
    assert seen.seen_at is not None
    assert (seen.wall - seen.seen_at).total_seconds() < 30
    place.system.pulse.saw(seen.wall.replace(year=2001))
    assert place.system.pulse.look().seen_at == seen.seen_at


def test_a_time_that_was_read_while_a_clock_stood_still_is_not_remembered(place: Installation) -> None:
    even, host = [1000.0], VirtualClock(HostClock().now())

    class Slow(Pulse):
        def look(self) -> Look:
            even[0] += 10.0
            host.advance(timedelta(seconds=10))
            return super().look()

    place.sql("UPDATE store_info SET seen_at = {past}")
    before = place.system.pulse.look()
    slow = replace(place.system, pulse=Slow(place.system.desk), elapsed=lambda: even[0])
    episode = place.enrol()
    Ticker(slow, Ears(), host).tick()
    assert place.fired(episode) == 1, "whoever stood still has seen no jump"
    assert place.system.pulse.look().seen_at == before.seen_at
