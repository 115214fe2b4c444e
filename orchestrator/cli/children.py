"""How are a launcher's processes kept running, and ended? Started again when they end, and never left behind.

They belong to the launcher's process group, so that whoever ends the group ends them all; a terminal's Ctrl-C reaches
the launcher alone, which then stops them in order; and where the launcher itself is killed, the kernel ends them.
"""

import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from types import TracebackType

from orchestrator.cli.ending import ASKING
from orchestrator.cli.valkey import dies_with_parent
from orchestrator.config import Settings

LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""Whoever ran for so long is started again at once when it ends."""


class Signals:
    """Wakes the launcher when a signal asks it to end or a child has ended."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> "Signals":
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)
        self._before = {number: signal.signal(number, self._ask) for number in ASKING}
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float) -> None:
        """Sleep, until a signal comes."""
        select.select([self._read], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._read, 4096)

    def _ask(self, *_: object) -> None:
        self.asked += 1


class Child:
    """One process of the system, started again whenever it ends. role: as `orchestrator.cli.serve` knows it.

    number: how far its port for figures lies behind the first, where figures are asked for.
    """

    def __init__(self, role: str, say: Callable[[str], None], number: int = 0, descriptor: int | None = None) -> None:
        self.role, self._say, self._number, self._descriptor = role, say, number, descriptor
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self._started = self._next = 0.0

    def start(self, settings: Settings) -> None:
        """Start it; its settings go through a pipe. Where the machine has no room for it, that is tried again later."""
        if (place := settings.metrics) is not None:
            settings = replace(settings, metrics=place._replace(port=place.port + self._number))
        self._started = monotonic()
        try:
            self.process = self._opened()
        except OSError as error:  # those that run do not end with it, a clock least of all
            self._put_off(f"cannot be started: {error.strerror}")
            return
        assert self.process.stdin is not None
        with suppress(BrokenPipeError), self.process.stdin as pipe:
            pickle.dump(settings, pipe)

    def _opened(self) -> "subprocess.Popen[bytes]":
        passed = () if self._descriptor is None else (self._descriptor,)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "orchestrator.cli.serve", self.role, *map(str, passed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # what a library prints there bears no mark of a simulated store; logs do
            pass_fds=passed,
            preexec_fn=_prepare(),  # noqa: PLW1509 - two system calls, no lock
        )

    def look_after(self, settings: Settings) -> None:
        """Start it again if it has ended, at once or after a pause that doubles with each failure in a row."""
        if self.process is not None and self.process.poll() is not None:
            self._put_off(_how_it_ended(self.process.returncode))
        if self.process is None and monotonic() >= self._next:
            self.start(settings)

    def ask_to_end(self) -> None:
        """Send it SIGTERM."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self, seconds: float, signals: Signals) -> None:
        """Ask it to end, wait, and kill it when the time is up or somebody asks a second time."""
        self.ask_to_end()
        deadline = monotonic() + seconds
        while self.process is not None and self.process.poll() is None:
            left = deadline - monotonic()
            if left <= 0 or signals.asked > 1:
                self._say(f"{self.role} does not end: it is killed; what it held comes up again")
                self.process.kill()
                self.process.wait()
            else:
                signals.wait(min(left, 0.2))
        self.process = None

    def _put_off(self, what: str) -> None:
        """Say what became of it, and for how long it is not started again: longer with each failure in a row."""
        steady = monotonic() - self._started >= STEADY_SECONDS
        self.failures = 0 if steady else self.failures + 1
        pause = 0.0 if steady else min(2.0 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)
        self._next, self.process = monotonic() + pause, None
        self._say(f"{self.role} {what}; it is started again{f' in {pause:g} s' if pause else ''}")


def _how_it_ended(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def _prepare() -> Callable[[], None]:
    dies = dies_with_parent(signal.SIGTERM)

    def prepare() -> None:
        dies()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})

    return prepare
