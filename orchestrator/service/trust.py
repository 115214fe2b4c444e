"""Can the wall's time be trusted? It keeps step with time that passes evenly, and never stands before what was seen.

Each process that fires has a Trust of its own, whose threads share it.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from orchestrator.clock import Clock
from orchestrator.errors import TimeUntrusted
from orchestrator.service.ports import Reader
from orchestrator.service.pulse import MOST_DRIFT, Look
from orchestrator.service.rows import Times

_log = logging.getLogger(__name__)
_MOVED = (
    "the clock of this machine or of the database was moved by over 5 s, and nothing was recorded: work from paper, and"
    " have the clock set right; if it is right, restart API, clocks and workers"
)
REMEMBER_SECONDS = 30.0
"""How long one reading is what the next are held against: two machines' quartz may part by seconds in a week."""
LONGEST_UNSEEN = timedelta(minutes=1)
"""So far at most may the wall stand after what a clock has noted as trusted, which each does every half minute."""


class Trust:
    """Tells whether the wall clock can be trusted: it keeps step with monotonic time, and never stands before what was
    trusted already. At first it must agree with this machine's own clock, and that must have kept step since the
    process began: a store may have that same clock, and agree with it whatever somebody has set it to.

    host: this machine's wall clock.   elapsed: its seconds that pass evenly.
    """

    def __init__(self, host: Clock, elapsed: Callable[[], float]) -> None:
        self._host, self._elapsed = host, elapsed
        self._born: tuple[float, datetime] | None = (elapsed(), host.now())
        self._then: tuple[float, float, datetime] | None = None
        self._lock = threading.Lock()

    def fault(self, look: Look, began: float, ended: float) -> str | None:
        """Return what is wrong as a code, or None. began, ended: monotonic seconds before and after the look.

        The wall was read at some moment between them: a process that stood still there has seen no jump. What it read
        is not held against others then: it fits every time of a span in which somebody may have moved the wall.
        """
        with self._lock:
            if self._then is None:
                if self._differs(look, ended - began):
                    self._born = None  # one of the two was wrong: when they agree again, that tells more
                    return "clocks-differ"
                if self._leapt():
                    return "clock-jumped"
                if not is_clear(began, ended):
                    return None
                self._then = began, ended, look.wall
            if not _in_step(self._then, look.wall, began, ended):
                return "clock-jumped"
            if look.seen_at is not None and look.wall < look.seen_at - MOST_DRIFT:
                return "clock-behind"
            if began - self._then[1] > REMEMBER_SECONDS and is_clear(began, ended):
                self._then = began, ended, look.wall
            return None

    def holds(self, wall: datetime, began: float, ended: float) -> bool:
        """Tell whether a wall time keeps step with what was trusted; began, ended: as for `fault`, asked before."""
        with self._lock:
            return self._then is not None and _in_step(self._then, wall, began, ended)

    def contradicts(self, wall: datetime, at: float) -> bool:
        """Tell whether a wall time keeps no step with what was trusted. at: monotonic seconds, just after it was read.

        Where nothing was trusted yet nothing is contradicted.
        """
        with self._lock:
            return self._then is not None and not _in_step(self._then, wall, at, at)

    def _differs(self, look: Look, took: float) -> bool:
        """Tell whether the store's wall and this machine's part. took: seconds from before the look until now."""
        behind = self._host.now() - look.wall
        return not -MOST_DRIFT <= behind <= timedelta(seconds=took) + MOST_DRIFT

    def _leapt(self) -> bool:
        """Tell whether this machine's wall was moved since the process began."""
        if self._born is None:
            return False
        passed = timedelta(seconds=self._elapsed() - self._born[0])
        return abs(self._host.now() - self._born[1] - passed) > MOST_DRIFT


class Guard:
    """Keeps people's commands from a time that jumped: they would fire what is due by it, and plan by it.

    A time that a clock process has trusted of late is right: then it was this process that stood still.
    elapsed: seconds that pass evenly.
    """

    def __init__(self, trust: Trust, elapsed: Callable[[], float]) -> None:
        self._trust, self._elapsed = trust, elapsed

    def check(self, change: Reader, times: Times) -> None:
        """Raise TimeUntrusted unless a time that was just read under lock can be trusted."""
        if self._trust.contradicts(times.wall, self._elapsed()):
            _trusted_of_late(change, times)


def check_once(change: Reader, times: Times) -> None:
    """Do what a Guard does for a process that has only begun, and has no time of its own to hold others against.

    Where no clock process runs none has trusted any time of late, and nothing is known. Raises TimeUntrusted.
    """
    if any(each.role == "clock" for each in change.processes()):
        _trusted_of_late(change, times)


def _trusted_of_late(change: Reader, times: Times) -> None:
    seen = change.seen_at()
    if seen is None or not -MOST_DRIFT <= times.wall - seen <= LONGEST_UNSEEN:
        _log.error("a command is refused: the wall clock was moved", extra={"event": "time-untrusted"})
        raise TimeUntrusted(_MOVED)


def is_clear(began: float, ended: float) -> bool:
    """Tell whether a look was quick enough to say what time it was. began, ended: monotonic seconds."""
    return ended - began <= MOST_DRIFT.total_seconds()


def _in_step(then: tuple[float, float, datetime], wall: datetime, began: float, ended: float) -> bool:
    then_began, then_ended, then_wall = then
    least, most = timedelta(seconds=began - then_ended), timedelta(seconds=ended - then_began)
    return least - MOST_DRIFT <= wall - then_wall <= most + MOST_DRIFT
