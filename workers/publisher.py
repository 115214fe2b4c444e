"""How is a hint put into the broker without ever waiting for it? On a thread of its own, and for 200 ms at most."""

import logging
import queue
import threading
from collections.abc import Callable

from workers import metrics
from workers.app import DELIVER, FIRE, publish, waiting

_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 0.2


class _Job:
    """One hint on its way. done is set when the broker took it or refused it."""

    def __init__(self, send: Callable[[], None]) -> None:
        self.send, self.done, self.sent = send, threading.Event(), False


class Publisher:
    """Puts hints into the broker. A hint that the broker takes after all, later, is a doubled one: without harm."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._last: _Job | None = None
        self._down = False
        threading.Thread(target=self._work, name="publisher", daemon=True).start()

    def fire(self) -> bool:
        """Say 'fire what is due', unless that is said already and nobody was free to hear it. False: broker down."""
        return self._put(lambda: _say(FIRE))

    def deliver(self) -> bool:
        """Say 'send what waits', as `fire` does."""
        return self._put(lambda: _say(DELIVER))

    def _put(self, send: Callable[[], None]) -> bool:
        if self._last is None or self._last.done.is_set():  # else the one before still hangs
            job = self._last = _Job(send)
            self._jobs.put(job)
            job.done.wait(self._patience)
            self._tell(down=not job.sent)
            if job.sent:
                return True
        metrics.hint_refused()
        return False

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job.send()
                job.sent = True
            except Exception as error:  # whatever a broker's client raises; what is due fires without it
                _log.debug("the broker took no hint: %s", type(error).__name__, extra={"event": "hint-refused"})
            job.done.set()

    def _tell(self, *, down: bool) -> None:
        if down and not self._down:
            _log.warning("the broker cannot be reached: what is due fires without it", extra={"event": "broker-down"})
        if self._down and not down:
            _log.warning("the broker is back", extra={"event": "broker-back"})
        self._down = down


def _say(job: str) -> None:
    if waiting(job) == 0:
        publish(job)
