"""How does what is due fire? Claim, decide, write, until nothing is due; then what was told is handed on."""

from time import monotonic

from orchestrator.bootstrap import System
from workers import metrics
from workers.app import FIRE, app, carry_out
from workers.sweep import sweep

LONGEST_SECONDS = 10.0


@app.task(name=FIRE)
def job() -> None:
    """Fire what is due."""
    carry_out(_fire_and_hand_on)


def _fire_and_hand_on(system: System) -> None:
    fire(system)
    sweep(system)


def fire(system: System, seconds: float = LONGEST_SECONDS) -> int:
    """Fire until nothing is due, or for so many seconds; return how many episodes fired. Raises StoreError."""
    deadline = monotonic() + seconds
    speed = system.simulation.factor if system.simulation else 1
    total = 0
    while True:
        done = system.firing.fire_due()
        metrics.fired(done, speed)
        total += done.fired
        if not done.more or monotonic() >= deadline:
            return total
