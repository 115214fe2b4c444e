"""How is something done again and again beside the work of a process? On a thread of its own, until told to stop."""

import logging
import threading
from collections.abc import Callable

from orchestrator.errors import CarepathError

_log = logging.getLogger(__name__)


class Repeated:
    """Does some work at once and then every so many seconds. What fails is told once, and tried again.

    at_end: done when it stops, and not tried again.
    """

    def __init__(
        self, work: Callable[[], object], seconds: float, name: str, at_end: Callable[[], object] | None = None
    ) -> None:
        self._work, self._seconds, self._name, self._at_end = work, seconds, name, at_end
        self._stop = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Repeated":
        """Begin."""
        self._thread.start()
        return self

    def stop(self, wait_s: float = 5.0) -> None:
        """End, and wait so long for what is being done."""
        self._stop.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        self._turn(self._work)
        while not self._stop.wait(self._seconds):
            self._turn(self._work)
        if self._at_end is not None:
            self._turn(self._at_end)

    def _turn(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            said = str(error) if isinstance(error, CarepathError) else type(error).__name__
            if said != self._said:  # every half minute the same line helps nobody
                _log.error("%s: %s", self._name, said, extra={"event": f"{self._name}-failed"})
            self._said = said
        else:
            self._said = ""
