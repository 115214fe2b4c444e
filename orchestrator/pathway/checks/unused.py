"""What stands in a pathway's own file and never comes to anything? Options that never show, tasks that nothing opens,
reminders that nothing arms, definitions that nobody uses.

A shared element is judged over all pathways together, see ``words``.
"""

from collections.abc import Iterator

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import (
    asked,
    conditions,
    fault,
    marked,
    own_stages,
    shown_in,
    written,
)
from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.checks.possible import can_hold
from orchestrator.pathway.expression import Call, Defined, Literal
from orchestrator.pathway.model import CLOSED_STAGE, Pathway, ReminderKind, TaskKind

_ASKING = ("due", "falling_due")
_VERBS = {
    "standing": "this standing of {} can never show", "move": "the move '{}' can never be made",
    "warning": "the warning '{}' can never show", "offer": "the offer '{}' can never show",
    "task": "a condition of task '{}' can never hold", "reminder": "the reminder '{}' can never be armed",
    "derivation": "the row {} can never be derived",
}  # fmt: skip


def faults(pathway: Pathway, file: str) -> Iterator[PathwayError]:
    """Yield what never comes to anything, of the elements that stand in ``file``."""
    yield from (each for each in never(pathway) if each.file == file)


def never(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield what never comes to anything on this pathway, shared elements too."""
    for check in (_guards, _stages, _spoken, _work):
        yield from check(pathway)


def _guards(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the rows whose guard contradicts itself, or that stand in no stage of the pathway."""
    for row in asked(pathway):
        what = _VERBS[row.kind].format(row.name)
        if not row.stages:
            stages = ", ".join(sorted(own_stages(pathway)))
            yield fault(f"{what}: the pathway has no state in its stages", row.mark, f"it has {stages}")
        elif not can_hold(row.guard, row.stages):
            yield fault(f"{what}: its guard never holds", row.mark, "correct when: or unless:, or drop it")


def _stages(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the rows that name a stage beside others that the pathway does not have."""
    own = own_stages(pathway)
    every = frozenset(pathway.stages) - {CLOSED_STAGE}
    rows = [(row.selector.text, row.stages, row.mark) for row in pathway.standings]
    rows += [(row.name, row.stages, row.mark) for row in pathway.warnings]
    for name, stages, mark in rows:
        absent = stages - own - {CLOSED_STAGE}
        if absent and stages != every and shown_in(pathway, stages):
            what = f"the row of {name} names {', '.join(sorted(absent))}, where the pathway has no state"
            yield fault(what, mark, f"it has {', '.join(sorted(own))}")


def _spoken(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the definitions and values that no condition uses, and the checks of which nothing comes."""
    nodes = [node for each in conditions(pathway) for node in written(each.tree)]
    used = {node.name for node in nodes if isinstance(node, Defined | Literal)}
    for word, named in (("definition", pathway.definitions), ("value", pathway.values)):
        for each in (each for each in named.values() if each.name not in used):
            yield fault(f"the {word} '{each.name}' is used nowhere", each.mark, "use it, or drop it")
    calls = (node for node in nodes if isinstance(node, Call) and node.name in _ASKING)
    asked_for = {str(node.arguments[0].value) for node in calls}
    for check in pathway.checks.values():
        if check.name not in asked_for and not check.ends and not check.opens:
            what = f"nothing comes of check '{check.name}': no guard asks for it, it ends and opens nothing"
            yield fault(what, check.mark, f"ask for falling_due('{check.name}') or due('{check.name}'), or drop it")


# tasks and reminders


def _work(pathway: Pathway) -> Iterator[PathwayError]:
    opened = _opened(pathway)
    for task in pathway.tasks.values():
        if task.name not in opened:
            what = f"nothing opens task '{task.name}'"
            yield fault(what, task.mark, "give it when: or entering:, let something open it (opens:), or drop it")
    for kind in pathway.reminders.values():
        why = unarmed(pathway, kind, opened)
        if why:
            yield fault(f"the reminder '{kind.name}' can never be armed: {why}", kind.mark, "correct it, or drop it")


def _opened(pathway: Pathway) -> set[str]:
    found: set[str] = {task.name for task in pathway.tasks.values() if _opens_itself(pathway, task)}
    for element in marked(pathway):
        opens = getattr(element, "opens", None)
        found |= {opens} if isinstance(opens, str) else set(opens or ())
    return found


def _opens_itself(pathway: Pathway, task: TaskKind) -> bool:
    if task.entering is not None:
        return task.entering in own_stages(pathway)
    return task.of_administrations or bool(task.guards)


def unarmed(pathway: Pathway, kind: ReminderKind, opened: frozenset[str] | set[str]) -> str:
    """Return why a reminder can never be armed, or an empty text."""
    offered = options(pathway) | frozenset(pathway.lines)
    regimens = [pathway.regimens[each] for each in offered]
    tapers = any(each.schedule is not None and each.schedule.kind == "taper" for each in regimens)
    unarmed_by = {
        "task": kind.task not in opened and f"nothing opens the task '{kind.task}'",
        "administrations": all(each.reminder != kind.name or each.schedule is None for each in regimens)
        and "no regimen of the pathway names it",
        "course": kind.selector is not None and not kind.selector.regimens & offered
        and f"the pathway never proposes {kind.selector.text}",
        "steps": not tapers and "no regimen of the pathway is tapered",
        "taper-ends": not tapers and "no regimen of the pathway is tapered",
        "recurring": _without_anchor(pathway, kind, offered) and "the pathway has neither its stages nor its courses",
        "unchecked-courses": not kind.stages & own_stages(pathway) and "the pathway has no state in its stages",
    }  # fmt: skip
    return str(unarmed_by.get(kind.of) or "")


def _without_anchor(pathway: Pathway, kind: ReminderKind, offered: frozenset[str]) -> bool:
    stages = own_stages(pathway)
    return bool(kind.anchors) and not any(
        anchor.regimen in offered or anchor.stages & stages or anchor.guard is not None for anchor in kind.anchors
    )
