"""What was planned to be given, and what was given? Every course, its administrations, and a taper's steps to draw."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.plan import course_of, known_values, timezone_of
from orchestrator.audit.story.speech import amount, origin, plain, seconds, span
from orchestrator.episode import events as ev
from orchestrator.episode.courses import Slot, moment, slots, taper_end
from orchestrator.episode.doses import Dosage, how_given
from orchestrator.episode.model import GIVEN, Course
from orchestrator.pathway.model import Pathway, Regimen
from orchestrator.saying import Said, joined, said

PUNCTUAL = 60
"""An administration that many seconds off its planned moment is on time."""
PLANNED, NOT_GIVEN = "planned", "not-given"
ANEW = said("laid out anew from what was given before")


@dataclass(frozen=True, slots=True)
class _Now:
    """What the story is told by: the pathway, the episode's zone, the facts as they stand, and to when it goes."""

    pathway: Pathway
    timezone: str
    values: Mapping[str, Any]
    until: dt.datetime


@dataclass(slots=True)
class _Course:
    """One course as it stands while the entries are read."""

    entry: Entry
    event: ev.CourseConfirmed
    start: dt.datetime
    recorded: list[tuple[Entry, ev.AdministrationRecorded]] = field(default_factory=list)
    retracted: list[dict[str, Any]] = field(default_factory=list)
    ended: tuple[Entry, str] | None = None
    answer: str | None = None

    def as_it_stands(self) -> Course:
        """Return the course as the engine has it."""
        ended = None if self.ended is None else self.ended[0].at
        return course_of(self.entry, self.event, self.start, self.recorded, ended)


def courses(entries: Sequence[Entry], pathway: Pathway, until: dt.datetime | None = None) -> list[dict[str, Any]]:
    """Return the courses in the order of their confirmation.

    status: in-force, or how it ended; how: see `doses.how_given`. Each administration: number from 1, planned_at and
    planned (the dose) as confirmed; due_at as laid out anew from what was given before; due, the dose by the facts as
    they stand, of one that is still to be given; at and status (given, missed, declined, planned, not-given), formula,
    inputs, deviation in words. until: to when what is in force goes on, the last entry's moment for None.
    chart: the steps of a taper as it is laid out now and as given, else None.
    """
    found: dict[int, _Course] = {}
    for entry in entries:
        for event in entry.events:
            _take(found, entry, event)
    last = entries[-1].at if entries else dt.datetime.min.replace(tzinfo=dt.UTC)
    now = _Now(pathway, timezone_of(entries), known_values(entries), last if until is None else max(last, until))
    return [_row(course, now) for course in found.values()]


def _take(found: dict[int, _Course], entry: Entry, event: ev.Event) -> None:
    match event:
        case ev.CourseConfirmed():
            found[event.course] = _Course(entry, event, event.start)
        case ev.FactDecided():
            _answer(found, event.courses, event.value)
        case ev.DecisionTakenBack():
            _answer(found, event.courses, None)
        case _:
            course = found.get(getattr(event, "course", 0))
            if course is not None:  # its confirmation could be read
                _put_off(found, course, entry, event)
                _follow(course, entry, event)


def _put_off(found: Mapping[int, _Course], course: _Course, entry: Entry, event: ev.Event) -> None:
    """Put off what follows a course by as much as its rest is laid out later, or no longer is."""
    match event:
        case ev.AdministrationRecorded():
            late = event.at - event.planned_at
        case ev.AdministrationRetracted() if course.recorded:
            late = course.recorded[-1][1].planned_at - course.recorded[-1][1].at
        case _:
            return
    for each in found.values():
        if late and each.event.follows == course.event.course:
            each.start = each.as_it_stands().put_off(late, entry.at).start


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


def _row(course: _Course, now: _Now) -> dict[str, Any]:
    event, regimen = course.event, now.pathway.regimens[course.event.regimen]
    ended, made = course.ended, course.as_it_stands()
    still = slots(now.pathway, made, now.timezone, now.values)[len(made.recorded) :]
    return {
        "id": event.course,
        "regimen": event.regimen,
        "title": regimen.called,
        "kind": regimen.kind,
        "confirmed": course.entry.stamp,
        "standing": event.standing,
        "reason": event.reason,
        "parameters": plain(event.parameters),
        "how": how_given(regimen, event.parameters),
        "accepted": list(event.accepted),
        "start": instant(event.start),
        "status": "in-force" if ended is None else ended[1],
        "ended": None if ended is None else {**ended[0].stamp, "end": ended[1]},
        "answer": course.answer,
        "administrations": _administrations(course, {slot.number: slot for slot in still}),
        "retracted": course.retracted,
        "chart": _chart(course, made, still, now),
        "origin": _origin(now.pathway, regimen, event.parameters),
    }


def _origin(pathway: Pathway, regimen: Regimen, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the regimen, its dose and its schedule come from, and what of it is a local value in this course."""
    dose, schedule, address = regimen.dose, regimen.schedule, f"regimens.{regimen.name}.schedule"
    local: list[dict[str, str]] = []
    if schedule is not None and schedule.default_local and schedule.parameter and schedule.parameter not in parameters:
        what = said("%(name)s, when nobody chooses", name=said(schedule.parameter.replace("_", " ")))
        local.append({"what": what, "value": str(schedule.default), "address": f"{address}.default"})
    if schedule is not None and schedule.shape_local and "steps" not in parameters:
        value = said("equal steps of %(n)s days", n=schedule.step_days)
        local.append({"what": said("the shape of the taper"), "value": value, "address": f"{address}.step_days"})
    return {
        "regimen": origin(pathway, regimen.mark),
        "dose": None if dose is None else origin(pathway, dose.mark),
        "schedule": None if schedule is None else origin(pathway, schedule.mark, local=bool(local)),
        "local": local,
    }


# administrations


def _administrations(course: _Course, still: Mapping[int, Slot]) -> list[dict[str, Any]]:
    plan: Sequence[Mapping[str, Any]] = course.event.plan or ()
    rows = []
    for number in range(max(len(plan), len(course.recorded), *(number + 1 for number in still))):
        row = _planned(number, plan[number] if number < len(plan) else None, course.ended)
        if number < len(course.recorded):
            row |= _recorded(row, *course.recorded[number])
        elif number in still:
            row |= _still(row, still[number])
        rows.append(row)
    return rows


def _planned(number: int, planned: Mapping[str, Any] | None, ended: tuple[Entry, str] | None) -> dict[str, Any]:
    return {
        "n": number + 1,
        "planned_at": None if planned is None else instant(_moment(planned["at"])),
        "planned": None if planned is None else _dose(*(planned.get(key) for key in ("amount", "unit", "formula"))),
        "inputs": {} if planned is None else plain(planned.get("inputs") or {}),
        "due_at": None, "due": None, "at": None, "status": NOT_GIVEN if ended else PLANNED, "given": None, "by": None,
        "off_seconds": None,
        "deviation": said("the course ended before") if ended else "",
    }  # fmt: skip


def _still(planned: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
    """Return when and how much an administration that is still to be given is, as things stand."""
    due_at, due = instant(slot.at.astimezone(dt.UTC)), _due(slot.dosage)
    told, dose = [], planned["planned"]
    if due is not None and dose is not None and dose["amount"] != due["amount"]:
        now, then = due["words"], dose["words"]
        told.append(said("%(now)s by the facts now known instead of %(then)s", now=now, then=then))
    if planned["planned_at"] not in {None, due_at}:
        told.append(ANEW)
    return {"due_at": due_at, "due": due, "deviation": joined("; ", told)}


def _due(dosage: Dosage | None) -> dict[str, Any] | None:
    made = None if dosage is None else _dose(dosage.text, dosage.unit, dosage.formula)
    return None if dosage is None or made is None else made | {"inputs": dict(dosage.inputs)}


def _recorded(planned: Mapping[str, Any], entry: Entry, event: ev.AdministrationRecorded) -> dict[str, Any]:
    given = event.status == GIVEN
    off = seconds(event.planned_at, event.at) if given else 0
    return {
        "due_at": instant(event.planned_at),
        "at": instant(event.at),
        "status": event.status,
        "given": _dose(event.amount, event.unit, event.formula) if given else None,
        "by": entry.stamp,
        "off_seconds": off if given else None,
        "deviation": _deviation(planned, event, off),
    }


def _dose(quantity: str | None, unit: str | None, formula: str | None) -> dict[str, Any] | None:
    if quantity is None:
        return None
    return {"amount": quantity, "unit": unit, "words": amount(quantity, unit), "formula": formula}


def _deviation(planned: Mapping[str, Any], event: ev.AdministrationRecorded, off: int) -> str:
    """Return in words how it differs from what was planned; empty when it does not."""
    told: list[str] = [] if event.status == GIVEN else [said(event.status)]
    if abs(off) >= PUNCTUAL:
        told.append(
            Said(f"{span(off)} late", "%(span)s too late", {"span": span(off)})
            if off > 0
            else said("%(span)s early", span=span(off))
        )
    dose = planned["planned"]
    if event.status == GIVEN and dose is not None and dose["amount"] != event.amount:
        given = amount(event.amount, event.unit)
        told.append(said("%(given)s instead of %(planned)s", given=given, planned=dose["words"]))
    if planned["planned_at"] not in {None, instant(event.planned_at)}:
        told.append(ANEW)
    return joined("; ", told)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


# the taper's chart


def _chart(course: _Course, made: Course, still: Sequence[Slot], now: _Now) -> dict[str, Any] | None:
    """Return a taper's steps: as it is laid out now, to its end, and given until it ended or the story does.

    None without amounts.
    """
    plan: Sequence[Mapping[str, Any]] = course.event.plan or ()
    end = taper_end(now.pathway, made, now.timezone)
    if end is None or not plan or not all(row.get("amount") for row in plan):
        return None
    amounts: list[str] = [row["amount"] for row in plan]
    for slot in still:
        amounts[slot.number] = amounts[slot.number] if slot.dosage is None else slot.dosage.text
    starts = [each.planned_at for each in made.recorded]
    starts += [moment(now.pathway, made, number, now.timezone) for number in range(len(starts), len(plan))]
    ends = [*starts[1:], end]
    stopped = now.until if course.ended is None else course.ended[0].at
    followed = [*(each.at for each in made.recorded[1:]), *ends[len(made.recorded) - 1 :]]
    return {
        "unit": plan[0].get("unit"),
        "planned": [_step(*each) for each in zip(starts, ends, amounts, strict=True)],
        "given": [
            _step(each.at, min(until, stopped), each.amount or "0")
            for each, until in zip(made.recorded, followed, strict=False)
            if each.status == GIVEN
        ],
        "until": instant(stopped),
    }


def _step(begin: dt.datetime, until: dt.datetime, quantity: str) -> dict[str, Any]:
    return {"at": instant(begin), "until": instant(max(begin, until)), "amount": quantity}
