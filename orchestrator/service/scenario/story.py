"""What does a scenario file say? Reads one strictly; raises PathwayError with file, line and what was expected."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestrator.episode.calendar import zone
from orchestrator.errors import PathwayError
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import Map, Seq, read_file

ACTIONS = ("record", "confirm", "give", "miss", "decline", "stop", "retract", "complete", "acknowledge", "close")
CODES = (
    "unknown-fact", "invalid-value", "not-proposed", "needs-reason", "needs-role", "missing-input", "no-such-course",
    "no-such-task", "no-such-reminder", "episode-closed",
)  # fmt: skip
EXPECTATIONS = (
    "stage", "state", "passed", "although", "courses", "proposed", "reasons", "missing", "not_missing", "warnings",
    "no_warnings", "offers", "no_offers", "tasks", "no_tasks", "asks", "fired", "not_fired", "told", "upcoming",
    "doses", "audit",
)  # fmt: skip
DEFAULT_ROLE = "clinician"
_OFFSET = re.compile(r"(-)?(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?")
_MAPS = {"proposed", "reasons", "asks", "told", "upcoming", "doses"}
_LISTS = {
    "passed", "although", "courses", "missing", "not_missing", "warnings", "no_warnings", "offers", "no_offers",
    "tasks", "no_tasks", "fired", "not_fired",
}  # fmt: skip


def offset(text: str) -> dt.timedelta:
    """Return an offset from T0 such as ``2d4h`` or ``72h30m``, a day being 24 hours; raises ValueError."""
    match = _OFFSET.fullmatch(text)
    if match is None or text in {"", "-"}:
        raise ValueError(f"'{text[:40]}' is no offset such as 76h, 2d4h or 72h30m")
    days, hours, minutes = (int(part or 0) for part in match.groups()[1:])
    length = dt.timedelta(days=days, hours=hours, minutes=minutes)
    return -length if match[1] else length


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. action: its key and value; expect: expectation to what is expected."""

    at: dt.timedelta
    text: str
    line: int
    action: tuple[str, Any] | None
    role: str
    reason: str | None
    override: tuple[str, ...]
    parameters: Mapping[str, Any]
    given_at: dt.timedelta | None
    refused: str | None
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. start: T0, UTC; pathway: name, or name@version."""

    title: str
    pathway: str
    start: dt.datetime
    timezone: str
    entries: tuple[Entry, ...]
    file: str
    line: int


def read_story(path: Path) -> Scenario:
    """Return the scenario in a file; raises PathwayError."""
    file = str(path)
    top = Fields(read_file(path), file, "the scenario", line=1)
    title, pathway = top.take("scenario", str), top.take("pathway", str)
    start = _start(top)
    timezone = top.take("timezone", str, "UTC")
    timeline = top.take("timeline", Seq)
    top.done()
    try:
        zone(timezone)
    except ValueError as error:
        raise top.error(str(error), "timezone") from None
    return Scenario(title, pathway, start, timezone, tuple(_entries(timeline, file)), file, top.line_of("pathway"))


def _start(top: Fields) -> dt.datetime:
    text = top.take("start", str)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise top.error(f"'{text[:40]}' is no moment such as 2026-03-02T08:00:00+00:00", "start") from None
    if not 1900 <= moment.year <= 2200:
        raise top.error("start must lie between the years 1900 and 2200", "start")
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)


def _entries(timeline: Seq, file: str) -> Iterator[Entry]:
    before = None
    for index, value in enumerate(timeline):
        entry = _entry(Fields(value, file, "an entry of the timeline", line=timeline.line_of(index)))
        if entry.at < (before or dt.timedelta(0)):
            raise PathwayError(
                f"'at: {entry.text}' lies before {'the entry above it' if before else 'T0'}", file=file, line=entry.line
            )
        before = entry.at
        yield entry


def _entry(fields: Fields) -> Entry:
    text = fields.take("at", (str, int))
    at = _offset(fields, "at", text)
    named = [name for name in ACTIONS if name in fields.values]
    if len(named) > 1:
        raise fields.error(f"an entry has one action, and this one has {' and '.join(named)}", named[1])
    expect = _expect(fields)
    if not named and not expect:
        raise fields.error("an entry needs an action or expect", "at", f"actions are {', '.join(ACTIONS)}")
    action = (named[0], _target(fields, named[0])) if named else None
    role, reason = fields.take("by", str, DEFAULT_ROLE), fields.take("reason", str, None)
    override = fields.texts("override", ())
    parameters = _parameters(fields) if "with" in fields.values else dict(fields.take("with", Map, {}))
    given_at = _given_at(fields)
    refused = fields.take("refused", str, None)
    _known_only(fields)
    if action is None and (refused is not None or override):
        raise fields.error("refused and override belong to an action", "at")
    for key, name, there in (("with", "confirm", parameters), ("given_at", "give", given_at is not None)):
        if there and (action is None or action[0] != name):
            raise fields.error(f"'{key}' belongs to {name}", key)
    return Entry(
        at, str(text), fields.values.line, action, role, reason, override, parameters, given_at, refused, expect
    )


def _known_only(fields: Fields) -> None:
    for name in ACTIONS:
        if name not in fields.known:
            fields.known.append(name)
    fields.done()


def _offset(fields: Fields, key: str, text: object) -> dt.timedelta:
    if text == 0:
        return dt.timedelta(0)
    try:
        return offset(str(text))
    except ValueError as error:
        raise fields.error(str(error), key) from None


def _target(fields: Fields, name: str) -> object:
    if name == "record":
        return dict(fields.take(name, Map))
    if name == "confirm":
        return fields.texts(name)
    if name == "give":
        return _give(fields)
    return fields.take(name, str)


def _give(fields: Fields) -> tuple[str, int]:
    """Return the regimen and how many administrations; ``give: {regimen: 5}`` gives the next five as planned."""
    value = fields.take("give", (str, Map))
    if isinstance(value, str):
        return value, 0
    if len(value) != 1 or not all(
        isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in value.values()
    ):
        raise fields.error("give takes a regimen, or one regimen and how many", "give", "such as give: {regimen: 5}")
    ((regimen, count),) = value.items()
    return regimen, count


def _parameters(fields: Fields) -> dict[str, Any]:
    made = dict(fields.take("with", Map))
    if "start" in made:
        made["start"] = _offset(fields, "with", made["start"])
    if "given" in made:
        given = made["given"] if isinstance(made["given"], list) else [made["given"]]
        made["given"] = [_offset(fields, "with", each) for each in given]
    return made


def _given_at(fields: Fields) -> dt.timedelta | None:
    text = fields.take("given_at", (str, int), None)
    return None if text is None else _offset(fields, "given_at", text)


def _expect(fields: Fields) -> dict[str, Any]:
    if "expect" not in fields.values:
        return dict(fields.take("expect", Map, {}))
    expect = fields.nested("expect", "expect")
    made: dict[str, Any] = {}
    for name in EXPECTATIONS:
        if name in expect.values:
            made[name] = _expected(expect, name)
    expect.known.extend(EXPECTATIONS)
    expect.done()
    return made


def _expected(expect: Fields, name: str) -> object:
    if name in _LISTS:
        return list(expect.texts(name))
    if name not in _MAPS:
        return expect.take(name, str)
    return {key: _READ[name](expect, name, value) for key, value in expect.take(name, Map).items()}


def _one_text(expect: Fields, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise expect.error(f"{key} takes a word for each name", key)
    return value


def _several_texts(expect: Fields, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise expect.error(f"{key} takes a list of words for each name", key)
    return list(value)


def _one_offset(expect: Fields, key: str, value: object) -> str | None:
    if value is not None:
        _offset(expect, key, value)
    return None if value is None else str(value)


def _several_doses(expect: Fields, key: str, value: object) -> list[dict[str, Any]]:
    if not isinstance(value, Seq) or not all(isinstance(each, Map) for each in value):
        raise expect.error(f"{key} takes a list of {{at, amount, unit}} for each regimen", key)
    return [_dose(Fields(each, expect.file, "a dose", line=value.line_of(index))) for index, each in enumerate(value)]


def _dose(fields: Fields) -> dict[str, Any]:
    amount = fields.take("amount", (Decimal, str), None)
    made = {
        "at": _one_offset(fields, "at", fields.take("at", (str, int), None)),
        "unit": fields.take("unit", str, None),
        "amount": None if amount is None else str(amount),
    }
    fields.done()
    return {key: value for key, value in made.items() if value is not None}


_READ: dict[str, Callable[[Fields, str, Any], Any]] = {
    "proposed": _one_text,
    "reasons": _several_texts,
    "asks": _several_texts,
    "told": _several_texts,
    "upcoming": _one_offset,
    "doses": _several_doses,
}


def check_names(scenario: Scenario, pathway: Pathway) -> None:
    """Refuse roles and refusal codes that do not exist; raises PathwayError.

    All other names are the engine's to refuse.
    """
    codes = (*CODES, *pathway.gate_names)
    for entry in scenario.entries:
        for name, known, what in ((entry.role, pathway.roles, "role"), (entry.refused, codes, "refusal")):
            if name is not None and name not in known:
                hint = suggest(name, known) or f"known are {', '.join(known)}"
                raise PathwayError(f"unknown {what} '{name}'", file=scenario.file, line=entry.line, hint=hint)
