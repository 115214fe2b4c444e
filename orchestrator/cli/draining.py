"""How does an API go that stands behind a proxy? It says so, and listens on until nobody is sent here any more."""

import logging
import threading
from types import FrameType

import uvicorn

_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """Serves until a signal, and for so many seconds more; a second signal ends it at once.

    draining: is set by the first one, and told to whoever asks whether this API is ready.
    """

    def __init__(self, config: uvicorn.Config, draining: threading.Event, seconds: float) -> None:
        super().__init__(config)
        self._draining, self._seconds = draining, seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        again = self._draining.is_set()
        self._draining.set()
        if again or not self._seconds:
            super().handle_exit(sig, frame)
            return
        _log.info("draining for %g s", self._seconds, extra={"event": "draining"})
        later = threading.Timer(self._seconds, super().handle_exit, (sig, frame))
        later.daemon = True
        later.start()
