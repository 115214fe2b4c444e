"""What does a ward do that no story tells? It gives the doses that are due, does its tasks, and sees its reminders.

A story tells what decides; between two of its entries weeks may lie, in which a real ward would not sit still.
"""

import datetime as dt
from collections.abc import Collection, Iterator

from orchestrator.episode.commands import Acknowledge, Command, Complete, Give
from orchestrator.episode.items import Item, items
from orchestrator.pathway.model import Pathway
from orchestrator.service.scenario.world import Scene

DOSES, ALL = frozenset({"dose"}), frozenset({"dose", "task", "reminder"})
_AFTER = dt.timedelta(minutes=6)
"""So long after it was due a thing is done."""


def see_to(world: Scene, until: dt.datetime, kinds: Collection[str]) -> None:
    """Do what falls due up to a moment, each thing soon after its time, and leave what is refused.

    The clock goes along, no further than there. kinds: of items that are seen to.
    """
    tried: set[Item] = set()
    while (chore := _next(world, until, kinds, tried)) is not None:
        at, item = chore
        world.advance(at)
        if item is not None:
            tried.add(item)
            command = _command(item)
            world.act(command, _role(world.pathway, item, command))


def _next(
    world: Scene, until: dt.datetime, kinds: Collection[str], tried: Collection[Item]
) -> tuple[dt.datetime, Item | None] | None:
    """Return what is to be done next and when; no item where an alarm comes first, which may bring others."""
    episode, now = world.episode(), world.clock.now()
    waiting = (each for each in items(world.pathway, episode) if each.kind in kinds and each not in tried)
    found = [*_timed(waiting, now)]
    alarm = episode.next_due_at
    if alarm is not None and alarm > now:
        found.append((alarm, None))
    first = min(found, key=lambda each: (each[0], each[1] is None), default=None)
    return first if first is not None and first[0] <= until else None


def _timed(waiting: Iterator[Item], now: dt.datetime) -> Iterator[tuple[dt.datetime, Item | None]]:
    for each in waiting:
        if each.due_at is not None:
            yield max(each.due_at + _AFTER, now), each


def _command(item: Item) -> Command:
    if item.kind == "dose":
        return Give(item.name)
    return Complete(item.name) if item.kind == "task" else Acknowledge(item.key)


def _role(pathway: Pathway, item: Item, command: Command) -> str:
    """Return who does it: who owes it, or else the first who may."""
    may = pathway.permissions.get(command.kind, frozenset())
    return item.role if item.role in may else next((role for role in pathway.roles if role in may), item.role)
