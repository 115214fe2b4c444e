"""What comes of taking back what was recorded in error? Everything that follows from it is recomputed (X-20).

A move, a check or a response's decision is undone only while nothing rests on it: what was given stays given.
"""

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Retract
from orchestrator.episode.courses import c0, first_line
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals, check_of
from orchestrator.episode.model import COMPLETED, Course
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.episode.reminders import reopen
from orchestrator.episode.wants import wants
from orchestrator.errors import InvalidCommand


def retract(draft: Draft, command: Retract, actor: Actor) -> Signals:
    """Take back the last recording of a fact, or the last administration recorded of a regimen."""
    draft.wanted_before = frozenset(want.key for want in wants(draft))
    take_back = _administration if command.target in draft.pathway.regimens else _recording
    take_back(draft, command, actor)
    return QUIET


def _recording(draft: Draft, command: Retract, actor: Actor) -> None:
    if command.target not in draft.pathway.facts:
        raise Refusal("unknown-fact", f"'{command.target[:60]}' is neither a fact nor a regimen")
    recordings = draft.episode.facts.get(command.target, ())
    if not recordings:
        raise InvalidCommand(f"{command.target} was never recorded")
    _need_right(draft, command, actor)
    of = recordings[-1].seq
    for fact in (command.target, *_derived_from(draft, command.target, of)):
        draft.emit(ev.FactRetracted(fact, of))
        reopen(draft, fact, of)
        _take_back_decision(draft, fact, of)


def _derived_from(draft: Draft, fact: str, of: int) -> list[str]:
    """Return the facts that were derived in entry ``of`` from the recording of ``fact``: they go with it."""
    return [
        each.fact
        for each in draft.pathway.derivations.values()
        if fact in each.sources
        and (last := draft.episode.facts.get(each.fact, ())[-1:])
        and last[0].derived
        and last[0].seq == of
    ]


def _administration(draft: Draft, command: Retract, actor: Actor) -> None:
    """Take back the last administration; a course that had ended with it is in force again."""
    courses = [course for course in draft.episode.courses if course.regimen == command.target]
    if not courses:
        raise Refusal("no-such-course", f"there is no course of {command.target}")
    course = draft.episode.in_force(command.target) or courses[-1]
    if not course.recorded:
        raise InvalidCommand(f"no administration of {command.target} was recorded")
    _need_right(draft, command, actor)
    last = course.recorded[-1]
    draft.emit(ev.AdministrationRetracted(course.id, course.regimen, len(course.recorded) - 1, last.seq))
    schedule = draft.pathway.regimens[course.regimen].schedule
    tapers = schedule is not None and schedule.kind == "taper"
    if course.end == COMPLETED and not tapers and draft.episode.in_force(course.regimen) is None:
        draft.emit(ev.CourseReopened(course.id, course.regimen))
    _withdraw_check(draft, draft.episode.course(course.id))
    _withdraw_first_checks(draft)


def _need_right(draft: Draft, command: Retract, actor: Actor) -> None:
    need_role(draft.pathway, actor, "retract")
    need_reason(command, "taking back what was recorded")


def _take_back_decision(draft: Draft, fact: str, of: int) -> None:
    """Undo what the recording of ``fact`` in entry ``of`` decided or moved; its courses are unanswered again."""
    decided = draft.episode.decided
    if decided is None or decided.fact != fact or decided.seq != of:
        if decided is None or decided.entry != of:
            _take_back_move(draft, of)
        return
    if _rested_upon(draft, decided.entry) or draft.episode.entered_seq > decided.entry:
        draft.emit(ev.DecisionTakenBack(draft.episode.state, decided.courses, (), relapse=False))
        return
    draft.emit(ev.DecisionTakenBack(decided.origin, decided.courses, decided.ended, decided.relapse))
    for course_id in decided.ended:
        draft.emit(ev.CourseReopened(course_id, draft.episode.course(course_id).regimen))
    _withdraw_tasks(draft, decided.entry)


def _withdraw_check(draft: Draft, course: Course) -> None:
    """Undo a check that fell due by a dose that was taken back, and the move that it made."""
    check = check_of(draft.pathway, course.regimen)
    if check is None or not course.checked:
        return
    if c0(draft.pathway, course, draft.episode.timezone) + check.after > draft.now:
        draft.emit(ev.CheckWithdrawn(check.name, course.id))
        _take_back_move(draft, course.checked)


def _withdraw_first_checks(draft: Draft) -> None:
    """Do the same for the checks that count from the first treatment."""
    first = first_line(draft.pathway, draft.episode)
    for check in draft.pathway.checks.values():
        fell = draft.episode.checked.get(check.name)
        if check.selector is not None or fell is None or first is None:
            continue
        if c0(draft.pathway, first, draft.episode.timezone) + check.after > draft.now:
            draft.emit(ev.CheckWithdrawn(check.name, 0))
            _take_back_move(draft, fell)


def _take_back_move(draft: Draft, entry: int) -> None:
    """Undo the move that entry ``entry`` made, with its tasks, unless another followed or something rests on it."""
    episode = draft.episode
    if episode.entered_seq == entry and episode.came_from and not _rested_upon(draft, entry):
        draft.emit(ev.DecisionTakenBack(episode.came_from, (), ()))
        _withdraw_tasks(draft, entry)


def _rested_upon(draft: Draft, entry: int) -> bool:
    """Return whether a treatment was confirmed after entry ``entry``."""
    regimens = draft.pathway.regimens
    return any(course.seq > entry and regimens[course.regimen].treats for course in draft.episode.courses)


def _withdraw_tasks(draft: Draft, entry: int) -> None:
    """Withdraw the tasks that a move in ``entry`` opened; those of a condition go when it ceases to hold."""
    for task in draft.episode.tasks:
        if task.seq == entry and not any(name.partition("/")[0] == task.name for name in draft.episode.holding):
            draft.emit(ev.TaskWithdrawn(task.name))
