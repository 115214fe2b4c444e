"""When does something fire? Clocks look for what is due and say so; as many of them as one likes, all the same.

A clock is a process of its own. It sleeps until the next alarm, a second at most, and then asks the workers to fire
what is due. With the broker down, or with nobody who fires in time, it does so itself. It trusts nothing that it cannot
trust: when the wall clock was moved, it holds all firing and calls for a person.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from orchestrator.bootstrap import System
from orchestrator.clock import Clock
from orchestrator.errors import CarepathError
from orchestrator.service.firing import Sound
from orchestrator.service.pulse import TOLD_WRONG, Look
from orchestrator.service.trust import REMEMBER_SECONDS, Trust, is_clear
from workers import metrics
from workers.beside import Beside
from workers.fire import fire
from workers.sweep import sweep

_log = logging.getLogger(__name__)
LONGEST_SLEEP_SECONDS = 1.0
SHORTEST_SLEEP_SECONDS = 0.02
ASKED_SLEEP_SECONDS = 0.05
"""Between asking and looking again: each time one more job joins in, for as long as somebody is free to take it."""
LATEST_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
"""For so long a notice may wait for workers before a clock sends too: a broker takes hints that nobody hears."""
LAST_SECONDS = 5.0
"""How long a clock that is told to stop waits for what it is sending."""


class Hints(Protocol):
    """Where hints go: `workers.publisher.Publisher`."""

    def fire(self) -> bool: ...
    def deliver(self) -> bool: ...


class Stop(Protocol):
    """Says when to end: `threading.Event`."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float) -> object: ...


class Sending(Protocol):
    """Sends what nobody else does: `workers.beside.Beside`."""

    def send(self) -> None: ...
    def finish(self, seconds: float) -> None: ...


_WHAT_TO_DO = {
    "clock-jumped": "the wall clock was moved by over 5 s: set it right; if it is right, restart clocks and workers",
    "clocks-differ": "the database's clock and this machine's differ by over 5 s: set right the one that is wrong",
    "clock-behind": f"the wall clock stands before what the store has seen: set it right; if it is right, {TOLD_WRONG}",
}


class Ticker:
    """One clock: `tick` is one turn of it. host: this machine's own clock, the system's where none is given.

    send: sends what waits to leave the house and what no worker can be asked to send; in the turn where none is given.
    """

    def __init__(
        self, system: System, hints: Hints, host: Clock | None = None, send: Callable[[], object] | None = None
    ) -> None:
        self._system, self._hints, self._send = system, hints, send
        self._trust = Trust(host or system.host, system.elapsed)
        self._held: str | None = None
        self._swept = self._remembered = float("-inf")

    def tick(self, passed: float | None = None) -> float:
        """Do what is to be done now, and return for how many seconds to sleep. passed: monotonic seconds."""
        even = self._system.elapsed if passed is None else partial(float, passed)
        began = even()
        look = self._system.pulse.look()
        passed = even()
        fault = self._trust.fault(look, began, passed)
        self._tell(fault, look)
        asked = inline = False
        try:
            if fault is None:
                asked, inline = self._fire(
                    look, lambda wall: self._trust.fault(look._replace(wall=wall), began, even()) is None
                )
        except Exception:  # what was told leaves, whatever keeps the rest from firing
            self._sweep(passed, inline=False)
            raise
        self._sweep(passed, inline=inline)
        if fault is not None:
            return LONGEST_SLEEP_SECONDS
        if is_clear(began, passed):
            self._remember(look, passed)  # last: who holds that row keeps nobody from being told
        if inline and self._system.firing.damaged:
            return LONGEST_SLEEP_SECONDS  # what cannot fire is due all the while
        return ASKED_SLEEP_SECONDS if asked else self._until_next()

    def _fire(self, look: Look, sound: Sound) -> tuple[bool, bool]:
        """Let what is due fire; return whether workers were asked to, and whether nobody was there who could.

        sound: whether the wall can be trusted still when something is claimed: this clock may have stood still since.
        """
        overdue = self._seconds(look)
        if not look.damaged:
            if overdue is None or overdue < 0:
                return False, False
            if overdue <= LATEST_SECONDS and self._hints.fire():
                return True, False
        fire(self._system, seconds=LATEST_SECONDS, sound=sound)
        return False, True

    def _sweep(self, passed: float, *, inline: bool) -> None:
        """Have what waits sent, once a second; at once where this clock fired itself. passed: monotonic seconds."""
        if inline or abs(passed - self._swept) >= LONGEST_SLEEP_SECONDS:
            sweep(self._system, self._hints.deliver, inline=inline, send=self._send, patience=PATIENCE_SECONDS)
            self._swept = passed

    def _until_next(self) -> float:
        overdue = self._seconds(self._system.pulse.look())
        if overdue is None:
            return LONGEST_SLEEP_SECONDS
        return min(max(-overdue, SHORTEST_SLEEP_SECONDS), LONGEST_SLEEP_SECONDS)

    def _seconds(self, look: Look) -> float | None:
        """Return for how many seconds of wall time the next alarm is overdue; negative: it is not yet due."""
        if look.next_alarm is None:
            return None
        return (look.now - look.next_alarm).total_seconds() / self._system.speed

    def _remember(self, look: Look, passed: float) -> None:
        if passed - self._remembered >= REMEMBER_SECONDS:
            self._system.pulse.saw(look.wall)
            self._remembered = passed

    def _tell(self, fault: str | None, look: Look) -> None:
        if fault is not None and fault != self._held:
            _log.critical("all firing is held: %s", _WHAT_TO_DO[fault], extra={"event": "firing-held"})
            self._system.pulse.alarm(fault, look.wall)
        if fault is None and self._held is not None:
            _log.warning("the wall clock is right again: firing goes on", extra={"event": "firing-goes-on"})
        self._held = fault
        metrics.HELD.set(fault is not None)


def run(
    system: System,
    hints: Hints,
    stop: Stop,
    turned: Callable[[], None] = lambda: None,
    sending: Callable[[System], Sending] | None = None,
) -> None:
    """Tick until told to stop. A store that cannot be used is tried again, for ever, every second.

    turned: called after each turn, so that somebody else can tell whether this clock still goes.
    sending: makes what sends beside the clock; a thread where none is given.
    """
    beside = (sending or Beside)(system)
    ticker = Ticker(system, hints, send=beside.send)
    while not stop.is_set():
        pause = _turn(ticker)
        turned()
        stop.wait(pause)
    beside.finish(LAST_SECONDS)


def _turn(ticker: Ticker) -> float:
    try:
        return ticker.tick()
    except CarepathError as error:
        _log.error("nothing can fire: %s", error, extra={"event": "nothing-fires"})
    except Exception:
        _log.exception("a turn of the clock failed", extra={"event": "turn-failed"})
    return LONGEST_SLEEP_SECONDS
