"""How do clocks and workers run here? The product's own loops and jobs, begun anew whenever they crash."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from orchestrator.bootstrap import System
from tests.simulation.broker import Hints
from tests.simulation.process import Crash, Process
from workers import clock as clocks
from workers.app import DELIVER, FIRE
from workers.beside import SECONDS
from workers.deliver import deliver
from workers.fire import work

if TYPE_CHECKING:
    from tests.simulation.world import World


class Sleep:
    """What a clock waits on: it is never told to stop."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> None:
        self._process.world.watch.doze(self._process, timeout)
        self._process.point("wake")


class Aside:
    """Sends beside a clock, as `workers.beside.Beside` does on a thread: one round at a time."""

    def __init__(self, world: "World", process: Process, system: System) -> None:
        self._world, self._process, self._system = world, process, system
        self._busy = False

    def send(self) -> None:
        if not self._busy:
            self._busy = True
            self._world.scheduler.start_task(self._work)

    def finish(self, seconds: float) -> None:
        """Nobody is told to stop here."""

    def _work(self) -> None:
        try:
            deliver(self._system, SECONDS)
        except Crash:  # the clock ends with it, at its next point
            self._world.tell(self._process.name, "crashed while it sent")
            self._world.watch.wake_all()
        except Exception as error:
            self._world.tell(self._process.name, f"sending failed: {type(error).__name__} {error}")
        self._busy = False


def clock(world: "World", process: Process) -> None:
    """Tick for ever."""
    dice = world.dice(f"restart {process.name}")
    world.watch.clocks[process.name] = world.scheduler.now
    while True:
        try:
            world.watch.ready(process)
            hints = Hints(world.broker, process)
            clocks.run(process.system, hints, Sleep(process), sending=lambda system: Aside(world, process, system))
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
    if world.dark or world.wall.off:
        world.watch.away(process)
        world.stay_away()
        world.watch.ready(process)
    process.crashed()


def _fire(world: "World", process: Process) -> None:
    work(process.system, Hints(world.broker, process).deliver)


def _deliver(world: "World", process: Process) -> None:
    deliver(process.system)


_JOBS: dict[str, Callable[["World", Process], None]] = {FIRE: _fire, DELIVER: _deliver}
