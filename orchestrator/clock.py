"""What time is it? One port and its adapters; nothing else reads a clock, and what decides is handed `now`.

The database's clock (PostgreSQL) is read in the same round trip as the lock, by `store`. All instants are aware and
in UTC.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_OF_ONE_MACHINE = {"localtime", "posixrules", "Factory", "posix", "right"}


class Clock(Protocol):
    """Answers what time it is."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class HostClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)


def is_zone(name: str) -> bool:
    """Tell whether a name may be chosen for a time zone: one of IANA's, which means the same on every machine.

    `localtime` is whatever a machine was set to, and the others that are refused are not on every machine or count leap
    seconds. What is on record under such a name is read all the same: ask this of new choices alone.
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return name.partition("/")[0] not in _OF_ONE_MACHINE


def elapsed() -> float:
    """Return seconds that pass evenly whoever sets the clock; those in which the machine was suspended count."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class VirtualClock:
    """A clock that moves when told: for scenarios and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant last set."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to an aware instant, in whichever direction."""
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move on by a duration."""
        self._now += by


class SimulatedClock:
    """A clock that starts at `start` when the wall shows `born`, and runs `factor` times as fast, for ever."""

    def __init__(self, start: datetime, factor: int, born: datetime, wall: Clock | None = None) -> None:
        self._start, self._factor, self._born = start.astimezone(UTC), factor, born
        self._wall = wall or HostClock()

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self.at(self._wall.now())

    def at(self, wall: datetime) -> datetime:
        """Return the simulated instant at a wall time."""
        return self._start + (wall - self._born) * self._factor
