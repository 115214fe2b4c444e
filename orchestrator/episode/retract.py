"""What comes of taking back what was recorded in error? Everything that follows from it is recomputed (X-20).

A move, a check or a response's decision is undone only while nothing rests on it: what was given stays given.
"""

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Retract
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals
from orchestrator.episode.model import COMPLETED
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.episode.reminders import reopen
from orchestrator.episode.unwind import unwind_checks, unwind_fact
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
        unwind_fact(draft, fact, of)


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
    if course.dropped and len(course.recorded) == 1:
        raise InvalidCommand(f"earlier administrations of {command.target} can no longer be taken back")
    _need_right(draft, command, actor)
    last = course.recorded[-1]
    draft.emit(ev.AdministrationRetracted(course.id, course.regimen, course.done - 1, last.seq))
    schedule = draft.pathway.regimens[course.regimen].schedule
    tapers = schedule is not None and schedule.kind == "taper"
    if course.end == COMPLETED and not tapers and draft.episode.in_force(course.regimen) is None:
        draft.emit(ev.CourseReopened(course.id, course.regimen))
    unwind_checks(draft, draft.episode.course(course.id))


def _need_right(draft: Draft, command: Retract, actor: Actor) -> None:
    need_role(draft.pathway, actor, "retract")
    need_reason(command, "taking back what was recorded")
