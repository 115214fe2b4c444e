"""Is anybody told of an episode that stays where it is? No state waits without a timer or a task, and none of those
is told to nobody.
"""

from collections.abc import Iterator

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import fault, shown_in
from orchestrator.pathway.checks.moves import reached_stages
from orchestrator.pathway.checks.possible import can_hold, stages_of
from orchestrator.pathway.model import Guard, Pathway, ReminderKind, Standing, State, TaskKind

_TIMED = "add waits:, a task that entering it opens, or a reminder"


def faults(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the states in which an episode could be forgotten, and the tasks of which nobody is told."""
    told = any(kind.of == "waiting" for kind in pathway.reminders.values())
    reached = reached_stages(pathway)
    for state in pathway.states.values():
        waits = state.stage in reached and _waits(pathway, state)
        if state.stage not in reached or (waits and told) or _timed(pathway, state.stage):
            continue
        if not waits:
            what = f"nobody is told of an episode that stays in '{state.name}': it does not wait there, "
            yield fault(f"{what}and has neither a timer nor a task", state.mark, _TIMED)
        else:
            what = f"'{state.name}' waits without a timer or a task, and no reminder tells of what waits"
            yield fault(what, state.mark, "add a reminder with of: waiting")
    yield from _tasks(pathway)


def _waits(pathway: Pathway, state: State) -> bool:
    """Return whether an episode can wait in a state for a person: as the state says, or for a recommendation's sake."""
    if state.waits is not None and can_hold(Guard(state.waits), frozenset((state.stage,))):
        return True
    rows = (row for row in pathway.standings if row.standing is Standing.RECOMMENDED)
    return any(state.stage in shown_in(pathway, row.stages) and can_hold(row.guard) for row in rows)


def _timed(pathway: Pathway, stage: str) -> bool:
    """Return whether something of a time of its own begins with the stage: a reminder, or a task that is told."""
    if any(_begins(pathway, kind, stage) for kind in pathway.reminders.values()):
        return True
    return any(_opens(pathway, task, stage) and _told(pathway, task) for task in pathway.tasks.values())


def _opens(pathway: Pathway, task: TaskKind, stage: str) -> bool:
    """Return whether the stage opens a task: on entering, by its condition, or with every move that leads there."""
    if task.entering is not None:
        return task.entering == stage
    into = [row for row in pathway.transitions if stage in {row.target, row.through}]
    if into and all(task.name in row.opens for row in into) and pathway.states[pathway.initial].stage != stage:
        return True
    return any(stage in _tied(guard) for guard in task.guards)


def _begins(pathway: Pathway, kind: ReminderKind, stage: str) -> bool:
    """Return whether a reminder's time begins with the stage, or with a course that leads to it."""
    if kind.of == "recurring":
        return any(stage in anchor.stages | _tied(anchor.guard) for anchor in kind.anchors)
    if kind.of == "course" and kind.selector is not None:
        return any(pathway.lines.get(regimen) == stage for regimen in kind.selector.regimens)
    return stage in _tied(kind.guard)


def _tied(guard: Guard | None) -> frozenset[str]:
    return frozenset() if guard is None else stages_of(guard)


# tasks


def _tasks(pathway: Pathway) -> Iterator[PathwayError]:
    for task in pathway.tasks.values():
        if task.of_administrations:
            continue
        if task.reminder is not None and task.reminder not in pathway.reminders:
            what = f"task '{task.name}' names the unknown reminder '{task.reminder}'"
            yield fault(what, task.mark, "name one of the reminders, or drop reminder:")
        elif task.reminder is None and task.due is None:
            what = f"task '{task.name}' has neither a due time nor a reminder of its own"
            yield fault(what, task.mark, "add due: or reminder:")
        elif not _told(pathway, task):
            yield fault(f"nobody is told of task '{task.name}'", task.mark, _untold(task))


def _told(pathway: Pathway, task: TaskKind) -> bool:
    if task.reminder is None:
        return task.due is not None and any(kind.of == "tasks" for kind in pathway.reminders.values())
    kind = pathway.reminders.get(task.reminder)
    return kind is not None and _speaks_of(kind, task.name)


def _speaks_of(kind: ReminderKind, task: str) -> bool:
    return task in {kind.task, kind.opens, kind.until.task if kind.until is not None else None}


def _untold(task: TaskKind) -> str:
    if task.reminder is None:
        return "add a reminder with of: tasks, or name one of its own"
    return f"let the reminder '{task.reminder}' name it (task:, opens: or until: {{completed: {task.name}}})"
