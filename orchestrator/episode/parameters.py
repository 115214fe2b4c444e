"""Are the parameters of a confirmation well-formed for its regimens? Returns them typed; nothing is invented."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from orchestrator.episode.commands import moment
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.kinds import Regimen, decimal
from orchestrator.pathway.model import Pathway

MAX_STEPS = 100
MAX_DOSE_TEXT = 60
LATEST_START = dt.timedelta(days=366)
_LEADING = re.compile(r"[0-9][0-9.,]*")
"""The number with which a dose that is text begins."""


def parse(
    pathway: Pathway, regimens: tuple[str, ...], given: Mapping[str, Any], now: dt.datetime
) -> dict[str, dict[str, Any]]:
    """Return each regimen's own parameters; raises InvalidCommand for one that no regimen here takes,
    or out of range.
    """
    taken = {regimen: _of(pathway, pathway.regimens[regimen], given, now) for regimen in regimens}
    stray = [name for name in given if not any(name in each for each in taken.values())]
    if stray:
        called = ", ".join(pathway.regimens[regimen].called for regimen in regimens)
        raise InvalidCommand(f"'{stray[0][:40]}' is no parameter of {called}")
    return taken


def _of(pathway: Pathway, regimen: Regimen, given: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {
        name: reader(regimen, given[name], now)
        for name, reader in _readers(pathway, regimen).items()
        if name in given and given[name] is not None
    }


def choices(pathway: Pathway, regimen: Regimen) -> dict[str, dict[str, Any]]:
    """Return what a confirmation of the regimen lets a person choose, by name, JSON-ready, for whoever makes a form.

    kind: count (low, high, default; local: no source gives the default), amount (unit; low and high of a dose per kg),
    text (an amount with its unit), steps (unit), moment or moments.
    """
    made = {name: _CHOICES[reader](regimen) for name, reader in _readers(pathway, regimen).items()}
    return {
        name: choice for name, choice in made.items() if choice["kind"] != "count" or choice["low"] < choice["high"]
    }


Reader = Callable[[Regimen, object, dt.datetime], Any]


def _readers(pathway: Pathway, regimen: Regimen) -> dict[str, Reader]:
    readers: dict[str, Reader] = {"start": _start}
    if regimen.schedule is not None:
        readers["given"] = _given
        names = {"daily": "days", "every_days": "sessions", "taper": "taper_days"}
        if regimen.schedule.kind in names:
            readers[names[regimen.schedule.kind]] = _length
        if regimen.schedule.kind == "taper" and regimen.schedule.parameter is not None:
            readers["steps"] = _steps
    if regimen.dose is not None and regimen.dose.kind == "entered":
        readers["dose"] = _dose
    if regimen.alternative is not None and pathway.name in regimen.alternative.pathways:
        readers[regimen.alternative.parameter] = _alternative
    return readers


def _length(regimen: Regimen, value: object, _: dt.datetime) -> int:
    schedule = regimen.schedule
    if (
        schedule is None
        or isinstance(value, bool)
        or not isinstance(value, int)
        or not schedule.low <= value <= schedule.high
    ):
        low, high = (schedule.low, schedule.high) if schedule else (0, 0)
        raise InvalidCommand(f"{regimen.called} takes {f'from {low} to {high}' if low < high else low}, a whole number")
    return value


def _dose(regimen: Regimen, value: object, _: dt.datetime) -> Decimal | str:
    if regimen.dose is not None and regimen.dose.unit is not None:
        return _positive(value, f"the dose of {regimen.called} in {regimen.dose.unit}")
    text = " ".join(value.split()) if isinstance(value, str) else ""
    number = _LEADING.match(text)
    above_0 = number is not None and any(each in "123456789" for each in number[0])
    if not (above_0 and len(text) <= MAX_DOSE_TEXT and text.isprintable() and any(each.isalpha() for each in text)):
        raise InvalidCommand(f"the dose of {regimen.called} must be text with its unit, such as 750 mg")
    return text


def _positive(value: object, name: str) -> Decimal:
    number = decimal(value, name)
    if number <= 0:
        raise InvalidCommand(f"{name} must be above 0")
    return number


def _alternative(regimen: Regimen, value: object, _: dt.datetime) -> Decimal:
    other = regimen.alternative
    if other is None:
        raise AssertionError(regimen.name)
    number = decimal(value, other.parameter)
    if not other.low <= number <= other.high:
        raise InvalidCommand(f"{other.parameter} must lie between {other.low} and {other.high} {other.unit}/kg")
    return number


def _steps(_: Regimen, value: object, __: dt.datetime) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_STEPS:
        raise InvalidCommand(f"steps must be a list of 1 to {MAX_STEPS} of {{days, dose}}")
    return tuple(_step(each) for each in value)


def _step(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != {"days", "dose"}:
        raise InvalidCommand("a step is {days, dose}")
    days = value["days"]
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 366:
        raise InvalidCommand("a step's days must be a whole number from 1 to 366")
    dose = decimal(value["dose"], "a step's dose")
    if dose < 0:
        raise InvalidCommand("a step's dose must not be below 0")
    return {"days": days, "dose": dose}


def _start(_: Regimen, value: object, now: dt.datetime) -> dt.datetime:
    start = moment(value, "start")
    if start > now + LATEST_START:
        raise InvalidCommand("start must lie within a year from now")
    return start


def _given(regimen: Regimen, value: object, now: dt.datetime) -> tuple[dt.datetime, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise InvalidCommand("given must be a list of moments")
    moments = tuple(moment(each, "given") for each in value)
    if list(moments) != sorted(set(moments)) or moments[-1] > now:
        raise InvalidCommand(f"what was given of {regimen.called} must be in order and not in the future")
    return moments


# what a form offers


def _count(regimen: Regimen) -> dict[str, Any]:
    schedule = regimen.schedule
    if schedule is None:
        raise AssertionError(regimen.name)
    return {
        "kind": "count", "low": schedule.low, "high": schedule.high, "default": schedule.default,
        "local": schedule.default_local,
    }  # fmt: skip


def _amount(regimen: Regimen) -> dict[str, Any]:
    unit = None if regimen.dose is None else regimen.dose.unit
    return {"kind": "text" if unit is None else "amount", "unit": unit}


def _per_kg(regimen: Regimen) -> dict[str, Any]:
    other = regimen.alternative
    if other is None:
        raise AssertionError(regimen.name)
    return {
        "kind": "amount", "unit": f"{other.unit}/kg", "low": str(other.low), "high": str(other.high),
        "rules": list(other.mark.rules), "sources": list(other.mark.sources), "local": other.mark.local,
    }  # fmt: skip


_CHOICES: Mapping[Reader, Callable[[Regimen], dict[str, Any]]] = {
    _start: lambda _: {"kind": "moment"},
    _given: lambda _: {"kind": "moments"},
    _length: _count,
    _steps: lambda regimen: {"kind": "steps", "unit": regimen.dose.unit if regimen.dose else None},
    _dose: _amount,
    _alternative: _per_kg,
}
