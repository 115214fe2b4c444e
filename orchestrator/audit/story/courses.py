"""What was planned to be given, and what was given? Every course, its administrations, and a taper's steps to draw."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.speech import amount, origin, plain, seconds, span
from orchestrator.episode import events as ev
from orchestrator.episode.courses import DAY, taper_days
from orchestrator.episode.model import GIVEN
from orchestrator.pathway.model import Pathway, Regimen

PUNCTUAL = 60
"""An administration that many seconds off its planned moment is on time."""
PLANNED, NOT_GIVEN = "planned", "not-given"


@dataclass(slots=True)
class _Course:
    """One course as it stands while the entries are read."""

    entry: Entry
    event: ev.CourseConfirmed
    recorded: list[tuple[Entry, ev.AdministrationRecorded]] = field(default_factory=list)
    retracted: list[dict[str, Any]] = field(default_factory=list)
    ended: tuple[Entry, str] | None = None
    answer: str | None = None


def courses(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the courses in the order of their confirmation.

    status: in-force, or how it ended. Each administration: number from 1, planned_at as confirmed, due_at as laid out
    anew from what was given before, at and status (given, missed, declined, planned, not-given), dose, formula, inputs,
    deviation in words. chart: the steps of a taper as planned and as given, else None.
    """
    found: dict[int, _Course] = {}
    for entry in entries:
        for event in entry.events:
            _take(found, entry, event)
    last = entries[-1].at if entries else dt.datetime.min.replace(tzinfo=dt.UTC)
    return [_row(course, pathway, last) for course in found.values()]


def _take(found: dict[int, _Course], entry: Entry, event: ev.Event) -> None:
    match event:
        case ev.CourseConfirmed():
            found[event.course] = _Course(entry, event)
        case ev.FactDecided():
            _answer(found, event.courses, event.value)
        case ev.DecisionTakenBack():
            _answer(found, event.courses, None)
        case _:
            course = found.get(getattr(event, "course", 0))
            if course is not None:  # its confirmation could be read
                _follow(course, entry, event)


def _follow(course: _Course, entry: Entry, event: ev.Event) -> None:
    match event:
        case ev.AdministrationRecorded():
            course.recorded.append((entry, event))
        case ev.AdministrationRetracted():
            _retract(course, entry, event)
        case ev.CourseEnded():
            course.ended = entry, event.end
        case ev.CourseReopened():
            course.ended = None


def _retract(course: _Course, entry: Entry, event: ev.AdministrationRetracted) -> None:
    course.recorded = course.recorded[:-1]
    course.retracted.append({**entry.stamp, "n": event.number + 1, "of": event.of, "reason": entry.reason})


def _answer(found: Mapping[int, _Course], answered: Iterable[int], value: str | None) -> None:
    for course in answered:
        if course in found:
            found[course].answer = value


def _row(course: _Course, pathway: Pathway, last: dt.datetime) -> dict[str, Any]:
    event, regimen = course.event, pathway.regimens[course.event.regimen]
    ended = course.ended
    return {
        "id": event.course,
        "regimen": event.regimen,
        "kind": regimen.kind,
        "confirmed": course.entry.stamp,
        "standing": event.standing,
        "reason": event.reason,
        "parameters": plain(event.parameters),
        "accepted": list(event.accepted),
        "start": instant(event.start),
        "status": "in-force" if ended is None else ended[1],
        "ended": None if ended is None else {**ended[0].stamp, "end": ended[1]},
        "answer": course.answer,
        "administrations": _administrations(course),
        "retracted": course.retracted,
        "chart": _chart(course, regimen, last),
        "origin": _origin(pathway, regimen, event.parameters),
    }


def _origin(pathway: Pathway, regimen: Regimen, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the regimen, its dose and its schedule come from, and what of it is a local value in this course."""
    dose, schedule, local = regimen.dose, regimen.schedule, []
    if schedule is not None and schedule.default_local and schedule.parameter and schedule.parameter not in parameters:
        local.append(
            {"what": f"{schedule.parameter.replace('_', ' ')}, when nobody chooses", "value": str(schedule.default)}
        )
    if schedule is not None and schedule.shape_local and "steps" not in parameters:
        local.append({"what": "the shape of the taper", "value": f"equal steps of {schedule.step_days} days"})
    return {
        "regimen": origin(pathway, regimen.mark),
        "dose": None if dose is None else origin(pathway, dose.mark),
        "schedule": None if schedule is None else origin(pathway, schedule.mark, local=bool(local)),
        "local": local,
    }


# administrations


def _administrations(course: _Course) -> list[dict[str, Any]]:
    plan: Sequence[Mapping[str, Any]] = course.event.plan or ()
    count = max(len(plan), len(course.recorded))
    return [
        _administration(
            number,
            plan[number] if number < len(plan) else None,
            course.recorded[number] if number < len(course.recorded) else None,
            course.ended,
        )
        for number in range(count)
    ]


def _administration(
    number: int,
    planned: Mapping[str, Any] | None,
    recorded: tuple[Entry, ev.AdministrationRecorded] | None,
    ended: tuple[Entry, str] | None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "n": number + 1,
        "planned_at": None if planned is None else instant(_moment(planned["at"])),
        "planned": None if planned is None else _dose(*(planned.get(key) for key in ("amount", "unit", "formula"))),
        "inputs": {} if planned is None else plain(planned.get("inputs") or {}),
        "due_at": None, "at": None, "status": NOT_GIVEN if ended else PLANNED, "given": None, "by": None,
        "off_seconds": None,
        "deviation": "the course ended before" if ended else "",
    }  # fmt: skip
    if recorded is None:
        return made
    entry, event = recorded
    given = event.status == GIVEN
    off = seconds(event.planned_at, event.at) if given else 0
    return made | {
        "due_at": instant(event.planned_at),
        "at": instant(event.at),
        "status": event.status,
        "given": _dose(event.amount, event.unit, event.formula) if given else None,
        "by": entry.stamp,
        "off_seconds": off if given else None,
        "deviation": _deviation(made, event, off),
    }


def _dose(quantity: str | None, unit: str | None, formula: str | None) -> dict[str, Any] | None:
    if quantity is None:
        return None
    return {"amount": quantity, "unit": unit, "words": amount(quantity, unit), "formula": formula}


def _deviation(planned: Mapping[str, Any], event: ev.AdministrationRecorded, off: int) -> str:
    """Return in words how it differs from what was planned; empty when it does not."""
    told = [] if event.status == GIVEN else [event.status]
    if abs(off) >= PUNCTUAL:
        told.append(f"{span(off)} {'late' if off > 0 else 'early'}")
    dose = planned["planned"]
    if event.status == GIVEN and dose is not None and dose["amount"] != event.amount:
        told.append(f"{amount(event.amount, event.unit)} instead of {dose['words']}")
    if planned["planned_at"] not in {None, instant(event.planned_at)}:
        told.append("laid out anew from what was given before")
    return "; ".join(told)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


# the taper's chart


def _chart(course: _Course, regimen: Regimen, last: dt.datetime) -> dict[str, Any] | None:
    """Return a taper's steps: planned to its end, given until it ended or the story does; None without amounts."""
    schedule = regimen.schedule
    plan: Sequence[Mapping[str, Any]] = course.event.plan or ()
    if schedule is None or schedule.kind != "taper" or not all(row.get("amount") for row in plan):
        return None
    end = course.event.start + taper_days(schedule, course.event.parameters) * DAY
    ends = [*(_moment(row["at"]) for row in plan[1:]), end]
    planned = [_step(_moment(row["at"]), until, row["amount"]) for row, until in zip(plan, ends, strict=True)]
    stopped = course.ended[0].at if course.ended else last
    starts: list[dt.datetime] = [event.at for _, event in course.recorded]
    given = [
        _step(event.at, max(event.at, min(until, stopped)), event.amount or "0")
        for (_, event), until in zip(course.recorded, [*starts[1:], _last_end(course, end)], strict=False)
        if event.status == GIVEN
    ]
    return {"unit": plan[0].get("unit"), "planned": planned, "given": given, "until": instant(stopped)}


def _last_end(course: _Course, end: dt.datetime) -> dt.datetime:
    """Return when the last step recorded ends, if nothing else ends it: as long after its planned moment as planned."""
    if not course.recorded:
        return end
    event, plan = course.recorded[-1][1], course.event.plan
    follows = event.number + 1
    planned_end = _moment(plan[follows]["at"]) if follows < len(plan) else end
    return event.at + (planned_end - _moment(plan[event.number]["at"]))


def _step(begin: dt.datetime, until: dt.datetime, quantity: str) -> dict[str, Any]:
    return {"at": instant(begin), "until": instant(until), "amount": quantity}
