"""How does what is due fire? Claim, decide, write, until nothing is due; then what was told is handed on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from orchestrator.bootstrap import System
from orchestrator.service.firing import Sound
from orchestrator.service.pulse import MOST_DRIFT
from workers import metrics
from workers.app import FIRE, app, carry_out
from workers.sweep import say_deliver, sweep

LONGEST_SECONDS = 10.0
LONGEST_LOCK_SECONDS = 0.05
FIRST_BATCH, LARGEST_BATCH = 64, 256
"""Halved and doubled only, for each size is a statement of its own that the database keeps ready."""
LONGEST_UNSEEN = timedelta(minutes=1)
"""So far at most may the wall stand after what a clock has noted as trusted, which each does every half minute."""


@app.task(name=FIRE)
def job() -> None:
    """Fire what is due."""
    carry_out(work)


def work(system: System, ask: Callable[[], bool] = say_deliver) -> None:
    """Fire what is due, and have what was told sent. ask: asks a worker. Raises StoreError.

    A hint tells nothing of when it was given, and a worker sees no clock go by: where the store's time and its
    machine's part, or no clock has trusted the store's of late, it leaves all firing to the clocks, which know whether
    somebody moved the wall's.
    """
    seen_at = system.pulse.look().seen_at
    fire(system, sound=partial(_sound, system, seen_at))
    sweep(system, ask)


def _sound(system: System, seen_at: datetime | None, wall: datetime) -> bool:
    seen = seen_at is None or wall <= seen_at + LONGEST_UNSEEN
    return seen and abs(system.host.now() - wall) <= MOST_DRIFT


def fire(system: System, seconds: float = LONGEST_SECONDS, sound: Sound | None = None) -> int:
    """Fire until nothing is due, or for so many seconds; return how many episodes fired. Raises StoreError.

    sound: see `Firing.fire_due`; every time is, where it is not given.
    """
    deadline = system.elapsed() + seconds
    speed = system.simulation.factor if system.simulation else 1
    total, size = 0, FIRST_BATCH
    while True:
        began = system.elapsed()
        done = system.firing.fire_due(size, sound)
        now = system.elapsed()
        metrics.fired(done, speed)
        total += done.fired
        if not done.more or now >= deadline:
            return total
        size = paced(size, now - began)


def paced(size: int, took: float) -> int:
    """Return how many episodes to take next, when taking so many took so many seconds: a person may wait for one."""
    if took > LONGEST_LOCK_SECONDS:
        return max(size // 2, 1)
    return min(size * 2, LARGEST_BATCH) if took < LONGEST_LOCK_SECONDS / 2 else size
