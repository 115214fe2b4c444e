"""How does a clock send what nobody else does? On a thread of its own: a gateway that hangs holds up no timer."""

import logging
import threading

from orchestrator.bootstrap import System
from orchestrator.errors import CarepathError
from workers.deliver import deliver

_log = logging.getLogger(__name__)
SECONDS = 1.0


class Beside:
    """Sends what waits, one round at a time: while one hangs, no second one begins."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._round: threading.Thread | None = None

    def send(self) -> None:
        """Begin a round, unless one is under way."""
        if self._round is None or not self._round.is_alive():
            self._round = threading.Thread(target=self._work, name="beside", daemon=True)
            self._round.start()

    def finish(self, seconds: float) -> None:
        """Wait for the round under way, so long at most; what it leaves is sent again under the same id."""
        if self._round is not None:
            self._round.join(seconds)

    def _work(self) -> None:
        try:
            deliver(self._system, SECONDS)
        except CarepathError as error:
            _log.error("nothing can be sent: %s", error, extra={"event": "nothing-sent"})
        except Exception as error:  # a defect; the clock goes on, and says more at its next round
            _log.error("sending failed with %s", type(error).__name__, extra={"event": "sending-failed"})
