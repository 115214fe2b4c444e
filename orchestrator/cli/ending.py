"""How does a command end that a signal asks to? With what it has in hand done; asked twice, at once."""

import signal
from types import FrameType

from orchestrator.cli.failure import SIGNALLED

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By these a program is asked to end."""


class Ending:
    """Notes what asks the command to end, within its block. asked: the signal, 0 while there is none."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> "Ending":
        heard = [each for each in ASKING if signal.getsignal(each) is not signal.SIG_IGN]  # as under nohup
        self._before = {each: signal.signal(each, self._ask) for each in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def end_if_asked(self) -> None:
        """End the command when a signal has asked for it."""
        if self.asked == signal.SIGINT:
            raise KeyboardInterrupt
        if self.asked:
            raise SystemExit(SIGNALLED + self.asked)

    def _ask(self, number: int, _: FrameType | None) -> None:
        self.end_if_asked()
        self.asked = number
