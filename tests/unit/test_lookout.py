"""Goal: a minute late is a banner, so is a store that says nothing for a minute, and both go away by themselves."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from orchestrator.bootstrap import lookout, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.config import default_workflows
from orchestrator.episode.commands import Actor
from orchestrator.errors import StoreError
from orchestrator.notify.channel import Message, Result, Sent
from orchestrator.notify.post import Post, Way
from orchestrator.service.deliveries import LEASE_SECONDS
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.lookout import UNREADABLE, Banner, Lookout
from orchestrator.service.pulse import OVERDUE, Look, Pulse
from tests.letterbox import Everything

PATHWAY = "post-viral-cerebellar-demyelination"
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


class Hanging:
    """A gateway that takes a connection and says no more: a quarter of a minute for each message."""

    name = "hanging"

    def __init__(self, wall: VirtualClock) -> None:
        self._wall, self.tries = wall, 0

    def send(self, message: Message, to: str) -> Sent:
        self.tries += 1
        self._wall.advance(timedelta(seconds=15))
        return Sent(Result.PASSING, "timeout")


def test_a_gateway_that_hangs_does_not_pass_for_a_store_that_cannot_be_read() -> None:
    wall = VirtualClock(T0)
    routes = [f"route-{number}" for number in range(10)]
    hanging = Hanging(wall)

    def even() -> float:
        return (wall.now() - T0).total_seconds()

    with throwaway_system(default_workflows(), wall, wall) as opened:
        who = (Identifier("mrn", "1"),)
        opened.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "Europe/London", Actor("c-1", "clinician"), "k"))
        opened.desk.directory = Everything(*routes)
        post = Post({name: Way(hanging, name) for name in routes})
        looking = lookout(replace(opened, post=post, elapsed=even))
        wall.advance(timedelta(hours=2))
        looking.turn()
        assert hanging.tries > 0
        assert looking.banner is not None
        assert looking.banner.code == OVERDUE
        before = wall.now()
        looking.turn()
        assert wall.now() - before < timedelta(seconds=LEASE_SECONDS), "else others would send the same"
