"""What did happen to one patient, as far as it decides the future? The episode: immutable, made by folding events.

All moments are aware UTC datetimes. History is in the entries; here is only what a later decision can depend upon.
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from orchestrator.pathway.kinds import CLOSED_STAGE, stage_of

NOTHING: Mapping[str, Any] = MappingProxyType({})
GIVEN, MISSED, DECLINED = "given", "missed", "declined"
COMPLETED, STOPPED, REPLACED = "completed", "stopped", "replaced"
TAPERED, CLOSED, REVIEWED = "tapered", "closed", "reviewed"


class Recorded(NamedTuple):
    """One recording of a fact. value: as the fact's type has it, None for 'unknown again'."""

    value: Any
    seq: int
    at: dt.datetime
    expired: bool = False
    """Another course was confirmed since; the value no longer counts (X-11)."""
    spent: bool = False
    """The value has decided (X-11)."""
    derived: bool = False
    """It follows from other facts; a person's own entry is not."""


class Administration(NamedTuple):
    """One administration that was recorded. at: when it was given, or for which moment it was planned."""

    status: str
    at: dt.datetime
    planned_at: dt.datetime
    seq: int
    amount: str | None = None


class Course(NamedTuple):
    """One patient's run of a regimen."""

    id: int
    regimen: str
    confirmed_at: dt.datetime
    seq: int
    stage: str
    """The stage in which the episode was once the course had been confirmed."""
    round: int
    start: dt.datetime
    """When its first administration is planned: as at confirmation, or later by as much as what it follows."""
    parameters: Mapping[str, Any]
    recorded: tuple[Administration, ...] = ()
    ended_at: dt.datetime | None = None
    end: str | None = None
    answer: str | None = None
    """The response that decided on this course."""
    checked: int = 0
    """The entry in which its check fell due, or 0."""
    baseline: Mapping[str, str] = NOTHING
    """Ordered facts as they stood at confirmation."""
    accepted: tuple[str, ...] = ()
    """Concerns (gates that refuse, contraindications) that a person has accepted."""
    planned: int | None = None
    """Number of administrations laid out; None for none or without end."""
    offered: tuple[str, ...] = ()
    """What was recommended when it was confirmed: the person chose in view of that."""
    dropped: int = 0
    """So many recorded administrations after the first are no longer kept here, of a course without end."""
    follows: int = 0
    """The course after whose last administration it starts, or 0: where that is re-laid, this is too (X-14)."""
    taken_back: bool = False
    """An administration of it was retracted: where nothing else is recorded, that is no silence."""

    @property
    def in_force(self) -> bool:
        """Return whether the course has not ended (X-16)."""
        return self.ended_at is None

    @property
    def done(self) -> int:
        """Return how many administrations were recorded: the number, from 0, of the next one."""
        return len(self.recorded) + self.dropped

    @property
    def shortened(self) -> bool:
        """Return whether of a course that ended long ago no more than its first and its last dose are kept."""
        return bool(self.recorded) and not self.recorded[0].seq

    @property
    def counts(self) -> bool:
        """Return whether it counts as given: confirmed, and not every administration missed, declined or retracted
        (X-11).

        Ended before its time, what was never recorded is not to come any more. Of silence it counts: so it does where
        a taper has run to its last day, whatever was recorded of its other steps. Of a course without end not all that
        was recorded is kept.
        """
        if self.in_force and (self.planned is None or len(self.recorded) < self.planned):
            return True
        if self.end == COMPLETED and self.planned is not None and self.done < self.planned:
            return True
        if not self.recorded:
            return self.dropped > 0 or not self.taken_back or self.end == COMPLETED
        return self.dropped > 0 or any(each.status == GIVEN for each in self.recorded)

    def put_off(self, late: dt.timedelta, now: dt.datetime) -> "Course":
        """Return it laid out ``late`` later, never before its confirmation; as it is once it has begun or ended."""
        if self.recorded or not self.in_force or self.start <= now:
            return self
        return self._replace(start=max(self.start + late, self.confirmed_at))


class Task(NamedTuple):
    """An open work item."""

    name: str
    seq: int
    opened_at: dt.datetime
    due_at: dt.datetime | None


class Reminder(NamedTuple):
    """One reminder, armed or fired. Its key is (name, subject, n); subject: a course's or task's key, or empty."""

    name: str
    subject: str
    n: int
    ladder: str
    order: tuple[int, int]
    """Entry and place in it that armed it: ties of due moments go by this."""
    due_at: dt.datetime | None
    """When it fires (again); None when nothing more is to come."""
    fired_at: dt.datetime | None = None
    climb_at: dt.datetime | None = None
    """When the next rung is told; None when the climb has ended."""
    told: int = 0
    """Rungs told since it fired, or passed over."""
    acknowledged: bool = False
    fulfilled_by: int | None = None
    """The entry that fulfilled it."""
    over: bool = False
    """A later one of its series has taken its place."""
    skipped: tuple[int, ...] = ()
    """Of the rungs told since it fired those that were passed over, from 0: nobody held them."""

    @property
    def key(self) -> tuple[str, str, int]:
        """Return name, subject and number."""
        return self.name, self.subject, self.n

    @property
    def address(self) -> str:
        """Return the key as one text, as an acknowledgement takes it: ``name#subject/n``."""
        return f"{self.name}#{self.subject}/{self.n}"

    @property
    def open(self) -> bool:
        """Return whether it has fired and nobody has answered."""
        return self.fired_at is not None and self.fulfilled_by is None and not self.over and not self.acknowledged


class Wait(NamedTuple):
    """The episode waits for a person's choice or a fact, since ``at``; ``what`` tells one wait from the next."""

    what: str
    seq: int
    at: dt.datetime


class Turn(NamedTuple):
    """What one entry turned: a move, or a response that decided. Kept so that it can be taken back (X-20)."""

    entry: int
    origin: str
    """The state before it."""
    fact: str = ""
    """The fact that decided, or empty for a move that nothing decided."""
    of: int = 0
    """The entry in which that fact was recorded."""
    courses: tuple[int, ...] = ()
    """The courses that it answered."""
    ended: tuple[int, ...] = ()
    relapse: bool = False
    chosen: bool = False
    """A confirmation turned it, which nothing winds back."""
    reached: tuple[str, ...] = ()
    """The stages that were not reached before it."""
    anew: bool = False
    """A move made when something was taken back, for what else was on record: it rests on that, not on its entry."""


class Moment(NamedTuple):
    """An entry and its time."""

    seq: int
    at: dt.datetime


class Episode(NamedTuple):
    """One patient on one pathway version."""

    episode_id: str
    patient_id: str
    pathway: str
    version: str
    ward: str
    timezone: str
    state: str
    enrolled_at: dt.datetime
    seq: int
    at: dt.datetime
    """Time of the last entry."""
    next_due_at: dt.datetime | None = None
    round: int = 0
    """How many relapses there were; what was given counts per round (X-17)."""
    reached: frozenset[str] = frozenset()
    """Stages reached so far."""
    facts: Mapping[str, tuple[Recorded, ...]] = NOTHING
    """Recordings of each fact, the last one counts; a few earlier ones are kept so that it can be taken back."""
    courses: tuple[Course, ...] = ()
    tasks: tuple[Task, ...] = ()
    completed: frozenset[str] = frozenset()
    """Tasks completed at least once."""
    reminders: tuple[Reminder, ...] = ()
    holding: frozenset[str] = frozenset()
    """Opening conditions that hold at present: each opens its task when it begins to hold."""
    wait: Wait | None = None
    turns: tuple[Turn, ...] = ()
    """The last few entries that moved the episode or let a response decide, the latest last."""
    checked: Mapping[str, int] = NOTHING
    """Checks counted from the first treatment that have fallen due, and the entry in which each did."""
    decided: Mapping[str, int] = NOTHING
    """The values that have decided, each with the entry in which it was last recorded then."""
    since: Mapping[str, Moment] = NOTHING
    """Since when a condition holds from which something counts, by its name; when a repeated task last opened or was
    done, by ``task NAME``."""

    @property
    def stage(self) -> str:
        """Return the stage of the present state."""
        return stage_of(self.state)

    @property
    def closed(self) -> bool:
        """Return whether the episode has been closed."""
        return self.stage == CLOSED_STAGE

    def current(self, fact: str) -> Recorded | None:
        """Return the recording of ``fact`` that counts, or None while it is unknown."""
        recordings = self.facts.get(fact)
        if not recordings or recordings[-1].expired or recordings[-1].value is None:
            return None
        return recordings[-1]

    def values(self) -> dict[str, Any]:
        """Return the known facts and their values."""
        return {
            name: last.value
            for name, recordings in self.facts.items()
            if (last := recordings[-1]).value is not None and not last.expired
        }

    def course(self, course_id: int) -> Course:
        """Return the course with this id."""
        return next(course for course in self.courses if course.id == course_id)

    def in_force(self, regimen: str) -> Course | None:
        """Return the course of ``regimen`` that is in force, or None; there is at most one."""
        return next((course for course in self.courses if course.regimen == regimen and course.in_force), None)

    def task(self, name: str) -> Task | None:
        """Return the open task of this name, or None."""
        return next((task for task in self.tasks if task.name == name), None)
