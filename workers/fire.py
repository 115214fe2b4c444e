"""How does what is due fire? Claim, decide, write, until nothing is due; then what was told is handed on."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from orchestrator.bootstrap import System
from orchestrator.service.firing import Sound
from workers import metrics
from workers.app import FIRE, app, carry_out
from workers.sweep import say_deliver, sweep

_log = logging.getLogger(__name__)
LONGEST_SECONDS = 10.0
LONGEST_LOCK_SECONDS = 0.05
BATCHES = (1, 8, 16, 32, 64, 96, 128, 160, 192, 224, 256)
"""How many episodes are taken at once: few sizes, for each is a statement of its own that the database keeps ready."""
FIRST_BATCH = 64


@app.task(name=FIRE)
def job() -> None:
    """Fire what is due."""
    carry_out(work)


def work(system: System, ask: Callable[[], bool] = say_deliver) -> None:
    """Fire what is due, and have what was told sent. ask: asks a worker. Raises StoreError.

    A hint tells nothing of when it was given: where a clock would hold all firing, a worker fires nothing either.
    """
    fault = system.time_fault()
    if fault is None:
        fire(system, sound=partial(_sound, system))
    else:
        _log.error("a worker fires nothing: %s", fault, extra={"event": "worker-held"})
    sweep(system, ask)


def _sound(system: System, wall: datetime) -> bool:
    """Ask again when something is claimed: this process may have stood still since, while somebody moved the wall."""
    now = system.elapsed()
    return system.trust.holds(wall, now, now)


def fire(system: System, seconds: float = LONGEST_SECONDS, sound: Sound | None = None) -> int:
    """Fire until nothing is due, or for so many seconds; return how many episodes fired. Raises StoreError.

    sound: see `Firing.fire_due`; every time is, where it is not given.
    """
    deadline = system.elapsed() + seconds
    total, size = 0, FIRST_BATCH
    while True:
        began = system.elapsed()
        done = system.firing.fire_due(size, sound)
        now = system.elapsed()
        metrics.fired(done, system.speed)
        total += done.fired
        if not done.more or now >= deadline:
            return total
        if not done.failed:  # who waited for a lock that somebody held tells nothing of how fast it goes
            size = paced(size, now - began)


def paced(size: int, took: float) -> int:
    """Return how many episodes to take next, when taking so many took so many seconds: a person may wait for one.

    At most twice as many, or the next size where that is more: else one slow batch would keep all that follow small.
    """
    bearable = size * 0.9 * LONGEST_LOCK_SECONDS / max(took, 1e-6)  # a little below what a lock may take
    most = next((each for each in BATCHES if each >= 2 * size), BATCHES[-1])
    return max((each for each in BATCHES if each <= min(bearable, most)), default=BATCHES[0])
