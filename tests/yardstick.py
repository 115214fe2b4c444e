"""When did the machine itself stand still? Whoever asks to be woken soon, and is woken much later, tells of it.

What has to be done within seconds is judged by it where the machine is shared: time in which it let nobody work excuses
whoever is late, and no other time does. On a machine with time for all nothing is told.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PAUSE_SECONDS = 0.05
LEAST_SECONDS = 0.25
"""Woken later than by so much, it was the machine: no process of ours may keep another from the processor for that."""

Told = Callable[[float, float], object]
"""Is told from when to when it stood still, by the wall."""


def turn(told: Told, wait: Callable[[float], bool], now: Callable[[], float] = time.time) -> bool:
    """Wait once and tell of it where it took much longer; return what `wait` says: True ends it."""
    begun = now()
    over = wait(PAUSE_SECONDS)
    ended = now()
    if ended - begun - PAUSE_SECONDS > LEAST_SECONDS:
        told(begun + PAUSE_SECONDS, ended)
    return over


@contextmanager
def measured(told: Told) -> Iterator[None]:
    """Have somebody tell, on a thread of its own, until the end of the block."""
    stop = threading.Event()

    def work() -> None:
        while not turn(told, stop.wait):
            pass

    thread = threading.Thread(target=work, name="yardstick", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
