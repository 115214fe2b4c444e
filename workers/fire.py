"""How does what is due fire? Claim, decide, write, until nothing is due; then what was told is handed on."""

from collections.abc import Callable

from orchestrator.bootstrap import System
from workers import metrics
from workers.app import FIRE, app, carry_out
from workers.sweep import say_deliver, sweep

LONGEST_SECONDS = 10.0


@app.task(name=FIRE)
def job() -> None:
    """Fire what is due."""
    carry_out(work)


def work(system: System, ask: Callable[[], bool] = say_deliver) -> None:
    """Fire what is due, and have what was told sent. ask: asks a worker. Raises StoreError."""
    fire(system)
    sweep(system, ask)


def fire(system: System, seconds: float = LONGEST_SECONDS) -> int:
    """Fire until nothing is due, or for so many seconds; return how many episodes fired. Raises StoreError."""
    deadline = system.elapsed() + seconds
    speed = system.simulation.factor if system.simulation else 1
    total = 0
    while True:
        done = system.firing.fire_due()
        metrics.fired(done, speed)
        total += done.fired
        if not done.more or system.elapsed() >= deadline:
            return total
