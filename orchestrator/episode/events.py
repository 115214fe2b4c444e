"""What happened? Past-tense facts of one entry, in order. Folding them gives the episode; nothing decides again.

An event carries all that the fold needs, so that a later version of the program or of a pathway reads the same history.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class Enrolled(Event):
    """A patient was enrolled; version is the pathway's content hash."""

    episode_id: str
    patient_id: str
    pathway: str
    version: str
    ward: str
    timezone: str
    state: str


@dataclass(frozen=True, slots=True)
class FactRecorded(Event):
    """A fact was recorded. corrects: the entry of the value it takes the place of, or None."""

    fact: str
    value: Any
    corrects: int | None = None
    rules: tuple[str, ...] = ()
    """The rules by which it follows from other facts; empty for a person's own entry."""
    basis: Mapping[str, Any] = field(default_factory=dict)
    """The facts from which it follows, as they stood."""


@dataclass(frozen=True, slots=True)
class FactRetracted(Event):
    """The last recording of a fact, made in entry ``of``, was taken back."""

    fact: str
    of: int


@dataclass(frozen=True, slots=True)
class FactExpired(Event):
    """A fact that reports on courses is unknown again, since another course was confirmed."""

    fact: str


@dataclass(frozen=True, slots=True)
class FactDecided(Event):
    """A response decided: it moved the episode, answers for ``courses``, and is spent."""

    fact: str
    value: str
    of: int
    origin: str
    target: str
    courses: tuple[int, ...]
    ended: tuple[int, ...] = ()
    relapse: bool = False


@dataclass(frozen=True, slots=True)
class DecisionTakenBack(Event):
    """What had moved the episode was taken back: the move, what it decided and what it ended are undone."""

    state: str
    courses: tuple[int, ...]
    entries: tuple[int, ...] = ()
    """The entries whose turns are taken back."""
    facts: tuple[str, ...] = ()
    """Which of their turns: by the fact that decided, empty for a move."""
    relapse: bool = False
    renewed: tuple[str, ...] = ()
    """Facts that were not taken back and have still to decide again."""


@dataclass(frozen=True, slots=True)
class GateOverridden(Event):
    """A lead passed a gate, with the reason."""

    gate: str
    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class CourseConfirmed(Event):
    """A regimen was confirmed by a person.

    standing: how it stood; proposals: the whole table as it stood (X-08); plan: the administrations laid out, with
    dose, formula and inputs; planned: their number, or None; baseline: ordered facts as they stood; accepted: concerns
    overridden; follows: the course after whose last administration it was laid out to start, or 0.
    """

    course: int
    regimen: str
    start: dt.datetime
    parameters: Mapping[str, Any]
    planned: int | None
    standing: str
    proposals: Any
    plan: Any
    round: int
    baseline: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    follows: int = 0


@dataclass(frozen=True, slots=True)
class AdministrationRecorded(Event):
    """The next administration of a course was recorded.

    status: given, missed or declined; at: UTC; dose with its inputs.
    """

    course: int
    regimen: str
    number: int
    status: str
    at: dt.datetime
    planned_at: dt.datetime
    amount: str | None = None
    unit: str | None = None
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class AdministrationRetracted(Event):
    """The last administration recorded of a course was taken back."""

    course: int
    regimen: str
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class CourseEnded(Event):
    """A course ended.

    end: completed, stopped, replaced (by another line), tapered (its taper's first step), reviewed or closed.
    """

    course: int
    regimen: str
    end: str


@dataclass(frozen=True, slots=True)
class CourseReopened(Event):
    """A course is in force again, since what ended it was taken back."""

    course: int
    regimen: str


@dataclass(frozen=True, slots=True)
class ConcernAccepted(Event):
    """A person who may confirm accepted, with a reason,
    that a course in force is contraindicated or its gate refuses.
    """

    course: int
    concern: str


@dataclass(frozen=True, slots=True)
class CheckDue(Event):
    """The assessment of a course fell due; course is 0 for one that counts from the first treatment."""

    check: str
    course: int
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class CheckWithdrawn(Event):
    """A check that had fallen due has not yet, since the dose from which it counted was taken back."""

    check: str
    course: int


@dataclass(frozen=True, slots=True)
class Moved(Event):
    """The episode moved. missing: facts that were missing, of a move that is made whatever is; chosen: a confirmation
    made it, which nothing winds back; anew: something was taken back, and what else was on record made it.
    """

    origin: str
    target: str
    transition: str
    rules: tuple[str, ...]
    relapse: bool = False
    missing: tuple[str, ...] = ()
    chosen: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class ConditionChanged(Event):
    """The condition that opens a task, or from which a reminder counts, began or ceased to hold.

    timed: something counts from the moment at which it began; again: what had ended it was taken back, so that it
    counts from when it had begun before.
    """

    name: str
    holds: bool
    timed: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class TaskOpened(Event):
    """A work item opened."""

    task: str
    due_at: dt.datetime | None
    rules: tuple[str, ...]
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class TaskCompleted(Event):
    """A work item was completed."""

    task: str


@dataclass(frozen=True, slots=True)
class TaskWithdrawn(Event):
    """A work item was withdrawn: what opened it was taken back, or the episode closed."""

    task: str


@dataclass(frozen=True, slots=True)
class ReminderArmed(Event):
    """A reminder was armed."""

    name: str
    subject: str
    n: int
    ladder: str
    due_at: dt.datetime
    place: int
    """Place in the entry, for ties."""


@dataclass(frozen=True, slots=True)
class ReminderMoved(Event):
    """A reminder's next moment moved, since what it counts from was corrected; None when it is not to fire again."""

    name: str
    subject: str
    n: int
    due_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ReminderFired(Event):
    """A reminder fired. late: it was due over a minute before."""

    name: str
    subject: str
    n: int
    due_at: dt.datetime
    late: bool = False
    next_at: dt.datetime | None = None
    """When a recurring one fires next."""


@dataclass(frozen=True, slots=True)
class ReminderTold(Event):
    """A role was told: rung ``rung`` (from 0) of the ladder.

    climb_at: the next rung; again_at: the next firing, at the top. skipped: roles of the rungs before it that were
    passed over, since nobody holds them.
    """

    name: str
    subject: str
    n: int
    role: str
    rung: int
    due_at: dt.datetime
    told_at: dt.datetime
    late: bool = False
    climb_at: dt.datetime | None = None
    again_at: dt.datetime | None = None
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReminderAcknowledged(Event):
    """A person saw a reminder. again_at: when it fires again unless it is fulfilled."""

    name: str
    subject: str
    n: int
    again_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ReminderFulfilled(Event):
    """What a reminder asks for was done, in entry ``by``."""

    name: str
    subject: str
    n: int
    by: int


@dataclass(frozen=True, slots=True)
class ReminderReopened(Event):
    """What had fulfilled a reminder was taken back."""

    name: str
    subject: str
    n: int
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReminderEnded(Event):
    """A reminder ended, since what it belongs to ended. over: a later one of its series took its place."""

    name: str
    subject: str
    n: int
    over: bool = False


@dataclass(frozen=True, slots=True)
class WaitBegan(Event):
    """The episode began to wait for a person's choice or a fact."""

    what: str


@dataclass(frozen=True, slots=True)
class WaitEnded(Event):
    """The episode no longer waits."""


@dataclass(frozen=True, slots=True)
class AlarmSet(Event):
    """The episode's one alarm was set, or cleared with None."""

    due_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Closed(Event):
    """The episode was closed."""

    outcome: str
    state: str


@dataclass(frozen=True, slots=True)
class WardChanged(Event):
    """The patient was moved from one ward of the house to another; our care goes on. Of format 2: see `formats`.

    along: the patient's other episodes that were moved in the same transaction.
    """

    origin: str
    target: str
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """An action was refused; nothing else changed."""

    code: str
    text: str


BOOKKEEPING: frozenset[type[Event]] = frozenset(
    {
        ConditionChanged, TaskOpened, ReminderArmed, ReminderMoved, ReminderFired, ReminderTold, ReminderAcknowledged,
        ReminderFulfilled, ReminderReopened, ReminderEnded, WaitBegan, WaitEnded, AlarmSet, WardChanged,
    }
)  # fmt: skip
"""Events that no guard can see: proposals, warnings, gates and moves are the same after them as before."""
