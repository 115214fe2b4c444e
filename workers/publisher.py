"""How is a hint put into the broker without ever waiting for it? On a thread of its own, and for 200 ms at most."""

import logging
import queue
import threading

from workers import metrics
from workers.app import DELIVER, FIRE, hint

_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 0.2
OPENING_SECONDS = 1.0
"""For so long at most a clock waits for the broker when it begins."""


class _Job:
    """One hint on its way. done is set when the broker took it or refused it."""

    def __init__(self, name: str) -> None:
        self.name, self.done, self.sent = name, threading.Event(), False


class Publisher:
    """Puts hints into the broker. A hint that the broker takes after all, later, is a doubled one: without harm."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._last: _Job | None = None
        self._down = False
        threading.Thread(target=self._work, name="publisher", daemon=True).start()

    def open(self, seconds: float = OPENING_SECONDS) -> bool:
        """Say 'fire what is due' for the first time, and wait for longer: Celery's way to the broker is loaded by that,
        which takes twice a hint's patience. False: broker down.
        """
        return self._said(FIRE, seconds)

    def fire(self) -> bool:
        """Say 'fire what is due', unless that is said already and nobody was free to hear it. False: broker down."""
        return self._hint(FIRE)

    def deliver(self) -> bool:
        """Say 'send what waits', as `fire` does."""
        return self._hint(DELIVER)

    def _hint(self, name: str) -> bool:
        sent = self._said(name, self._patience)
        if not sent:
            metrics.hint_refused()
        return sent

    def _said(self, name: str, seconds: float) -> bool:
        """Say it on the thread, and tell whether the broker took it within so many seconds."""
        if self._last is not None and not self._last.done.is_set():
            return False  # the one before still hangs
        job = self._last = _Job(name)
        self._jobs.put(job)
        job.done.wait(seconds)
        return job.sent

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                hint(job.name)
                job.sent = True
            except Exception as error:  # whatever a broker's client raises; what is due fires without it
                _log.debug("the broker took no hint: %s", type(error).__name__, extra={"event": "hint-refused"})
            self._tell(down=not job.sent)
            job.done.set()

    def _tell(self, *, down: bool) -> None:
        """Log what became of a hint, once that is known: one that is only slow, as when much begins at once, is taken
        in the end, and one that hangs is given up by its socket within seconds.
        """
        if down and not self._down:
            _log.warning("the broker cannot be reached: what is due fires without it", extra={"event": "broker-down"})
        if self._down and not down:
            _log.warning("the broker is back", extra={"event": "broker-back"})
        self._down = down
