"""What befalls all at once, and when? Power cuts, a store out of use, a broker that is gone, a wall clock moved."""

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.process import BUSY, FULL
from tests.simulation.upgrade import upgrade
from workers.app import FIRE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

_DAY = 86_400.0
_MEAN_DAYS = {"outage": 25.0, "broker": 20.0, "wall": 25.0, "poison": 30.0}
"""Between two of a kind, in a run of half a year or more; a shorter one has as many as that."""


def begin(world: "World") -> None:
    """Let each kind of bad weather that the plan names come and go."""
    for fault, blow in _BLOWS.items():
        if fault in world.plan.faults:
            world.scheduler.start_task(lambda fault=fault, blow=blow: _come_and_go(world, fault, blow))  # type: ignore[misc]
    if "upgrade" in world.plan.faults:
        world.scheduler.start_task(lambda: upgrade(world))


def heal(world: "World") -> None:
    """Let nothing go wrong from now on."""
    world.healed = True
    world.outage, world.dark, world.broker.down = "", False, False
    world.poisoned.clear()
    _set_right(world)


def _come_and_go(world: "World", fault: str, blow: "Callable[[World], None]") -> None:
    dice = world.dice(f"weather {fault}")
    mean = _MEAN_DAYS[fault] * _DAY * min(1.0, 2 * world.plan.years)
    while not world.healed:
        world.scheduler.sleep(dice.expovariate(1 / mean))
        if not world.healed:
            world.count(fault)
            blow(world)


def _outage(world: "World") -> None:
    dice = world.dice(f"outage {world.counts['outage']}")
    seconds = dice.choice((3.0, 60.0, 900.0, 2 * _DAY)) * dice.uniform(0.3, 1.5)
    if dice.random() < 0.4 and not world.wall.off:
        world.tell("weather", f"power cut for {seconds:.0f} s")
        world.dark = True
        world.broker.forget()
        world.watch.wake_all()
    else:
        world.outage = dice.choice((BUSY, FULL))
        world.tell("weather", f"the store says '{world.outage}' for {seconds:.0f} s")
    world.scheduler.sleep(min(seconds, 900.0) if world.outage else seconds)
    world.dark, world.outage = False, ""
    _go_on(world)


def _broker(world: "World") -> None:
    dice = world.dice(f"broker {world.counts['broker']}")
    if dice.random() < 0.4:
        world.broker.forget()
        return
    seconds = dice.choice((5.0, 300.0, 3600.0, _DAY)) * dice.uniform(0.3, 1.5)
    world.tell("weather", f"the broker is down for {seconds:.0f} s")
    world.broker.down = True
    world.scheduler.sleep(seconds)
    world.broker.down = False


def _wall(world: "World") -> None:
    if world.dark or world.outage:
        return
    dice = world.dice(f"wall {world.counts['wall']}")
    seconds = dice.choice((6.0, 60.0, 3600.0, 400 * _DAY)) * dice.uniform(1.0, 1.5) * dice.choice((-1, 1))
    world.tell("weather", f"the wall clock is moved by {seconds:.0f} s")
    world.wall.off = timedelta(seconds=seconds)
    world.watch.wake_all()
    if "broker" in world.plan.faults:
        world.broker.bring(FIRE, dice.uniform(0, 2))
    world.scheduler.sleep(dice.choice((1, 1, 1, 9)) * dice.uniform(2, 10))
    _set_right(world)


def _set_right(world: "World") -> None:
    if world.wall.off:
        world.wall.right_since = world.scheduler.now
    world.wall.off = timedelta()
    _go_on(world)


def _go_on(world: "World") -> None:
    world.watch.right_since = world.scheduler.now
    world.watch.wake_all()
    world.come_back()


def _poison(world: "World") -> None:
    dice = world.dice(f"poison {world.counts['poison']}")
    if not world.episodes:
        return
    episode = dice.choice(sorted(world.episodes))
    world.tell("weather", f"{episode} cannot be decided")
    world.poisoned.add(episode)
    world.scheduler.sleep(dice.choice((60.0, 7200.0, 2 * _DAY)) * dice.uniform(0.5, 1.5))
    world.poisoned.discard(episode)


_BLOWS = {"outage": _outage, "broker": _broker, "wall": _wall, "poison": _poison}
