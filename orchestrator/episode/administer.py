"""What comes of an administration that is recorded as given, missed or declined?"""

import datetime as dt

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Decline, Give, Miss
from orchestrator.episode.courses import dosage, moment
from orchestrator.episode.doses import missing_inputs
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals
from orchestrator.episode.model import DECLINED, GIVEN, MISSED, Course
from orchestrator.episode.refusal import Refusal, need_role
from orchestrator.episode.unwind import unwind_checks
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.naming import regimen_title


def give(draft: Draft, command: Give, actor: Actor) -> Signals:
    """Record the next planned administration as given."""
    course = _next(draft, command.regimen)
    given_at = command.given_at or draft.now
    if given_at > draft.now:
        raise InvalidCommand("the time at which the dose was given lies in the future")
    if any(each.status == GIVEN and given_at <= each.at for each in course.recorded):
        raise InvalidCommand(
            "the time at which the dose was given lies before that of the dose before it: "
            "if that one was charted with a wrong time, take it back first"
        )
    need_role(draft.pathway, actor, "give")
    regimen = draft.pathway.regimens[course.regimen]
    needed = missing_inputs(draft.pathway, regimen, course.parameters, draft.values)
    if needed:
        raise Refusal("missing-input", f"the dose of {regimen.called} needs {', '.join(needed)}")
    record_given(draft, course, given_at)
    unwind_checks(draft, draft.episode.course(course.id))
    return QUIET


def record_given(draft: Draft, course: Course, at: dt.datetime) -> None:
    """Note the course's next administration as given at ``at``, with its dose by the facts as they are now."""
    number = course.done
    dose = dosage(draft.pathway, course, number, draft.values)
    planned_at = moment(draft.pathway, course, number, draft.episode.timezone)
    amount, unit, formula = (dose.text, dose.unit, dose.formula) if dose else (None, None, None)
    draft.emit(
        ev.AdministrationRecorded(course.id, course.regimen, number, GIVEN, at, planned_at, amount, unit, formula)
    )


def miss(draft: Draft, command: Miss, actor: Actor) -> Signals:
    """Record the next planned administration as missed."""
    return _not_given(draft, command.regimen, MISSED, "miss", actor)


def decline(draft: Draft, command: Decline, actor: Actor) -> Signals:
    """Record the next planned administration as declined by the patient."""
    return _not_given(draft, command.regimen, DECLINED, "decline", actor)


def _not_given(draft: Draft, regimen: str, status: str, action: str, actor: Actor) -> Signals:
    course = _next(draft, regimen)
    need_role(draft.pathway, actor, action)
    number = course.done
    planned_at = moment(draft.pathway, course, number, draft.episode.timezone)
    draft.emit(ev.AdministrationRecorded(course.id, regimen, number, status, planned_at, planned_at))
    unwind_checks(draft, draft.episode.course(course.id))
    return QUIET


def course_in_force(draft: Draft, regimen: str) -> Course:
    """Return the course of ``regimen`` in force; refuses an unknown regimen, and one without a course."""
    if regimen not in draft.pathway.regimens:
        raise InvalidCommand(f"unknown regimen '{regimen[:60]}'")
    course = draft.episode.in_force(regimen)
    if course is None:
        raise Refusal("no-such-course", f"no course of {regimen_title(draft.pathway, regimen)} is in force")
    return course


def _next(draft: Draft, regimen: str) -> Course:
    course = course_in_force(draft, regimen)
    called, schedule = regimen_title(draft.pathway, regimen), draft.pathway.regimens[regimen].schedule
    if schedule is None:
        raise InvalidCommand(f"{called} has no administrations that could be recorded")
    if course.planned is not None and len(course.recorded) >= course.planned:
        raise InvalidCommand(f"every administration of {called} is already recorded")
    return course
