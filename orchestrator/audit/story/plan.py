"""How does a course stand now? Its administrations as they are laid out anew from what was given, by the facts known.

The arithmetic is the engine's own (X-09), on a course made of the entries that can be read: a story agrees with what a
view of the episode shows, and can be told where other entries were erased.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.audit.story.entries import Entry
from orchestrator.episode import events as ev
from orchestrator.episode.model import Administration, Course
from orchestrator.pathway.kinds import stage_of

Recorded = tuple[Entry, ev.AdministrationRecorded]


def timezone_of(entries: Sequence[Entry]) -> str:
    """Return the episode's IANA zone, by which calendar months are counted; UTC when its enrolment was erased."""
    return next((event.timezone for entry in entries for event in entry.of(ev.Enrolled)), "UTC")


def known_values(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return the facts as they stand after the last entry; a fact that is unknown (again) is not among them."""
    standing: dict[str, tuple[Any, ...]] = {}
    for entry in entries:
        for event in entry.events:
            match event:
                case ev.FactRecorded(fact=fact, value=value):
                    standing[fact] = (*standing.get(fact, ()), value)
                case ev.FactRetracted(fact=fact):
                    standing[fact] = standing.get(fact, ())[:-1]
                case ev.FactExpired(fact=fact):
                    standing[fact] = (None,)
    return {fact: values[-1] for fact, values in standing.items() if values and values[-1] is not None}


def course_of(
    entry: Entry, event: ev.CourseConfirmed, start: dt.datetime, recorded: Iterable[Recorded], ended: dt.datetime | None
) -> Course:
    """Return the course as the engine has it. start: as laid out now; ended: when (UTC), None while it is in force."""
    done = tuple(Administration(each.status, each.at, each.planned_at, by.seq, each.amount) for by, each in recorded)
    return Course(
        event.course, event.regimen, entry.at, entry.seq, stage_of(entry.target), event.round, start,
        event.parameters, recorded=done, ended_at=ended, planned=event.planned,
    )  # fmt: skip
