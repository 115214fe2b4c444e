"""What of an episode must stand on paper, so that a ward can go on while everything is down? JSON-ready."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from orchestrator.episode.courses import Slot, slots, taper_end
from orchestrator.episode.doses import how_given
from orchestrator.episode.draft import Draft
from orchestrator.episode.items import DECISION, DOSE, REMINDER, TASK, Thing, dose_key, items, reminds_of
from orchestrator.episode.model import GIVEN, Course, Episode, Reminder
from orchestrator.episode.proposals import warnings
from orchestrator.episode.view import upcoming
from orchestrator.episode.wants import course_subject
from orchestrator.pathway.model import Pathway, WarningRow
from orchestrator.pathway.naming import regimen_called, regimen_title
from orchestrator.saying import joined, said

AHEAD = dt.timedelta(days=3)
"""So far ahead paper says what falls due: over a long weekend."""


def brief(pathway: Pathway, episode: Episode, now: dt.datetime) -> dict[str, Any]:
    """Return who owes what by when, overdue first; the courses in force; what was last given; what is warned of."""
    draft = Draft(pathway, episode, now)
    laid_out = [(course, slots(pathway, course, episode.timezone, draft.values)) for course in episode.courses]
    rows = [*_open_things(draft), *_doses(draft, laid_out), *_to_come(draft)]
    return {
        "pathway": pathway.title,
        "stage": episode.stage,
        "state": pathway.states[episode.state].title,
        "enrolled_at": _at(episode.enrolled_at),
        "rows": sorted(rows, key=lambda row: (row["due_at"] is None, row["due_at"])),
        "courses": [_course(draft, course, made) for course, made in laid_out if course.in_force],
        "last_given": _last_given(pathway, laid_out),
        "warnings": [
            pathway.warning_texts[row.name if isinstance(row, WarningRow) else row]
            for row in ([] if episode.closed else warnings(draft.host, draft.values, draft.table))
        ],
    }


def next_doses(pathway: Pathway, episode: Episode, now: dt.datetime) -> dict[str, tuple[str, int, int | None]]:
    """Return of the next dose of each course how much it is, its number from 1, and of how many, by its item's key.

    The amount is empty where none is stated, or a fact that it needs is not recorded; None is a course without end.
    """
    draft, made = Draft(pathway, episode, now), {}
    for course in episode.courses:
        laid_out = slots(pathway, course, episode.timezone, draft.values) if course.in_force else []
        slot = next((each for each in laid_out if each.status == "planned"), None)
        if slot is not None:
            made[dose_key(course, slot.number)] = (_amount(pathway, course, slot), slot.number + 1, course.planned)
    return made


def _at(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _row(draft: Draft, kind: str, what: str, role: str, due_at: dt.datetime | None) -> dict[str, Any]:
    overdue = kind != "comes" and due_at is not None and due_at < draft.now
    row = {"kind": kind, "what": what, "role": role, "due_at": _at(due_at), "overdue": overdue}
    return {**row, "note": "", "reminded_at": None}


def _open_things(draft: Draft) -> Iterator[dict[str, Any]]:
    """Yield tasks, the decision that is waited for, and what was reminded of besides."""
    pathway, reminders = draft.pathway, {each.address: each for each in draft.episode.reminders}
    for item in items(pathway, draft.episode):
        if item.kind == TASK:
            row = _row(draft, item.kind, pathway.tasks[item.name].title, item.role, item.due_at)
            yield {**row, "reminded_at": _reminded(draft, TASK, item.name)}
        elif item.kind == DECISION:
            row = _row(draft, item.kind, said("something is to be chosen, or recorded"), item.role, item.due_at)
            yield {**row, "note": _choices(draft), "reminded_at": _reminded(draft, DECISION, "")}
        elif item.kind == REMINDER and _of(draft, reminders[item.key]) is None:
            row = _row(draft, item.kind, pathway.reminders[item.name].title, item.role, item.due_at)
            yield {**row, "note": _about(draft, reminders[item.key]), "reminded_at": row["due_at"]}


def _of(draft: Draft, reminder: Reminder) -> Thing | None:
    """Return what a reminder is about that stands on the paper by itself: a task, a course's dose, the decision."""
    found = reminds_of(draft.pathway, reminder.name, reminder.address)
    if found is None or (found.kind == TASK and draft.episode.task(found.subject) is None):
        return None
    return None if found.kind == DECISION and draft.episode.wait is None else found


def _reminded(draft: Draft, kind: str, subject: str) -> str | None:
    """Return when somebody was reminded of it, if nobody has answered; of the doses of one course, of the first."""
    told = [(each.fired_at, _of(draft, each)) for each in draft.episode.reminders if each.open]
    fired = [at for at, found in told if found is not None and (found.kind, found.subject) == (kind, subject)]
    return _at(min((at for at in fired if at is not None), default=None))


def _about(draft: Draft, reminder: Reminder) -> str:
    """Return the course that a reminder is about, if any."""
    found = (each.regimen for each in draft.episode.courses if course_subject(each) == reminder.subject)
    return next((regimen_title(draft.pathway, regimen) for regimen in found), "")


def _choices(draft: Draft) -> str:
    """Return what can be chosen, and what must be known first."""
    proposed = draft.table.proposals.items()
    offered = [
        said("%(what)s (%(how)s)", what=regimen_title(draft.pathway, name), how=said(each.standing.value))
        for name, each in proposed
    ]
    missing = [draft.pathway.facts[name].label for name in sorted(draft.missing)]
    told = [said("proposed: %(what)s", what=joined(", ", offered))] if offered else []
    return joined("; ", [*told, *([said("not recorded: %(what)s", what=", ".join(missing))] if missing else [])])


def _doses(draft: Draft, laid_out: list[tuple[Course, list[Slot]]]) -> Iterator[dict[str, Any]]:
    """Yield the doses that are due, or will be while paper may have to do; of each course at least the next one."""
    role = {item.name: item.role for item in items(draft.pathway, draft.episode) if item.kind == DOSE}
    for course, made in laid_out:
        planned = [slot for slot in made if slot.status == "planned"]
        for slot in [*planned[:1], *(each for each in planned[1:] if each.at <= draft.now + AHEAD)]:
            number = said("dose %(n)s", n=slot.number + 1)
            if course.planned:
                number = said("dose %(n)s of %(of)s", n=slot.number + 1, of=course.planned)
            amount = _amount(draft.pathway, course, slot) or said(
                "dose not known: a fact that it needs is not recorded"
            )
            what = joined(" ", (regimen_title(draft.pathway, course.regimen), amount))
            row = _row(draft, DOSE, what, role.get(course.regimen, ""), slot.at)
            reminded = _reminded(draft, DOSE, course_subject(course)) if slot is planned[0] else None
            yield {**row, "note": number, "reminded_at": reminded}


def _amount(pathway: Pathway, course: Course, slot: Slot) -> str:
    """Return how much of it is given and how, such as ``32 g IV``; empty where that is not known."""
    dosage, how = slot.dosage, how_given(pathway.regimens[course.regimen], course.parameters)
    return "" if dosage is None else joined(" ", filter(None, (dosage.text, dosage.unit, how)))


def _to_come(draft: Draft) -> Iterator[dict[str, Any]]:
    """Yield what will be reminded of soon, nobody would say, and stands on the paper nowhere else."""
    kinds, ladders = draft.pathway.reminders, draft.pathway.ladders
    shown = {each.name for each in draft.episode.reminders if each.open or _of(draft, each) is not None}
    for name, at in upcoming(draft.pathway, draft.episode).items():
        if at <= draft.now + AHEAD and name not in shown:
            yield _row(draft, "comes", kinds[name].title, ladders[kinds[name].ladder][0].role, at)


def _course(draft: Draft, course: Course, made: list[Slot]) -> dict[str, Any]:
    given = sum(slot.status == GIVEN for slot in made) + course.dropped
    ends = taper_end(draft.pathway, course, draft.episode.timezone)
    return {
        **regimen_called(draft.pathway, course.regimen), "start": _at(course.start), "ends_at": _at(ends),
        "given": given, "planned": course.planned,
    }  # fmt: skip


def _last_given(pathway: Pathway, laid_out: list[tuple[Course, list[Slot]]]) -> dict[str, Any] | None:
    found = [
        (slot.at, course.regimen, _amount(pathway, course, slot))
        for course, made in laid_out
        for slot in made
        if slot.status == GIVEN
    ]
    if not found:
        return None
    at, regimen, amount = max(found, key=lambda each: each[:2])
    return {**regimen_called(pathway, regimen), "at": _at(at), "amount": amount}
