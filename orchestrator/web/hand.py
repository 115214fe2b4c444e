"""What needs a hand now? Doses that are due, tasks, a choice to be made; each with whoever was reminded of it.

A reminder that is about none of them stands by itself.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.audit.story.speech import about
from orchestrator.episode.items import DECISION, DOSE, REMINDER, TASK, kind_of_thing, reminds_of, subject_of
from orchestrator.pathway.model import Pathway, ReminderKind
from orchestrator.saying import joined, said
from orchestrator.service.telling import Whole

SOON = dt.timedelta(hours=12)
"""A dose that is due within a shift is laid to hand."""
_FIRST = (DOSE, DECISION)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. kind: one of those above; key: by which its reminders name it; due_at: ISO 8601, or None.

    what: its title; row: of `episode.view`; role: that owes it first, empty for a reminder, which says itself who was
    told. reminders: open ones about it, of `episode.view` with what each is about.
    """

    kind: str
    key: str
    what: str
    due_at: str | None
    late: bool
    row: Json
    role: str = ""
    reminders: tuple[Json, ...] = ()


def items(whole: Whole) -> list[Item]:
    """Return what needs a hand: doses first, then a choice; of the rest overdue first, what has no time last."""
    now = whole.now
    if now["closed"]:
        return []
    found = [*_doses(whole), *_tasks(now, whole.at), *_decision(now)]
    told = [(_subject(whole.pathway, each), each) for each in _told(whole)]
    known = {(each.kind, each.key) for each in found}
    alone = [_alone(reminder) for subject, reminder in told if subject not in known]
    found = [
        replace(each, reminders=tuple(reminder for subject, reminder in told if subject == (each.kind, each.key)))
        for each in found
    ]
    return sorted([*found, *alone], key=_order)


def last_charted(whole: Whole) -> dict[int, Json]:
    """Return by its course each administration that can be taken back: the last that was recorded of its regimen."""
    last: dict[str, tuple[int, Json]] = {}
    for course in whole.story["courses"]:
        for dose in course["administrations"]:
            if dose["by"]:
                last[course["regimen"]] = course["id"], dose
    return dict(last.values())


def next_dose(course: Json) -> Json | None:
    """Return the administration of a course that is recorded next, or None."""
    return next(_planned(course), None)


def _asked(whole: Whole, reminder: Json) -> str:
    """Return what a reminder to come asks for; one of tasks that have none of their own says which are due then."""
    if whole.pathway.reminders[reminder["reminder"]].of != "tasks":
        return str(reminder["title"])
    due = [each["title"] for each in whole.now["tasks"] if each["due_at"] == reminder["at"] and _unminded(whole, each)]
    if not due:
        return str(reminder["title"])
    return said("%(title)s (%(what)s)", title=reminder["title"], what=joined("; ", due))


def _unminded(whole: Whole, task: Json) -> bool:
    return whole.pathway.tasks[task["task"]].reminder is None


def _beside(reminder: Json, kinds: Mapping[str, ReminderKind], doses: list[Json]) -> bool:
    """Tell whether a reminder says more than the dose beside which it would stand."""
    return kind_of_thing(kinds[reminder["reminder"]]) != DOSE and reminder["at"] not in {each["at"] for each in doses}


def is_due(dose: Json, at: dt.datetime) -> bool:
    """Return whether an administration is overdue, or is to be given within a shift."""
    return _read(dose["at"]) <= at + SOON


def to_come(whole: Whole) -> list[Json]:
    """Return what comes next after what is laid to hand: the next dose, and the next reminder, earliest first.

    Each: at, what, dose (an item's row, None for a reminder); a dose is told as itself, not by its reminder.
    """
    doses = sorted(_doses(whole, later=True), key=_order)
    rows: list[Json] = [{"at": each.due_at, "what": each.what, "dose": each.row} for each in doses[:1]]
    kinds = whole.pathway.reminders
    others = [each for each in whole.now.get("upcoming", ()) if _beside(each, kinds, rows)]
    rows += [{"at": each["at"], "what": _asked(whole, each), "dose": None} for each in others[:1]]
    return sorted(rows, key=lambda each: _read(each["at"]))


def _doses(whole: Whole, *, later: bool = False) -> Iterator[Item]:
    """Yield of each course in force the next administration if it is due; later: the next that is not yet."""
    for course in whole.now["courses"]:
        dose = _later(course, whole.at) if later else next_dose(course)
        if dose is not None and is_due(dose, whole.at) is not later:
            schedule = whole.pathway.regimens[course["regimen"]].schedule
            of = None if schedule is None or schedule.kind == "monthly" else len(course["administrations"])
            key = f"{course['regimen']} {course['course']}"
            row = {**dose, "regimen": course["regimen"], "how": course["how"], "of": of}
            row["confirmed"] = _confirmed_otherwise(whole, course["course"], dose)
            yield Item(DOSE, key, course["title"], dose["at"], _read(dose["at"]) < whole.at, row, course["role"])


def _confirmed_otherwise(whole: Whole, course_id: int, dose: Json) -> str:
    """Return how much a person confirmed where a measure that was recorded since makes another dose of it, or none."""
    courses = whole.story["courses"]
    told: list[Json] = next((each["administrations"] for each in courses if each["id"] == course_id), [])
    laid_out = [each["planned"] for each in told[: dose["number"]] if each["planned"] is not None]
    confirmed = laid_out[-1] if laid_out else None  # a course without end is laid out for some months: as the last
    if confirmed is None or confirmed["amount"] == dose.get("amount"):
        return ""
    return str(confirmed["words"])


def _later(course: Json, at: dt.datetime) -> Json | None:
    return next((each for each in _planned(course) if not is_due(each, at)), None)


def _planned(course: Json) -> Iterator[Json]:
    """Yield what is still to be given of a course, if it is in force."""
    return (each for each in course["administrations"] if each["status"] == "planned" and course["in_force"])


def _tasks(now: Json, at: dt.datetime) -> Iterator[Item]:
    for task in now["tasks"]:
        late = task["due_at"] is not None and _read(task["due_at"]) < at
        yield Item(TASK, task["task"], task["title"], task["due_at"], late, task, task["role"])


def _decision(now: Json) -> Iterator[Item]:
    if now["waits_since"]:
        yield Item(DECISION, "", "", now["waits_since"], False, now, now["waits_for"] or "")


def _told(whole: Whole) -> Iterator[Json]:
    """Yield the open reminders, with subject and what they are about as the story has it."""
    for each in whole.now["reminders"]:
        subject = subject_of(each["key"])
        yield {**each, "subject": subject, "about": about(whole.pathway, subject)}


def _subject(pathway: Pathway, reminder: Json) -> tuple[str, str]:
    """Return what a reminder is about, as an item's kind and key."""
    found = reminds_of(pathway, reminder["reminder"], reminder["key"])
    return (REMINDER, reminder["key"]) if found is None else (found.kind, found.subject)


def _alone(reminder: Json) -> Item:
    return Item(
        REMINDER, reminder["key"], reminder["title"], reminder["fired_at"], True, reminder, reminders=(reminder,)
    )


def _order(item: Item) -> tuple[int, dt.datetime, str]:
    place = _FIRST.index(item.kind) if item.kind in _FIRST else len(_FIRST)
    return place, _read(item.due_at), item.what


def _read(text: str | None) -> dt.datetime:
    return dt.datetime.max.replace(tzinfo=dt.UTC) if text is None else dt.datetime.fromisoformat(text)
