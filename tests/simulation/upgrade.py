"""What if a new version of every pathway comes while patients are under way? Old and new run side by side."""

from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from orchestrator.pathway.loader import Library, load_text
from orchestrator.pathway.model import Pathway
from tests.worlds import PATHWAYS

if TYPE_CHECKING:
    from tests.simulation.world import World

OLD = tuple(PATHWAYS.values())
_FILE = "pathway.yaml"


def upgrade(world: "World") -> None:
    """Bring the new versions: each process ends, one after the other, and comes back knowing both."""
    dice = world.dice("upgrade")
    world.scheduler.sleep(dice.uniform(0.1, 0.8) * world.plan.years * 365 * 86_400)
    world.tell("weather", "a new version of every pathway")
    world.count("upgrades")
    world.library = Library((*OLD, *_new()))
    for process in list(world.processes):
        world.scheduler.sleep(dice.choice((1.0, 60.0, 86_400.0)) * dice.random())
        if world.healed:
            return
        process.kill()
        world.watch.wake_all()


@lru_cache(maxsize=1)
def _new() -> tuple[Pathway, ...]:
    return tuple(map(_next_version, OLD))


def _next_version(pathway: Pathway) -> Pathway:
    files = orjson.loads(pathway.text)
    number = f'version: "{pathway.version}"'
    assert files[_FILE].count(number) == 1
    files[_FILE] = files[_FILE].replace(number, 'version: "2.0.0"')
    return load_text(orjson.dumps(files).decode())
