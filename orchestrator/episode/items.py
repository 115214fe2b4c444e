"""What is open in an episode, for worklists and diaries? And which of it is a reminder about?

Tasks, next doses, the decision it waits for, unanswered reminders.
"""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.episode.courses import open_slots
from orchestrator.episode.model import Course, Episode, Reminder
from orchestrator.pathway.model import Pathway, ReminderKind

TASK, DOSE, DECISION, REMINDER = "task", "dose", "decision", "reminder"
_OF = {"task": TASK, "tasks": TASK, "administrations": DOSE, "waiting": DECISION}
"""Of what a kind of reminder is, by what arms it, where that is an item itself."""
_WAITING = "waiting"


class Item(NamedTuple):
    """One open thing.

    kind: task, dose, decision or reminder; role: who owes it first; due_at: UTC, None when it has no time.
    """

    kind: str
    key: str
    name: str
    role: str
    due_at: dt.datetime | None


class Thing(NamedTuple):
    """What a reminder is about, where that stands on lists by itself: a task, a dose or the decision.

    kind, key: of that item, whether it is open or not.   subject: the task, or the course that the dose is one of.
    """

    kind: str
    key: str
    subject: str


def kind_of_thing(kind: ReminderKind) -> str:
    """Return of which kind of item such reminders are: task, dose or decision; empty where they are of none."""
    return TASK if kind.opens is not None else _OF.get(kind.of, "")


def reminds_of(pathway: Pathway, name: str, address: str) -> Thing | None:
    """Return what a reminder is about, None where that is no item. name, address: the reminder's, as its item has them.

    Everything that tells a reminder together with what it is about asks here.
    """
    kind = pathway.reminders.get(name)
    what = "" if kind is None else kind_of_thing(kind)
    if kind is None or not what:
        return None
    if what == DECISION:
        return Thing(DECISION, DECISION, "")
    subject = kind.opens or subject_of(address)
    return Thing(what, address.partition("#")[2] if what == DOSE else subject, subject)


def subject_of(address: str) -> str:
    """Return the subject in a reminder's address: a course's or task's key, or empty. See `Reminder.address`."""
    return address.partition("#")[2].rpartition("/")[0]


def items(pathway: Pathway, episode: Episode) -> tuple[Item, ...]:
    """Return what is open; nothing once the episode is closed."""
    if episode.closed:
        return ()
    return (
        *_tasks(pathway, episode),
        *_doses(pathway, episode),
        *_decision(pathway, episode),
        *_reminders(pathway, episode),
    )


def _first_role(pathway: Pathway, ladder: str) -> str:
    return pathway.ladders[ladder][0].role


def _tasks(pathway: Pathway, episode: Episode) -> Iterator[Item]:
    for task in episode.tasks:
        kind = pathway.tasks[task.name]
        due_at = task.due_at or _armed(episode, kind.reminder)
        yield Item(TASK, task.name, task.name, _first_role(pathway, kind.ladder), due_at)


def _armed(episode: Episode, name: str | None) -> dt.datetime | None:
    """Return when a reminder of this name first fires or fired, for a task that has its time from it."""
    first: dt.datetime | None = None
    for each in episode.reminders:
        if each.name == name:
            at = each.fired_at or each.due_at
            if at is not None and (first is None or at < first):
                first = at
    return first


def _doses(pathway: Pathway, episode: Episode) -> Iterator[Item]:
    for course in episode.courses:
        if course.in_force:
            for number, at in open_slots(pathway, course, episode.timezone)[:1]:
                yield Item(DOSE, dose_key(course, number), course.regimen, owes_dose(pathway, course.regimen), at)


def owes_dose(pathway: Pathway, regimen: str) -> str:
    """Return the role that is told first of a regimen's doses."""
    return _first_role(pathway, pathway.reminders[pathway.regimens[regimen].reminder].ladder)


def dose_key(course: Course, number: int) -> str:
    """Return what tells an administration of a course from its like. number: from 0."""
    return f"{course.regimen} {course.id}/{number}"


def _decision(pathway: Pathway, episode: Episode) -> Iterator[Item]:
    if episode.wait is not None:
        kind = _waiting(pathway)
        role = _first_role(pathway, kind.ladder) if kind else pathway.roles[0]
        yield Item(DECISION, DECISION, DECISION, role, _armed(episode, kind.name if kind else None))


def _waiting(pathway: Pathway) -> ReminderKind | None:
    """Return the kind that reminds of a decision, or None."""
    if _WAITING not in pathway.cache:
        kinds = pathway.reminders.values()
        pathway.cache[_WAITING] = next((each for each in kinds if each.of == "waiting"), None)
    found: ReminderKind | None = pathway.cache[_WAITING]
    return found


def _reminders(pathway: Pathway, episode: Episode) -> Iterator[Item]:
    for reminder in episode.reminders:
        if reminder.open:
            yield Item(REMINDER, reminder.address, reminder.name, _told_last(pathway, reminder), reminder.fired_at)


def _told_last(pathway: Pathway, reminder: Reminder) -> str:
    return pathway.ladders[reminder.ladder][max(reminder.told - 1, 0)].role
