"""What may happen on a pathway? Its states, moves, standings, gates, tasks and reminders.

Immutable definitions, as the loader makes them from the files; nothing here knows a patient. What all pathways share is
in ``kinds.py``. The code knows these kinds and never a name: no pathway, regimen or fact is spelt outside
``workflows/``.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.pathway.expression import Expression
from orchestrator.pathway.kinds import CLOSED_STAGE, Fact, Mark, Regimen, Rung, Setting, Stage
from orchestrator.pathway.parts import Derivation, DerivedRow, Form, Guard, NamedValue, Plot, Property, Selector

__all__ = [  # who reads a pathway finds here too what its parts are made of
    "CLOSED_STAGE", "Anchor", "Check", "Definition", "Derivation", "DerivedRow", "Fact", "Form", "Gate", "Guard",
    "Mark", "NamedValue", "Offer", "Pathway", "Plot", "Property", "Regimen", "ReminderKind", "Replacement",
    "Selector", "Setting", "Standing", "StandingRow", "State", "TaskKind", "Transition", "Until", "WarningRow",
]  # fmt: skip


class Standing(StrEnum):
    """How a regimen stands for a patient now; ``ABSENT`` means that no rule speaks of it in this stage."""

    RECOMMENDED = "recommended"
    ACCEPTABLE = "acceptable"
    DISCOURAGED = "discouraged"
    CONTRAINDICATED = "contraindicated"
    ABSENT = "absent"


OPTIONS = frozenset({Standing.RECOMMENDED, Standing.ACCEPTABLE, Standing.DISCOURAGED})
"""With these a regimen is one that can be chosen."""
GATE_ACTIONS = ("confirm", "taper", "stop", "close")
"""What a gate can hold back."""


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One row of the table of proposals: these regimens have this standing in these stages when the guard holds."""

    selector: Selector
    standing: Standing
    stages: frozenset[str]
    guard: Guard
    mark: Mark
    save_taper: bool = False
    """The taper of a steroid already given is exempt (X-01)."""
    pull: str = ""
    """The side to which a flag pulls; recommendations of two sides are a conflict for a person to settle (X-06)."""
    takes_one: bool = False
    """The clinician takes one of these regimens: once one is taken, the others are absent (X-05)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition whose refusal a lead may override with a reason. actions: of ``GATE_ACTIONS``."""

    name: str
    actions: frozenset[str]
    selector: Selector
    passes: Expression | None
    refuses: Expression | None
    minimum_days: int
    save_taper: bool
    save_outcomes: frozenset[str]
    mark: Mark
    order: int


@dataclass(frozen=True, slots=True)
class WarningRow:
    """A warning and when it shows."""

    name: str
    stages: frozenset[str]
    guard: Guard
    mark: Mark
    proposing: Selector | None = None
    """The warning is about these regimens: it shows only while one of them is proposed."""
    otherwise: bool = False
    """It shows only where a decision is due and neither an option nor a missing fact nor another warning does."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An outcome with which the facts suggest to close."""

    outcome: str
    guard: Guard
    mark: Mark


@dataclass(frozen=True, slots=True)
class Replacement:
    """A course of ``by`` ends those of ``what``: at its confirmation, or at its first step (``at`` = start)."""

    by: Selector
    what: Selector
    at: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Check:
    """When the response to a course falls due, counted from its C0; it may end the course and open tasks.

    selector: the courses; None for a check that counts from the episode's first treatment, once.
    """

    name: str
    selector: Selector | None
    after: dt.timedelta
    ends: bool
    opens: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Transition:
    """One guarded update. on: confirmation, due or any."""

    name: str
    origins: frozenset[str]
    target: str
    through: str | None
    on: str
    guard: Guard
    decides: str | None
    ends: frozenset[str]
    opens: tuple[str, ...]
    relapse: bool
    mark: Mark
    tells_missing: bool = False
    """The move is made whatever is missing; the record then says which facts were."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A kind of work item and what opens it: a guard that begins to hold, or entering a stage."""

    name: str
    title: str
    due: dt.timedelta | None
    ladder: str
    reminder: str | None
    entering: str | None
    guards: tuple[Guard, ...]
    """Conditions; each opens the task when it begins to hold. On entering a stage all of them must hold."""
    mark: Mark
    of_administrations: bool = False
    every: dt.timedelta | None = None
    """It opens again in this rhythm, counted from its first opening, while one of its conditions holds."""
    asks: tuple[str, ...] = ()
    """The facts that the task is there to have recorded."""
    conditions: Mapping[str, Guard] = field(init=False, repr=False, compare=False)
    """The guards by the names under which an episode notes that they hold."""

    def __post_init__(self) -> None:
        """Name the guards."""
        names = (f"{self.name}/{number}" if number else self.name for number in range(len(self.guards)))
        object.__setattr__(self, "conditions", dict(zip(names, self.guards, strict=True)))


@dataclass(frozen=True, slots=True)
class Until:
    """What fulfils a reminder: a fact recorded, a task completed, a treatment confirmed in a stage; one is enough.

    since_previous: only after the previous one was due.
    """

    fact: str | None = None
    task: str | None = None
    since_previous: bool = False
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a recurring reminder counts from: a course's C0 while it is in force, the entry into a span of stages
    while the episode is in one of them, or the moment since which a condition holds.
    """

    regimen: str | None = None
    stages: frozenset[str] = frozenset()
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ReminderKind:
    """A kind of reminder. of: what arms it; see ``episode/wants.py`` for the meaning of each."""

    name: str
    title: str
    of: str
    ladder: str
    mark: Mark
    selector: Selector | None = None
    after: tuple[dt.timedelta, ...] = ()
    every: dt.timedelta | None = None
    every_months: int = 0
    overdue: dt.timedelta | None = None
    overdue_ladder: str = ""
    until: Until | None = None
    guard: Guard | None = None
    anchors: tuple[Anchor, ...] = ()
    stages: frozenset[str] = frozenset()
    task: str | None = None
    opens: str | None = None
    ends_with_course: bool = False
    after_months: tuple[int, ...] = ()
    """Calendar months after C0, in the hospital's zone."""
    once: bool = False
    """It is not fired again for the same thing when nobody answers: the next of its kind comes anyway."""


@dataclass(frozen=True, slots=True)
class State:
    """A node of the machine; ``waits`` says when the episode waits there for a person.

    content: nothing more is waited for while this holds, although something is still recommended.
    """

    name: str
    stage: str
    title: str
    waits: Expression | None
    mark: Mark
    content: Expression | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A named expression."""

    name: str
    words: str
    expression: Expression
    mark: Mark


@dataclass(frozen=True, slots=True, eq=False)
class Pathway:
    """One immutable version of a pathway, with all that it shares.

    hash: sha256 (hex) of ``text``, the effective pathway.
    """

    name: str
    version: str
    title: str
    source: str
    hash: str
    text: str
    initial: str
    stages: Mapping[str, Stage]
    states: Mapping[str, State]
    outcomes: tuple[str, ...]
    roles: tuple[str, ...]
    permissions: Mapping[str, frozenset[str]]
    facts: Mapping[str, Fact]
    regimens: Mapping[str, Regimen]
    lines: Mapping[str, str]
    """Regimen to the stage of its line."""
    lasting: frozenset[str]
    definitions: Mapping[str, Definition]
    standings: tuple[StandingRow, ...]
    gates: Mapping[str, Gate]
    warnings: tuple[WarningRow, ...]
    warning_texts: Mapping[str, str]
    conflict_warning: str
    gate_names: tuple[str, ...]
    """All gates of the vocabulary, in the order of refusal."""
    offers: tuple[Offer, ...]
    replaces: tuple[Replacement, ...]
    checks: Mapping[str, Check]
    transitions: tuple[Transition, ...]
    tasks: Mapping[str, TaskKind]
    reminders: Mapping[str, ReminderKind]
    ladders: Mapping[str, tuple[Rung, ...]]
    again: dt.timedelta
    sources: Mapping[str, str]
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    properties: tuple[Property, ...] = ()
    values: Mapping[str, NamedValue] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    """Its local values, each with its range and with who set it."""
    cache: dict[str, Any] = field(default_factory=dict, repr=False)
    """Things made from the rest that are costly to make, such as the machine; never part of what the pathway says."""

    def state_of(self, stage: str) -> str:
        """Return the state of a stage; each stage but ``closed`` has one that transitions lead to."""
        return next(state.name for state in self.states.values() if state.stage == stage)

    @property
    def dose_tasks(self) -> frozenset[str]:
        """Return the kinds of task that stand for an administration to be recorded."""
        return frozenset(task.name for task in self.tasks.values() if task.of_administrations)

    @property
    def course_facts(self) -> tuple[Fact, ...]:
        """Return the facts that report on courses."""
        return tuple(fact for fact in self.facts.values() if fact.of_courses)

    @property
    def improvements(self) -> frozenset[str]:
        """Return the values of those facts that are a meaningful improvement."""
        return frozenset(value for fact in self.course_facts for value in fact.improved)

    def measure(self, what: str) -> str:
        """Return the fact that gives the weight or the height; KeyError when there is none."""
        found = next((fact.name for fact in self.facts.values() if fact.measures == what), None)
        if found is None:
            raise KeyError(what)
        return found
