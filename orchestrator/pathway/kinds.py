"""What do all pathways share? Facts, regimens with their doses and schedules, stages and ladders.

Immutable definitions, as the loader makes them from the shared files; nothing here knows a patient.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from orchestrator.errors import InvalidCommand

CLOSED_STAGE = "closed"
SUPPORTIVE_KIND = "supportive"
FACTORS = {("mg", "g"): Decimal("0.001"), ("g", "mg"): Decimal(1000)}
"""What an amount in the first unit is multiplied by to have it in the second."""
EARLIEST_DATE = dt.date(1900, 1, 1)

Value = Decimal | str | bool | dt.date | frozenset[str]
"""What is recorded of a fact, once it is typed."""


def stage_of(state: str) -> str:
    """Return the stage of a state, whose name is written ``stage/state``."""
    return state.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an element comes from: the rules that it carries out, its sources, and whether a value of it is local.

    line, file: where it was read; what errors about the whole pathway name.
    """

    rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    local: bool = False
    line: int = 0
    file: str = ""
    settable: tuple[str, ...] = ()
    """The keys of the element whose values are local, each within a range in which a hospital may set it."""

    def is_local(self, key: str) -> bool:
        """Return whether the value of ``key`` is local: it alone, or the element as such."""
        return self.local or key in self.settable

    @property
    def order(self) -> tuple[bool, int]:
        """Return the rank among rules that differ (X-05):
        a pathway's own rule before an X rule, then the higher number.
        """
        return max(((not rule.startswith("X-"), int(rule.split("-")[1])) for rule in self.rules), default=(False, 0))


@dataclass(frozen=True, slots=True)
class Fact:
    """One clinical observation that can be recorded. kind: number, enum, bool, date, set."""

    name: str
    kind: str
    label: str
    unit: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    values: tuple[str, ...] = ()
    of_courses: bool = False
    """The fact reports on courses: it decides once and is unknown again when another course is confirmed (X-11)."""
    improved: frozenset[str] = frozenset()
    measures: str = ""
    """What a dose formula takes from it: weight (kg) or height (cm)."""
    note: str = ""
    mark: Mark = Mark()

    def parse(self, value: object, today: dt.date) -> Value | None:
        """Return the typed value: Decimal, text, bool, date or frozenset; None is 'unknown again'.

        today: a date may not lie after it (a day of grace for time zones) nor before 1900. Raises InvalidCommand.
        """
        return None if value is None else _PARSERS[self.kind](self, value, today)


def _parse_number(fact: Fact, value: object, _: dt.date) -> Decimal:
    number = decimal(value, fact.name)
    if not (fact.low is None or fact.low <= number) or not (fact.high is None or number <= fact.high):
        raise InvalidCommand(f"{fact.name} must lie between {fact.low} and {fact.high} {fact.unit or ''}".rstrip())
    return number


def _parse_enum(fact: Fact, value: object, _: dt.date) -> str:
    if not isinstance(value, str) or value not in fact.values:
        raise InvalidCommand(f"{fact.name} must be one of {', '.join(fact.values)}")
    return value


def _parse_bool(fact: Fact, value: object, _: dt.date) -> bool:
    if not isinstance(value, bool):
        raise InvalidCommand(f"{fact.name} must be true or false")
    return value


def _parse_date(fact: Fact, value: object, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        raise InvalidCommand(f"{fact.name} must be a date, YYYY-MM-DD")
    if not EARLIEST_DATE <= day <= today + dt.timedelta(days=1):
        raise InvalidCommand(f"{fact.name} must lie between {EARLIEST_DATE} and today")
    return day


def _parse_set(fact: Fact, value: object, _: dt.date) -> frozenset[str]:
    if not isinstance(value, list | tuple) or any(item not in fact.values for item in value):
        raise InvalidCommand(f"{fact.name} must be a list of {', '.join(fact.values)}")
    return frozenset(value)


_PARSERS: dict[str, Callable[[Fact, object, dt.date], Value]] = {
    "number": _parse_number,
    "enum": _parse_enum,
    "bool": _parse_bool,
    "date": _parse_date,
    "set": _parse_set,
}


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
MAX_NUMBER_LENGTH = 40


def decimal(value: object, name: str) -> Decimal:
    """Return a finite Decimal of at most 40 characters from an int or a Decimal: text is no number.

    name: of what should be one, for the error. Raises InvalidCommand.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidCommand(f"{name} must be a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 12 or len(str(number)) > MAX_NUMBER_LENGTH:
        raise InvalidCommand(f"{name} must be a finite number of ordinary size")
    return number


def typed_number(text: str) -> Decimal | str:
    """Return the number that somebody typed; what is none as it is, for whoever wants a number to refuse."""
    return Decimal(text) if len(text) <= MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a regimen is given at a time. kind: fixed, per_kg, per_m2, entered."""

    kind: str
    amount: Decimal | None
    unit: str | None
    route: str = ""
    total: str = ""
    mark: Mark = Mark()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A dose that the clinician may choose instead, per kg within a range, on the pathways named."""

    parameter: str
    low: Decimal
    high: Decimal
    unit: str
    route: str
    pathways: frozenset[str]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a regimen's administrations are planned. kind: daily, every_days, on_days, monthly, taper.

    low, high: the range of days or sessions (equal when fixed); every: days between two, or months for monthly;
    days: the day numbers of on_days, from 1. For a taper low/high are its days and step_days the length of a step.
    """

    kind: str
    low: int = 1
    high: int = 1
    default: int = 1
    every: int = 1
    days: tuple[int, ...] = ()
    step_days: int = 7
    mark: Mark = Mark()

    @property
    def default_local(self) -> bool:
        """Return whether the default is a local value."""
        return self.mark.is_local("default")

    @property
    def shape_local(self) -> bool:
        """Return whether the shape of a taper is a local value; False for what is no taper."""
        return self.kind == "taper" and self.mark.is_local("step_days")

    @property
    def parameter(self) -> str | None:
        """Return the parameter that chooses the length, or None where it is fixed."""
        if self.low == self.high:
            return None
        return {"daily": "days", "every_days": "sessions", "taper": "taper_days"}.get(self.kind)


@dataclass(frozen=True, slots=True)
class Regimen:
    """What can be proposed, confirmed and given."""

    name: str
    kind: str
    immunotherapy: bool = False
    tapers: str = ""
    """The kind of course that this regimen tapers, or empty."""
    dose: Dose | None = None
    schedule: Schedule | None = None
    alternative: Alternative | None = None
    reminder: str = "dose-due"
    mark: Mark = Mark()
    title: str = ""
    """How people read it; empty in a version that was kept from before regimens had titles."""

    @property
    def called(self) -> str:
        """Return what people call it."""
        return self.title or self.name

    @property
    def treats(self) -> bool:
        """Return whether a course of it counts as treatment: it moves stages and renews the response (X-11, X-15)."""
        return self.kind != SUPPORTIVE_KIND


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: who is told, how long after the firing."""

    role: str
    after: dt.timedelta


@dataclass(frozen=True, slots=True)
class Stage:
    """A group of states that people see. standings_of: stages whose standings show here too."""

    name: str
    index: int
    standings_of: tuple[str, ...] = ()
    after_relapse_reached: bool = False
    line: bool = False
    """It is a line of treatment: its standings come back with a relapse once it was reached (X-17)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A local value of a pathway: what it is, the pathway's default, the range, and who set it to what.

    address: the way to it through the files, such as ``tasks.NAME.due``.   value, default, low, high: as written; low
    and high may be set too.   hospital to reason: empty while the default holds. author, approver: name, role;
    approved: a date.   rules: those of its element.
    """

    address: str
    words: str
    value: str
    default: str
    low: str
    high: str
    hospital: str = ""
    revision: str = ""
    author: str = ""
    approver: str = ""
    approved: str = ""
    reason: str = ""
    rules: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """Return the range in words."""
        return f"{self.low} to {self.high}"

    def to_json(self) -> dict[str, object]:
        """Return all of it, who set it in words beside."""
        fields = dataclasses.asdict(self)
        return {**fields, "rules": list(self.rules), "range": self.range, "set_by": self.set_by}

    @property
    def set_by(self) -> str:
        """Return who answers for the value, in words."""
        if not self.hospital:
            return "the pathway's default"
        by = f"{self.author}, approved by {self.approver} on {self.approved}"
        return f"set by the hospital ({self.hospital}, revision {self.revision}): {by}"
