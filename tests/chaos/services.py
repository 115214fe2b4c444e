"""How is a process kept running that somebody kills? It is started again, after a while, as often as it ends."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from tests.chaos.history import Outage

RESTART_SECONDS = 0.5
START_SECONDS = 60.0
END_SECONDS = 30.0


class Service:
    """One process and its successors. launch: starts one.   ready: tells whether it does its work again."""

    def __init__(
        self, name: str, launch: Callable[[], "subprocess.Popen[bytes]"], ready: Callable[[], bool] = lambda: True
    ) -> None:
        self.name, self._launch, self._ready = name, launch, ready
        self.process = launch()
        self.stopped = False
        self.down_since: float | None = None
        self._next = 0.0

    @property
    def up(self) -> bool:
        """Tell whether it does its work, as far as is known."""
        return not self.stopped and self.down_since is None

    def fell(self) -> None:
        """Note that it does not do its work from now on."""
        self.down_since = self.down_since or time.time()

    def tend(self, *, excuses: bool = False) -> Outage | None:
        """Start it again when it has ended a while ago; return the outage when one is over."""
        if self.process.poll() is not None:
            self.fell()
            self.stopped = False
            self._next = self._next or time.monotonic() + RESTART_SECONDS
            if time.monotonic() < self._next:
                return None
            self.process, self._next = self._launch(), 0.0
        if self.down_since is None or self.stopped or not self._ready():
            return None
        over, self.down_since = Outage(f"{self.name} was down", self.down_since, time.time(), excuses), None
        return over

    def end_group(self) -> None:
        """Kill it and whatever it started in its own session, which it leads."""
        with suppress(ProcessLookupError):  # nothing is left of it
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def answers(port: int) -> bool:
    """Tell whether an API answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until(true: Callable[[], object], said: Callable[[], str]) -> None:
    """Wait for something to become true; raise RuntimeError with what was said meanwhile when it does not in time."""
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"it does not come up: {said()}")
        time.sleep(0.02)
