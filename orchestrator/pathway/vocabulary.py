"""How are the shared files read: facts, regimens, stages, roles, ladders, sources?"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from orchestrator.pathway.fields import Fields
from orchestrator.pathway.kinds import (
    CLOSED_STAGE,
    FACTORS,
    Alternative,
    Dose,
    Fact,
    Regimen,
    Rung,
    Schedule,
    Stage,
)
from orchestrator.pathway.reader import Map, Seq
from orchestrator.pathway.terms import name_in, names_in, take_duration, take_mark, take_range

T = TypeVar("T")
_FACT_KINDS = ("number", "enum", "bool", "date", "set")
_ACTIONS = (
    "enrol",
    "record",
    "confirm",
    "override",
    "give",
    "miss",
    "decline",
    "stop",
    "retract",
    "complete",
    "acknowledge",
    "close",
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What every pathway shares."""

    sources: Mapping[str, str]
    stages: Mapping[str, Stage]
    outcomes: tuple[str, ...]
    roles: tuple[str, ...]
    permissions: Mapping[str, frozenset[str]]
    ladders: Mapping[str, tuple[Rung, ...]]
    again: Fields
    warnings: Mapping[str, str]
    conflict_warning: str
    facts: Mapping[str, Fact]
    regimens: Mapping[str, Regimen]


def read_vocabulary(sources: Fields, terms: Fields, facts: Fields, regimens: Fields) -> Vocabulary:
    """Return the shared vocabulary; raises PathwayError."""
    titles = sources.each("sources", "source", _source)
    roles = terms.texts("roles")
    permissions = _permissions(terms, roles)
    found = Vocabulary(
        sources=titles,
        stages=_stages(terms),
        outcomes=terms.texts("outcomes"),
        roles=roles,
        permissions=permissions,
        ladders=terms.each("ladders", "ladder", lambda _, entry: _ladder(entry, permissions, roles, titles)),
        again=terms.nested("again"),
        warnings=dict(terms.take("warnings", Map)),
        conflict_warning=name_in(
            terms, "conflict_warning", terms.take("conflict_warning", str), terms.values["warnings"], "warning"
        ),
        facts=facts.each("facts", "fact", lambda name, entry: _fact(name, entry, titles)),
        regimens=regimens.each("regimens", "regimen", lambda name, entry: _regimen(name, entry, titles)),
    )
    for part in (sources, terms, facts, regimens):
        with part.faults.noting("shared"):
            part.done()
    return found


def _source(_: str, entry: Fields) -> str:
    title = f"{entry.take('title', str)} (updated {entry.take('updated', str)})"
    entry.done()
    return title


def _stages(terms: Fields) -> dict[str, Stage]:
    stages: dict[str, Stage] = {}
    names = tuple(terms.nested("stages").values)
    for name, entry in terms.entries("stages", "stage"):
        shown = names_in(entry, "standings_of", names, "stage")
        after, line = entry.take("after_relapse", str, ""), entry.take("line", bool, False)
        entry.done()
        stages[name] = Stage(name, len(stages), shown, after == "reached", line)
    if CLOSED_STAGE not in stages:
        raise terms.error(f"there is no stage '{CLOSED_STAGE}'", "stages")
    return stages


def _permissions(terms: Fields, roles: Collection[str]) -> dict[str, frozenset[str]]:
    table = terms.take("permissions", Seq)
    allowed: dict[str, frozenset[str]] = {}
    for index, value in enumerate(table):
        entry = Fields(value, terms.file, "permission", line=table.line_of(index))
        holders = frozenset(names_in(entry, "roles", roles, "role"))
        allowed |= dict.fromkeys(names_in(entry, "may", _ACTIONS, "action"), holders)
        entry.take("local", bool, False)
        entry.done()
    return allowed


def _ladder(
    entry: Fields, permissions: Mapping[str, Collection[str]], roles: Collection[str], sources: Collection[str]
) -> tuple[Rung, ...]:
    table, answering = entry.take("rungs", Seq), permissions.get("acknowledge", roles)
    take_mark(entry, sources, number=True, rule=False, settable=("rungs",))
    entry.done()
    rungs: list[Rung] = []
    for index, value in enumerate(table):
        rung = Fields(value, entry.file, "rung", line=table.line_of(index))
        role = name_in(rung, "role", rung.take("role", str), roles, "role")
        if role not in answering:
            hint = f"tell one who may: {', '.join(each for each in roles if each in answering)}"
            raise rung.error(f"a rung of {entry.what} tells '{role}', who may not acknowledge", "role", hint)
        after = take_duration(rung, "after")
        rung.done()
        if after is None:
            raise rung.error("a rung has no 'after'", hint="such as after: 4h")
        rungs.append(Rung(role, after))
    if not rungs or rungs[0].after:
        raise entry.error(f"the first rung of {entry.what} must be told at once", "rungs", "after: 0h")
    if any(low.after > high.after for low, high in zip(rungs, rungs[1:], strict=False)):
        raise entry.error(f"the rungs of {entry.what} must be in order of time", "rungs")
    return tuple(rungs)


def _fact(name: str, entry: Fields, sources: Collection[str]) -> Fact:
    kind = name_in(entry, "type", entry.take("type", str), _FACT_KINDS, "type of fact")
    low, high = _bounds(entry) if kind == "number" else (None, None)
    values = entry.texts("values") if kind in {"enum", "set"} else ()
    scope = entry.take("scope", str, "episode")
    fact = Fact(
        name, kind, entry.take("label", str, name.replace("_", " ")), entry.take("unit", str, None), low, high, values,
        name_in(entry, "scope", scope, ("episode", "courses"), "scope") == "courses",
        frozenset(names_in(entry, "improved", values, "value")), entry.take("measures", str, ""),
        entry.take("note", str, ""), take_mark(entry, sources, rule=False),
    )  # fmt: skip
    entry.done()
    return fact


def _bounds(entry: Fields) -> tuple[Decimal, Decimal]:
    pair = entry.take("range", Seq)
    if len(pair) != 2 or not all(isinstance(each, int | Decimal) for each in pair) or pair[0] >= pair[1]:
        raise entry.error(f"the range of {entry.what} must be two numbers in order", "range")
    return Decimal(pair[0]), Decimal(pair[1])


def _regimen(name: str, entry: Fields, sources: Collection[str]) -> Regimen:
    regimen = Regimen(
        name,
        entry.take("kind", str),
        entry.take("immunotherapy", bool, False),
        entry.take("tapers", str, ""),
        _part(entry, "dose", f"the dose of '{name}'", sources, _dose),
        _part(entry, "schedule", f"the schedule of '{name}'", sources, _schedule),
        _part(entry, "alternative", f"'alternative' of {entry.what}", sources, _alternative),
        entry.take("reminder", str, "dose-due"),
        take_mark(entry, sources, rule=False),
        entry.take("title", str, "").strip(),
    )
    entry.done()
    if regimen.alternative is not None and not _convertible(regimen.alternative, regimen.dose):
        raise entry.error(f"the alternative dose of '{name}' has a unit that its dose cannot be told in", "alternative")
    return regimen


def _convertible(other: Alternative, dose: Dose | None) -> bool:
    return (
        dose is not None and dose.unit is not None and (other.unit == dose.unit or (other.unit, dose.unit) in FACTORS)
    )


def _part(
    entry: Fields, key: str, what: str, sources: Collection[str], read: Callable[[Fields, Collection[str]], T]
) -> T | None:
    """Return ``read`` of the mapping under ``key``, or None when it is not there."""
    part = entry.take(key, Map, None)
    return None if part is None else read(Fields(part, entry.file, what), sources)


def _dose(entry: Fields, sources: Collection[str]) -> Dose:
    kinds = [
        kind for kind in ("fixed", "per_kg", "per_m2", "entered") if entry.take(kind, (Decimal, bool), None) is not None
    ]
    if len(kinds) != 1:
        raise entry.error(f"{entry.what} must be one of fixed, per_kg, per_m2 and entered")
    kind = kinds[0]
    amount = None if kind == "entered" else entry.take(kind, Decimal)
    dose = Dose(
        kind, amount, entry.take("unit", str, None), entry.take("route", str, ""), entry.take("total", str, ""),
        take_mark(entry, sources, number=True, rule=False),
    )  # fmt: skip
    entry.done()
    return dose


def _alternative(entry: Fields, sources: Collection[str]) -> Alternative:
    pair = entry.take("per_kg", Seq)
    found = Alternative(
        entry.take("by", str), Decimal(pair[0]), Decimal(pair[1]), entry.take("unit", str),
        entry.take("route", str, ""), frozenset(entry.texts("in")), take_mark(entry, sources, number=True, rule=False),
    )  # fmt: skip
    entry.done()
    return found


def _schedule(entry: Fields, sources: Collection[str]) -> Schedule:
    kinds = [kind for kind in ("daily", "every_days", "on_days", "monthly", "taper") if kind in entry.values]
    if len(kinds) != 1:
        raise entry.error(f"{entry.what} must be one of daily, every_days, on_days, monthly and taper")
    kind = kinds[0]
    low, high, every, days = _length(kind, entry)
    schedule = Schedule(
        kind, low, high, entry.take("default", int, low), every, days, entry.take("step_days", int, 7),
        take_mark(entry, sources, number=True, rule=False, settable=("default", "step_days")),
    )  # fmt: skip
    entry.done()
    if not low <= schedule.default <= high:
        raise entry.error(f"the default of {entry.what} lies outside its range", "default")
    return schedule


def _length(kind: str, entry: Fields) -> tuple[int, int, int, tuple[int, ...]]:
    """Return low, high, every and days of a schedule."""
    if kind == "every_days":
        return *take_range(entry, "sessions"), entry.take("every_days", int), ()
    if kind == "on_days":
        days = tuple(entry.take("on_days", Seq))
        if not days or any(not isinstance(day, int) or day < 1 for day in days) or list(days) != sorted(set(days)):
            raise entry.error(f"the days of {entry.what} must be whole numbers from 1 in order", "on_days")
        return len(days), len(days), 1, days
    if kind == "monthly":
        return 1, 1, entry.take("monthly", int), ()
    return *take_range(entry, kind), 1, ()
