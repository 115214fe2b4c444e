"""What comes of taking back what was recorded in error? Everything that follows from it is recomputed (X-20).

A move, a check or a response's decision is undone only while nothing rests on it: what was given stays given.
"""

import datetime as dt
from dataclasses import replace

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Retract
from orchestrator.episode.courses import c0, taper_end
from orchestrator.episode.derive import basis, derive, recent, ruling, still_follows
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals
from orchestrator.episode.model import COMPLETED, REPLACED, TAPERED, Course
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.episode.reminders import reopen
from orchestrator.episode.unwind import supported, unwind_administration, unwind_fact, unwind_unsupported
from orchestrator.episode.wants import wants
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.model import Derivation
from orchestrator.pathway.naming import regimen_title


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
    _follows_yet(draft, command.target)
    _need_right(draft, command, actor)
    _take_back(draft, command.target, recordings[-1].seq)
    for derivation in draft.pathway.derivations.values():
        if command.target in (derivation.fact, *derivation.sources):
            _derive_anew(draft, derivation, revealed=command.target == derivation.fact)


def _follows_yet(draft: Draft, fact: str) -> None:
    """Refuse to take back what would follow again at once: nobody recorded it, and what somebody did record stays."""
    derivation, current = draft.pathway.derivations.get(fact), draft.episode.current(fact)
    if derivation is None or current is None or not current.derived:
        return
    row = ruling(draft, derivation)
    if row is not None and row.value == current.value:
        known = ", ".join(basis(draft, derivation, row))
        raise InvalidCommand(f"{fact} follows from {known}: take back or correct that first")


def _take_back(draft: Draft, fact: str, of: int) -> None:
    before, stood, since = supported(draft), draft.episode.state, draft.episode.facts[fact][-1].at
    draft.emit(ev.FactRetracted(fact, of))
    reopen(draft, fact, of)
    unwind_fact(draft, fact, of)
    unwind_unsupported(draft, before)
    if draft.episode.state != stood:
        tapered = any(_taper_ended(draft, course, since) for course in draft.episode.courses)
        draft.missed = replace(draft.missed, taper_ending=tapered or draft.missed.taper_ending)


def _taper_ended(draft: Draft, course: Course, since: dt.datetime) -> bool:
    """Return whether a course was tapered to its end after ``since``."""
    tapered = taper_end(draft.pathway, course, draft.episode.timezone) is not None
    return tapered and course.end == COMPLETED and course.ended_at is not None and course.ended_at > since


def _derive_anew(draft: Draft, derivation: Derivation, *, revealed: bool) -> None:
    """Take back the derived values that follow no longer, with what they decided, and derive from what is left.

    revealed: the present value stood under what was taken back; undecided, it gives way to what is known now.
    """
    while (current := draft.episode.current(derivation.fact)) is not None and current.derived:
        if still_follows(draft, derivation, current):
            undecided = revealed and not current.spent and recent(draft, derivation)
            if ruling(draft, derivation) is None and not undecided:  # it has decided, or decides anew
                return
            break
        _take_back(draft, derivation.fact, current.seq)
    derive(draft, derivation.sources)


def _administration(draft: Draft, command: Retract, actor: Actor) -> None:
    """Take back the last administration, be it of a course before the last, of which nothing is recorded yet;
    a course that had ended with it is in force again, unless another of the regimen is.
    """
    courses = [course for course in draft.episode.courses if course.regimen == command.target]
    called = regimen_title(draft.pathway, command.target)
    if not courses:
        raise Refusal("no-such-course", f"there is no course of {called}")
    course = next((each for each in reversed(courses) if each.recorded), None)
    if course is None:
        raise InvalidCommand(f"no administration of {called} was recorded")
    if course.shortened or course.dropped and len(course.recorded) == 1:
        raise InvalidCommand(f"earlier administrations of {called} can no longer be taken back")
    _need_right(draft, command, actor)
    last = course.recorded[-1]
    draft.emit(ev.AdministrationRetracted(course.id, course.regimen, course.done - 1, last.seq))
    schedule = draft.pathway.regimens[course.regimen].schedule
    tapers = schedule is not None and schedule.kind == "taper"
    if course.end == COMPLETED and not tapers:
        draft.emit(ev.CourseReopened(course.id, course.regimen))
    _let_go_on(draft, draft.episode.course(course.id))
    unwind_administration(draft, draft.episode.course(course.id), last.seq)


def _let_go_on(draft: Draft, course: Course) -> None:
    """Let go on what the start of ``course`` replaced, now that it has still to start, or ended before it did."""
    unbegun = c0(draft.pathway, course, draft.episode.timezone) > (course.ended_at or draft.now)
    if unbegun and not course.recorded:  # what is recorded yet has replaced it already
        for other in draft.episode.courses:
            if other.end in {TAPERED, REPLACED} and not other.shortened and _made_way(draft, other, course):
                draft.emit(ev.CourseReopened(other.id, other.regimen))


def _made_way(draft: Draft, other: Course, course: Course) -> bool:
    """Return whether ``other`` ended at the start of ``course``, and its regimen is not in force anew."""
    if other.ended_at is None or other.ended_at < course.confirmed_at or draft.episode.in_force(other.regimen):
        return False
    rows = (row for row in draft.pathway.replaces if row.at == "start")
    return any(course.regimen in row.by and other.regimen in row.what for row in rows)


def _need_right(draft: Draft, command: Retract, actor: Actor) -> None:
    need_role(draft.pathway, actor, "retract")
    need_reason(command, "taking back what was recorded")
