"""When are a course's administrations, and how much is each?

Laid out from the schedule, re-laid from what was really given.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

from orchestrator.episode.calendar import add_months
from orchestrator.episode.doses import Dosage, base_dose, scaled
from orchestrator.episode.model import GIVEN, Administration, Course, Episode
from orchestrator.pathway.kinds import Regimen, Schedule
from orchestrator.pathway.model import Pathway, Selector

DAY = dt.timedelta(days=1)
MONTHS_SHOWN = 3
"""A monthly course has no end: so many of its next administrations are laid out."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One administration of a course, recorded or still planned. number: from 0; at: given, or planned for."""

    number: int
    at: dt.datetime
    status: str
    dosage: Dosage | None
    recorded: Administration | None = None


def offset(schedule: Schedule, parameters: Mapping[str, Any], number: int) -> dt.timedelta:
    """Return when administration ``number`` (from 0) is planned, counted from the first."""
    if schedule.kind == "on_days":
        return (schedule.days[number] - schedule.days[0]) * DAY
    if schedule.kind == "taper":
        steps = parameters.get("steps")
        return (sum(step["days"] for step in steps[:number]) if steps else number * schedule.step_days) * DAY
    return number * schedule.every * DAY


def count(schedule: Schedule, parameters: Mapping[str, Any]) -> int:
    """Return how many administrations there are: days, sessions, or a taper's steps."""
    if schedule.kind == "on_days":
        return len(schedule.days)
    if schedule.kind != "taper":
        return length(schedule, parameters)
    steps = parameters.get("steps")
    return len(steps) if steps else -(-length(schedule, parameters) // schedule.step_days)


def length(schedule: Schedule, parameters: Mapping[str, Any]) -> int:
    """Return the chosen number of days or sessions, or the default."""
    chosen: int = parameters.get(schedule.parameter or "", schedule.default)
    return chosen


def taper_days(schedule: Schedule, parameters: Mapping[str, Any]) -> int:
    """Return the days of a taper: those of the steps that were entered, else the number chosen, else the default."""
    steps = parameters.get("steps")
    return sum(step["days"] for step in steps) if steps else length(schedule, parameters)


def dosed_days(schedule: Schedule, parameters: Mapping[str, Any]) -> int:
    """Return the days of a taper until it gives nothing any more: a step of nothing at its end lengthens none."""
    steps = parameters.get("steps")
    if not steps:
        return length(schedule, parameters)
    ends = accumulate(step["days"] for step in steps)
    return max((end for end, step in zip(ends, steps, strict=True) if Decimal(step["dose"])), default=0)


def planned_count(regimen: Regimen, parameters: Mapping[str, Any]) -> int | None:
    """Return how many administrations are laid out; None for none at all or without end."""
    if regimen.schedule is None or regimen.schedule.kind == "monthly":
        return None
    return count(regimen.schedule, parameters)


def moment(pathway: Pathway, course: Course, number: int, timezone: str) -> dt.datetime:
    """Return when administration ``number`` (from 0) is planned, re-laid from what was really given (X-09)."""
    schedule = pathway.regimens[course.regimen].schedule
    if schedule is None:
        return course.start
    if schedule.kind == "monthly":
        first = course.recorded[0] if course.recorded and course.recorded[0].status == GIVEN else None
        return add_months(first.at if first else course.start, number * schedule.every, timezone)
    return _relaid(schedule, course, offset(schedule, course.parameters, number))


def _relaid(schedule: Schedule, course: Course, planned: dt.timedelta) -> dt.datetime:
    for number in range(len(course.recorded) - 1, -1, -1):
        if course.recorded[number].status == GIVEN:
            return course.recorded[number].at + (planned - offset(schedule, course.parameters, number))
    return course.start + planned


def taper_end(pathway: Pathway, course: Course, timezone: str) -> dt.datetime | None:
    """Return the end of a taper, day D from its C0 (X-14, X-16), or None for any other course."""
    schedule = pathway.regimens[course.regimen].schedule
    if schedule is None or schedule.kind != "taper":
        return None
    return c0(pathway, course, timezone) + taper_days(schedule, course.parameters) * DAY


def c0(pathway: Pathway, course: Course, timezone: str) -> dt.datetime:
    """Return the course's C0: its first administration as given, or as planned,
    or its start where there are none (X-09).
    """
    for each in course.recorded:
        if each.status == GIVEN:
            return each.at
    if course.planned is None or len(course.recorded) >= course.planned:
        return course.start
    return moment(pathway, course, course.done, timezone)


def open_slots(pathway: Pathway, course: Course, timezone: str) -> list[tuple[int, dt.datetime]]:
    """Return number and moment of the administrations still to be recorded; of a monthly course the next one."""
    schedule = pathway.regimens[course.regimen].schedule
    if schedule is None or not course.in_force:
        return []
    done = course.done
    last = done + 1 if schedule.kind == "monthly" else course.planned or 0
    return [(number, moment(pathway, course, number, timezone)) for number in range(done, last)]


def dosage(pathway: Pathway, course: Course, number: int, values: Mapping[str, Any]) -> Dosage | None:
    """Return the dose of administration ``number`` by the facts as they are now;
    None when none is needed or an input is missing.
    """
    regimen = pathway.regimens[course.regimen]
    steps = course.parameters.get("steps")
    if steps:
        step = steps[number]
        unit = regimen.dose.unit if regimen.dose else None
        return Dosage(Decimal(step["dose"]), unit, "entered by the confirming clinician", {}, regimen.mark.sources)
    base = base_dose(pathway, regimen, course.parameters, values)
    if base is None or regimen.schedule is None or regimen.schedule.kind != "taper":
        return base
    steps_in_all = count(regimen.schedule, course.parameters)
    return scaled(base, steps_in_all - number, steps_in_all)


def slots(pathway: Pathway, course: Course, timezone: str, values: Mapping[str, Any]) -> list[Slot]:
    """Return every administration of a course in order:
    what was recorded as it was, what is planned as it is laid out now.
    """
    schedule = pathway.regimens[course.regimen].schedule
    done = [
        Slot(
            number + (course.dropped if number else 0),
            each.at,
            each.status,
            _recorded_dose(pathway, course, each),
            each,
        )
        for number, each in enumerate(course.recorded)
    ]
    if schedule is None or not course.in_force:
        return done
    last = course.done + MONTHS_SHOWN if schedule.kind == "monthly" else course.planned or 0
    return done + [
        Slot(number, moment(pathway, course, number, timezone), "planned", dosage(pathway, course, number, values))
        for number in range(course.done, last)
    ]


def _recorded_dose(pathway: Pathway, course: Course, recorded: Administration) -> Dosage | None:
    if recorded.amount is None:
        return None
    dose = pathway.regimens[course.regimen].dose
    unit = dose.unit if dose else None
    if unit is None:
        return Dosage(recorded.amount, None, "as given", {})
    return Dosage(Decimal(recorded.amount), unit, "as given", {})


def first_line(pathway: Pathway, episode: Episode) -> Course | None:
    """Return the episode's first course that is not supportive: first-line C0 is its C0 (X-09)."""
    return next((course for course in episode.courses if pathway.regimens[course.regimen].treats), None)


def courses_in_force(episode: Episode, selector: Selector) -> list[Course]:
    """Return the courses in force whose regimens ``selector`` names."""
    return [each for each in episode.courses if each.in_force and each.regimen in selector]
