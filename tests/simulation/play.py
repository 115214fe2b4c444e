"""How is one seed played? A world begins, lives its years, heals, comes to rest and is looked at as a whole."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from tests.simulation import check, people, weather
from tests.simulation.faults import Plan
from tests.simulation.office import Office
from tests.simulation.process import Process
from tests.simulation.staff import clock, worker
from tests.simulation.world import START, Violation, World

_REST = timedelta(hours=6)
_YEAR = timedelta(days=365.25)
_LOOKS = 4
_APIS = 2
_GARBAGE = 100_000


@dataclass(frozen=True)
class Played:
    """What came of a seed. error: what was not as it must be; empty: everything was. hash: of all that happened."""

    plan: Plan
    hash: str
    error: str
    counts: Counter[str]
    lines: list[str]


def play(plan: Plan) -> Played:
    """Play one seed to its end, or to the first thing that is not as it must be."""
    with _quiet():
        world = World(plan)
        error = ""
        try:
            _live(world)
        except (Exception, Violation) as failure:
            error = f"{type(failure).__name__}: {failure}"
        finally:
            world.end()
    world.counts["steps"] = world.scheduler.steps
    return Played(plan, world.trace.hash, error, world.counts, world.trace.lines)


def _live(world: World) -> None:
    plan, scheduler = world.plan, world.scheduler
    for number in range(plan.clocks):
        scheduler.start_task(partial(clock, world, Process(world, f"clock {number}")), 0.3 * number)
    for number in range(plan.workers):
        scheduler.start_task(partial(worker, world, Process(world, f"worker {number}")), 0.1)
    dice = world.dice("enrolments")
    for number in range(plan.patients):
        api = Process(world, f"api enrolment {number}")
        scheduler.start_task(partial(people.enrol, world, api, number), dice.uniform(0, 10 * 86_400))
    apis = [Process(world, f"api {number}") for number in range(_APIS)]
    for number, each in enumerate(people.ATTENDING if plan.attended else people.CHARACTERS):
        scheduler.start_task(people.Person(world, each, apis[number % _APIS]).live, 1.0)
    scheduler.start_task(Office(world, apis[0]).live, 1.0)
    weather.begin(world)
    for look in range(1, _LOOKS + 1):
        scheduler.run(START + max(plan.years * _YEAR, timedelta(days=31)) * look / _LOOKS)
        check.at_any_time(world)
    weather.heal(world)
    scheduler.run(scheduler.now + _REST)
    check.at_rest(world)
    for line in check.outline(world):
        world.trace.add(line)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing be logged: what goes wrong on purpose is told in the trace. And rubbish be collected more seldom."""
    before, thresholds = logging.root.manager.disable, gc.get_threshold()
    logging.disable(logging.CRITICAL)
    gc.set_threshold(_GARBAGE, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        logging.disable(before)
