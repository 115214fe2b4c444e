"""Can the wall's time be trusted? It keeps step with time that passes evenly, and never stands before what was seen.

Each process that fires has a Trust of its own, whose threads share it.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from orchestrator.clock import Clock
from orchestrator.service.pulse import MOST_DRIFT, Look

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

        The wall was read at some moment between them: a process that stood still there has seen no jump.
        """
        with self._lock:
            if self._then is None:
                if self._differs(look, ended - began):
                    self._born = None  # one of the two was wrong: when they agree again, that tells more
                    return "clocks-differ"
                if self._leapt():
                    return "clock-jumped"
                self._then = began, ended, look.wall
            if not _in_step(self._then, look.wall, began, ended):
                return "clock-jumped"
            if look.seen_at is not None and look.wall < look.seen_at - MOST_DRIFT:
                return "clock-behind"
            if began - self._then[1] > REMEMBER_SECONDS:
                self._then = began, ended, look.wall
            return None

    def holds(self, wall: datetime, began: float, ended: float) -> bool:
        """Tell whether a wall time keeps step with what was trusted; began, ended: as for `fault`, asked before."""
        with self._lock:
            return self._then is not None and _in_step(self._then, wall, began, ended)

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


def _in_step(then: tuple[float, float, datetime], wall: datetime, began: float, ended: float) -> bool:
    then_began, then_ended, then_wall = then
    least, most = timedelta(seconds=began - then_ended), timedelta(seconds=ended - then_began)
    return least - MOST_DRIFT <= wall - then_wall <= most + MOST_DRIFT
