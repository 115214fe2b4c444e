"""How are things called on lists? By their pathway's titles, in few words."""

from collections.abc import Iterable, Sequence

from orchestrator.episode.items import REMINDER, TASK, reminds_of
from orchestrator.pathway.model import CLOSED_STAGE, Pathway
from orchestrator.pathway.naming import regimen_title
from orchestrator.service.rows import ItemRow


def item_words(pathway: Pathway, kind: str, name: str) -> str:
    """Return what an open thing is called; empty for a decision, which has no name but its kind."""
    if kind == TASK and name in pathway.tasks:
        return pathway.tasks[name].title
    if kind == REMINDER and name in pathway.reminders:
        return pathway.reminders[name].title
    return "" if kind == name else regimen_title(pathway, name)


def owed(pathway: Pathway, items: Sequence[ItemRow]) -> list[ItemRow]:
    """Return what is open, each thing once: not the reminder of a task, dose or decision that is open itself, unless
    that is due only later: what is late must not be told as if it were not.
    """
    standing = {(each.kind, each.key): each.due_at for each in items}

    def again(each: ItemRow) -> bool:
        found = reminds_of(pathway, each.name, each.key) if each.kind == REMINDER else None
        due_at = None if found is None else standing.get((found.kind, found.key))
        return due_at is not None and due_at <= each.due_at

    return [each for each in items if not again(each)]


def stage_order(pathways: Iterable[Pathway]) -> list[str]:
    """Return the open stages in which a patient of these pathways can be, in the order of the way."""
    found: dict[str, int] = {}
    for pathway in pathways:
        used = {state.stage for state in pathway.states.values()} - {CLOSED_STAGE}
        found |= {name: stage.index for name, stage in pathway.stages.items() if name in used}
    return sorted(found, key=lambda name: found[name])
