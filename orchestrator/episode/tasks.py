"""Which work follows? A task opens when the episode comes to its stage, or when its condition begins to hold.

Noted as well: since when a condition holds from which a reminder counts. Everything else that follows: ``settle``.
"""

from orchestrator.episode import events as ev
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Task
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import Anchor, Guard, TaskKind


def enter(draft: Draft) -> None:
    """Open the tasks of the stage that the episode has just come to."""
    for kind in draft.pathway.tasks.values():
        entered = kind.entering == draft.episode.stage
        if entered and all(guard.holds(draft.values, draft.host) for guard in kind.guards):
            open_task(draft, kind)


def open_task(draft: Draft, kind: TaskKind) -> None:
    """Open a work item unless it is open already; one that is withdrawn in this very entry is due when it was."""
    if draft.episode.task(kind.name) is None:
        due_at = None if kind.due is None else draft.now + kind.due
        before = draft.before.task(kind.name) if draft.before is not None else None
        if before is not None and ev.TaskWithdrawn(kind.name) in draft.events:
            due_at = before.due_at
        draft.emit(ev.TaskOpened(kind.name, due_at, kind.mark.rules, kind.every is not None))


def open_tasks(draft: Draft) -> None:
    """Open the tasks whose condition begins to hold; withdraw one that followed from what is being taken back."""
    taken_back = draft.taken_back
    for kind in draft.pathway.tasks.values():
        if kind.entering is not None:
            continue
        values, host = draft.values, draft.host
        hold = {name for name, guard in kind.conditions.items() if guard.holds(values, host)}
        held = draft.episode.holding & kind.conditions.keys()
        if hold == held and not taken_back:
            continue
        for name in sorted(hold ^ held):
            draft.emit(_changed(draft, name, timed=kind.every is not None, holds=name in hold))
        ever = {name for name in hold if taken_back and _unchanged(draft, kind.conditions[name], taken_back)}
        if hold - held - ever:
            open_task(draft, kind)
        elif held - hold and taken_back and _followed(draft, kind, taken_back, hold - ever, ever):
            draft.emit(ev.TaskWithdrawn(kind.name))


def _unchanged(draft: Draft, guard: Guard, entry: int) -> bool:
    """Return whether a condition that holds held before ``entry`` too: of all that it reads nothing was recorded since.

    Of one that reads more than facts this is not known.
    """
    recordings = (draft.episode.facts.get(fact, ()) for fact in guard.facts)
    return guard.on_facts_alone and all(each[-1].seq < entry for each in recordings if each)


def _followed(draft: Draft, kind: TaskKind, entry: int, lately: set[str], ever: set[str]) -> bool:
    """Return whether the open task of this kind followed from what was recorded in ``entry`` and is taken back.

    lately, ever: the conditions that hold yet, from ``entry`` on and from before it. While one holds from before, a
    task opened later stays, whatever opened it: that work is called for still, and nothing owed may be lost.
    """
    task = draft.episode.task(kind.name)
    if task is None or lately or _opened_by_move(draft, kind):
        return False
    return task.seq == entry if ever else task.seq >= entry


def _opened_by_move(draft: Draft, kind: TaskKind) -> bool:
    """Return whether a move of this entry opens the task, whatever becomes of its condition."""
    openers = {row.name for row in draft.pathway.transitions if kind.name in row.opens}
    return any(isinstance(event, ev.Moved) and event.transition in openers for event in draft.events)


def reconsider(draft: Draft) -> bool:
    """Look again at the tasks that followed from what is taken back, once all else has followed; return whether any
    was touched. What nothing calls for now is withdrawn; what this entry opens anew is due when it was.
    """
    retracted = [event for event in draft.events if isinstance(event, ev.FactRetracted)]
    if not retracted and not draft.wound_back:
        return False  # a dose that is charted late winds back too, where it moves a day that was over
    touched = False
    for task in draft.episode.tasks:
        kind = draft.pathway.tasks[task.name]
        followed = task.seq in draft.wound_back or any(_followed_from(draft, task, kind, each) for each in retracted)
        if followed and not _stands(draft, kind):
            touched = True
            draft.emit(ev.TaskWithdrawn(task.name))
            if _opened_anew(draft, kind):
                open_task(draft, kind)
    return touched


def _stands(draft: Draft, kind: TaskKind) -> bool:
    """Return whether the episode as it stands calls for such a task, or the stage that it has gone back to."""
    if kind.entering is not None:
        back = (event.state for event in draft.events if isinstance(event, ev.DecisionTakenBack))
        return kind.entering in {stage_of(each) for each in back}
    return any(guard.holds(draft.values, draft.host) for guard in kind.guards)


def _opened_anew(draft: Draft, kind: TaskKind) -> bool:
    """Return whether a move or a check of this entry opens such a task."""
    fallen = (event.check for event in draft.events if isinstance(event, ev.CheckDue))
    by_check = any(kind.name in draft.pathway.checks[each].opens for each in fallen)
    return by_check or _opened_by_move(draft, kind) or (kind.entering is not None and _entered(draft, kind.entering))


def _entered(draft: Draft, stage: str) -> bool:
    """Return whether the episode came to a stage in this entry."""
    return any(isinstance(event, ev.Moved) and stage_of(event.target) == stage for event in draft.events)


def _followed_from(draft: Draft, task: Task, kind: TaskKind, retracted: ev.FactRetracted) -> bool:
    """Return whether the recording opened the task: by itself or by what was derived from it, and by nothing beside."""
    if task.seq != retracted.of:
        return False
    read = frozenset[str]().union(*(guard.facts for guard in kind.guards))
    derived = {each.fact for each in draft.pathway.derivations.values() if retracted.fact in each.sources}
    recorded = draft.episode.facts.items()
    beside = {fact for fact, made in recorded if any(each.seq == retracted.of and not each.derived for each in made)}
    return bool(read & {retracted.fact, *derived}) and not read & beside


def _holds(draft: Draft, anchor: Anchor) -> bool:
    if anchor.guard is not None:
        return anchor.guard.holds(draft.values, draft.host)
    return draft.episode.stage in anchor.stages


def _changed(draft: Draft, name: str, *, timed: bool, holds: bool) -> ev.ConditionChanged:
    """Return that a condition began or ceased to hold; one that holds again since something was taken back goes on."""
    taken_back = draft.wanted_before is not None
    return ev.ConditionChanged(name, holds, timed, again=holds and timed and taken_back and name in draft.episode.since)


def note_anchors(draft: Draft) -> None:
    """Note since when the conditions hold, or the episode is in the span of stages, from which reminders count."""
    for kind in draft.pathway.reminders.values():
        anchors = [anchor for anchor in kind.anchors if anchor.regimen is None]
        if anchors:
            holds = any(_holds(draft, anchor) for anchor in anchors)
            if holds != (kind.name in draft.episode.holding):
                draft.emit(_changed(draft, kind.name, timed=True, holds=holds))
