"""How do clocks and workers run here? The product's own loops and jobs, begun anew whenever they crash."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.broker import Hints
from tests.simulation.process import Crash, Process
from workers import clock as clocks
from workers.app import DELIVER, FIRE
from workers.deliver import deliver
from workers.fire import work

if TYPE_CHECKING:
    from tests.simulation.world import World


_DARK_SECONDS = 30.0


class Sleep:
    """What a clock waits on: it is never told to stop."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> None:
        self._process.world.watch.doze(self._process, timeout)
        self._process.point("wake")


def clock(world: "World", process: Process) -> None:
    """Tick for ever."""
    dice = world.dice(f"restart {process.name}")
    world.watch.clocks[process.name] = world.scheduler.now
    while True:
        try:
            world.watch.ready(process)
            clocks.run(process.system, Hints(world.broker, process), Sleep(process))
        except Crash:
            restart(world, process, dice)


def worker(world: "World", process: Process) -> None:
    """Do what messages say, for ever. A job that fails is acknowledged: what it was to do stands in the store."""
    dice = world.dice(f"restart {process.name}")
    while True:
        job = world.broker.take(process)
        try:
            process.point(f"begin {job}")
            _JOBS[job](world, process)
        except Crash:
            world.broker.give_back(job)
            restart(world, process, dice)
        except Exception as error:
            world.tell(process.name, f"{job} failed: {type(error).__name__} {error}")


def restart(world: "World", process: Process, dice: Random) -> None:
    """Let a process come back: soon as a rule, and never in the dark or with a clock that was moved."""
    seconds = dice.choice((0.1, 0.5, 2.0, 20.0)) * dice.uniform(0.5, 1.5)
    world.watch.ready(process, seconds)
    world.scheduler.sleep(seconds)
    while world.dark or world.wall.off:
        world.watch.ready(process, _DARK_SECONDS)
        world.scheduler.sleep(_DARK_SECONDS)
    process.crashed()


def _fire(world: "World", process: Process) -> None:
    work(process.system, Hints(world.broker, process).deliver)


def _deliver(world: "World", process: Process) -> None:
    deliver(process.system)


_JOBS: dict[str, Callable[["World", Process], None]] = {FIRE: _fire, DELIVER: _deliver}
