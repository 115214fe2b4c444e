"""What can be asked of an episode? Imperative requests, each by a named actor."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from orchestrator.errors import InvalidCommand
from orchestrator.pathway.model import Pathway

MAX_REASON = 4000
ACTOR_ID, ROLE = r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}", r"[a-z][a-z0-9-]{0,39}"
"""What an actor's id and role may be, whatever face takes them: opaque ids only, never a free text. They stand in the
headers of entries and in the records of looks, which are chained in plain text and can never be erased."""
EXACT = 2**53
"""Whole numbers from here on are written as text: not every reader of JSON keeps them exactly."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    role: one of the pathway's roles; on_behalf_of: another person's id; authenticated: proved, not only asserted.
    """

    id: str
    role: str
    on_behalf_of: str | None = None
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The wish to enrol a patient on a pathway."""

    pathway: Pathway
    episode_id: str
    patient_id: str
    ward: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands. override: gates that a lead passes with the reason."""

    kind: ClassVar[str] = ""
    reason: str | None = None
    override: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record(Command):
    """Record facts, all or nothing; None takes a value back to unknown."""

    kind: ClassVar[str] = "record"
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirm(Command):
    """Confirm what is to be given.

    parameters: days, sessions, taper_days (whole numbers), dose, dose_per_kg (decimals or whole numbers; text with a
    unit where the regimen states none), steps (list of {days, dose}), start (moment), given (moments of what was
    already given).
    """

    kind: ClassVar[str] = "confirm"
    regimens: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Give(Command):
    """Record the next planned administration as given, now or at ``given_at``, which may not lie in the future."""

    kind: ClassVar[str] = "give"
    regimen: str
    given_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Miss(Command):
    """Record the next planned administration as missed."""

    kind: ClassVar[str] = "miss"
    regimen: str


@dataclass(frozen=True, slots=True)
class Decline(Command):
    """Record the next planned administration as declined by the patient."""

    kind: ClassVar[str] = "decline"
    regimen: str


@dataclass(frozen=True, slots=True)
class Stop(Command):
    """End a course."""

    kind: ClassVar[str] = "stop"
    regimen: str


@dataclass(frozen=True, slots=True)
class Retract(Command):
    """Take back what was recorded in error: a fact, or a regimen's last administration. Needs a reason."""

    kind: ClassVar[str] = "retract"
    target: str


@dataclass(frozen=True, slots=True)
class Complete(Command):
    """Complete a task."""

    kind: ClassVar[str] = "complete"
    task: str


@dataclass(frozen=True, slots=True)
class Acknowledge(Command):
    """Acknowledge a reminder that has fired: a person saw it, no more."""

    kind: ClassVar[str] = "acknowledge"
    reminder: str


@dataclass(frozen=True, slots=True)
class Close(Command):
    """Close the episode with an outcome."""

    kind: ClassVar[str] = "close"
    outcome: str


@dataclass(frozen=True, slots=True)
class ChangeWard(Command):
    """Move the patient to another ward of the house; our care goes on (who leaves it is closed). Needs a reason.

    anyway: though nobody there could be told.   along: see `events.WardChanged`; no client says it.
    """

    kind: ClassVar[str] = "change-ward"
    ward: str
    anyway: bool = False
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick(Command):
    """Fire what is due. Given by the clock alone."""

    kind: ClassVar[str] = "tick"


COMMANDS: dict[str, type[Command]] = {
    each.kind: each
    for each in (Record, Confirm, Give, Miss, Decline, Stop, Retract, Complete, Acknowledge, Close, ChangeWard, Tick)
}


def _names(made: type[Command]) -> list[str]:
    return [each.name for each in fields(made)]


def command_to_json(command: Command) -> dict[str, Any]:
    """Return the command as canonical-safe JSON: decimals and moments as text."""
    made: dict[str, Any] = {}
    for name in _names(type(command)):
        value = getattr(command, name)
        if value not in (None, (), {}) and value is not False:
            made[name] = _json(value)
    return made


def command_from_json(kind: str, body: Mapping[str, Any]) -> Command:
    """Return the command; raises InvalidCommand for an unknown kind or field, a missing one,
    or a value of the wrong type.
    """
    made = COMMANDS.get(kind)
    if made is None or made is Tick:
        raise InvalidCommand(
            f"unknown command '{kind}'; known are {', '.join(name for name in COMMANDS if name != 'tick')}"
        )
    unknown = [name for name in body if name not in _names(made)]
    if unknown:
        raise InvalidCommand(f"unknown field '{unknown[0][:40]}' for {kind}")
    try:
        return made(**{name: _READERS.get(name, _text)(name, value) for name, value in body.items()})
    except TypeError:
        missing = [name for name in _names(made) if name not in body and name not in {"reason", "override"}]
        raise InvalidCommand(f"{kind} needs {', '.join(missing)}") from None


def moment(value: object, name: str) -> dt.datetime:
    """Return an aware UTC moment between the years 1900 and 2200 from ISO 8601 text with an offset;
    raises InvalidCommand.
    """
    try:
        at = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        at = None
    if not isinstance(at, dt.datetime) or at.tzinfo is None:
        raise InvalidCommand(f"{name} must be a moment with an offset, such as 2026-03-02T08:00:00+00:00")
    if not 1900 <= at.year <= 2200:
        raise InvalidCommand(f"{name} must lie between the years 1900 and 2200")
    return at.astimezone(dt.UTC)


def _json(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return str(value)
    return value if value is None or isinstance(value, str | bool | int) else str(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise InvalidCommand(f"{name} must be text of at most 200 characters")
    return value


def _reason(name: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > MAX_REASON):
        raise InvalidCommand(f"{name} must be text of at most {MAX_REASON} characters")
    return value.strip() or None if isinstance(value, str) else None


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidCommand(f"{name} must be true or false")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or len(listed) > 50:
        raise InvalidCommand(f"{name} must be a name or a list of names")
    return tuple(_text(name, each) for each in listed)


def _mapping(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > 100:
        raise InvalidCommand(f"{name} must be an object")
    return dict(value)


_READERS: dict[str, Any] = {
    "reason": _reason,
    "override": _texts,
    "regimens": _texts,
    "facts": _mapping,
    "parameters": _mapping,
    "anyway": _flag,
    "along": _texts,
    "given_at": lambda name, value: None if value is None else moment(value, name),
}
