"""Goal: a minute late is a banner, so is a store that says nothing for a minute, and both go away by themselves."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from orchestrator.clock import VirtualClock
from orchestrator.errors import StoreError
from orchestrator.service.lookout import UNREADABLE, Banner, Lookout
from orchestrator.service.pulse import OVERDUE, Look, Pulse

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


class SmallPulse:
    """What a lookout asks. told: since when something was late, each time that it was told."""

    def __init__(self, wall: VirtualClock) -> None:
        self._wall, self.due, self.broken = wall, T0, False
        self.told: list[datetime] = []

    def look(self) -> Look:
        if self.broken:
            raise StoreError("the database cannot be reached")
        return Look(self._wall.now(), self._wall.now(), self.due, None)

    def tell_overdue(self, since: datetime, look: Look) -> None:
        self.told.append(since)


class Bench:
    """A lookout, and the time that passes for it."""

    def __init__(self, speed: int = 1) -> None:
        self.wall = VirtualClock(T0)
        self.pulse, self.sent = SmallPulse(self.wall), 0
        pulse = cast(Pulse, self.pulse)
        self.lookout = Lookout(pulse, speed, self._send, wall=self.wall, elapsed=self._even)

    def _even(self) -> float:
        return (self.wall.now() - T0).total_seconds()

    def _send(self) -> None:
        self.sent += 1

    def after(self, seconds: float) -> Banner | None:
        """Look when so much time has passed since the beginning; return what there is to be seen."""
        self.wall.set(T0 + timedelta(seconds=seconds))
        with suppress(StoreError):
            self.lookout.turn()
        return self.lookout.banner


@pytest.mark.parametrize(("speed", "late"), [(1, 60), (3600, 216_000)])
def test_over_a_minute_of_the_wall_is_late(speed: int, late: int) -> None:
    bench = Bench(speed)
    bench.pulse.due = T0 - timedelta(seconds=late)
    assert bench.after(0) is None
    bench.pulse.due -= timedelta(seconds=speed)
    assert bench.after(0) == Banner(OVERDUE, bench.pulse.due)
    assert (bench.pulse.told, bench.sent) == ([bench.pulse.due], 1)


def test_it_goes_away_by_itself() -> None:
    bench = Bench()
    assert bench.after(61) == Banner(OVERDUE, T0)
    bench.pulse.due = T0 + timedelta(hours=1)
    assert bench.after(66) is None
    assert bench.sent == 1


def test_a_store_that_cannot_be_read_for_a_minute_is_told_since_when() -> None:
    bench = Bench()
    bench.pulse.due = T0 + timedelta(hours=1)
    assert bench.after(10) is None
    bench.pulse.broken = True
    assert bench.after(15) is None
    assert bench.after(71) == Banner(UNREADABLE, T0 + timedelta(seconds=10))
    bench.pulse.broken = False
    assert bench.after(75) is None


def test_a_store_that_hangs_is_told_although_no_look_ever_ends() -> None:
    bench = Bench()
    bench.wall.set(T0 + timedelta(seconds=61))
    assert bench.lookout.banner == Banner(UNREADABLE, T0)


def test_what_cannot_be_told_is_still_shown() -> None:
    bench = Bench()

    def failing() -> None:
        raise StoreError("no mail today")

    bench.lookout._send = failing
    assert bench.after(61) == Banner(OVERDUE, T0)
