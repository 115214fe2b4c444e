"""Can the store be used? Asked once a second at most, however many ask: whoever watches may be anybody, and to find out
takes the right to write.
"""

import threading
from collections.abc import Callable
from time import monotonic

from orchestrator.errors import CarepathError

KEPT_SECONDS = 1.0


class Readiness:
    """Remembers for a second what became of a check. elapsed: seconds that pass evenly."""

    def __init__(self, check: Callable[[], None], elapsed: Callable[[], float] = monotonic) -> None:
        self._check, self._elapsed = check, elapsed
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._fault: CarepathError | None = None

    def __call__(self) -> None:
        """Raise what the check raises: a CarepathError."""
        with self._lock:  # whoever comes meanwhile gets what the first one finds
            if self._elapsed() - self._at >= KEPT_SECONDS:
                self._fault = self._asked()
                self._at = self._elapsed()
            fault = self._fault
        if fault is not None:
            raise fault.with_traceback(None)

    def _asked(self) -> CarepathError | None:
        try:
            self._check()
        except CarepathError as error:
            return error
        return None
