"""What does a scenario file say? Reads one strictly; raises PathwayError with file, line and what was expected."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.clock import is_zone
from orchestrator.errors import PathwayError, PathwayErrors
from orchestrator.pathway.faults import Faults
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import Map, Seq, read_file
from orchestrator.service.scenario.expecting import named_by, read_expect, read_offset

ACTIONS = ("record", "confirm", "give", "miss", "decline", "stop", "retract", "complete", "acknowledge", "close")
CODES = (
    "unknown-fact", "invalid-value", "not-proposed", "needs-reason", "needs-role", "missing-input", "no-such-course",
    "no-such-task", "no-such-reminder", "episode-closed",
)  # fmt: skip
_KEYS = ("at", *ACTIONS, "by", "reason", "override", "with", "given_at", "refused", "expect")
DEFAULT_ROLE = "clinician"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. action: its key and value; expect: expectation to what is expected.

    lines: on which line each key of the entry and each expectation stands.
    """

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
    lines: Mapping[str, int] = field(default_factory=dict)


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
    """Return the scenario in a file; raises PathwayError, of its entries with all that is wrong."""
    file = str(path)
    top = Fields(read_file(path), file, "the scenario", line=1)
    title, pathway = top.take("scenario", str), top.take("pathway", str)
    start = _start(top)
    timezone = top.take("timezone", str, "UTC")
    timeline = top.take("timeline", Seq)
    top.done()
    if not is_zone(timezone):
        raise top.error(f"there is no time zone '{timezone[:40]}'", "timezone", hint="name one such as Europe/London")
    return Scenario(title, pathway, start, timezone, _entries(timeline, file), file, top.line_of("pathway"))


def _start(top: Fields) -> dt.datetime:
    text = top.take("start", str)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise top.error(f"'{text[:40]}' is no moment such as 2026-03-02T08:00:00+00:00", "start") from None
    if not 1900 <= moment.year <= 2200:
        raise top.error("start must lie between the years 1900 and 2200", "start")
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)


def _entries(timeline: Seq, file: str) -> tuple[Entry, ...]:
    faults, entries = Faults(), list[Entry]()
    for index, value in enumerate(timeline):
        with faults.noting("timeline"):
            entry = _entry(Fields(value, file, "an entry of the timeline", line=timeline.line_of(index)))
            if entry.at < (entries[-1].at if entries else dt.timedelta(0)):
                above = "the entry above it" if entries else "T0"
                what = f"'at: {entry.text}' lies before {above}"
                raise PathwayError(what, file=file, line=entry.lines["at"])
            entries.append(entry)
    faults.tell()
    return tuple(entries)


def _entry(fields: Fields) -> Entry:
    fields.known.extend(_KEYS)
    fields.done()
    if "at" not in fields.values:
        raise fields.error("an entry has no 'at'", hint="say when it is, such as 76h")
    at = read_offset(fields, "at", fields.values["at"])
    expect = read_expect(fields)
    action = _action(fields)
    if action is None and not expect:
        what = "expect is empty" if "expect" in fields.values else "an entry needs an action or expect"
        raise fields.error(what, "expect", f"actions are {', '.join(ACTIONS)}")
    _belonging(fields, action[0] if action else "")
    return Entry(
        at,
        str(fields.values["at"]),
        fields.values.line,
        action,
        fields.take("by", str, DEFAULT_ROLE),
        fields.take("reason", str, None),
        fields.texts("override", ()),
        _parameters(fields) if "with" in fields.values else {},
        read_offset(fields, "given_at", fields.values["given_at"]) if "given_at" in fields.values else None,
        fields.take("refused", str, None),
        expect,
        {**(fields.values["expect"].lines if expect else {}), **fields.values.lines},
    )


def _action(fields: Fields) -> tuple[str, Any] | None:
    named = [name for name in ACTIONS if name in fields.values]
    if len(named) > 1:
        raise fields.error(f"an entry has one action, and this one has {' and '.join(named)}", named[1])
    return (named[0], _target(fields, named[0])) if named else None


def _belonging(fields: Fields, name: str) -> None:
    """Refuse what goes with an action that is not there: it would say nothing."""
    owners = {"with": "confirm", "given_at": "give", "refused": name or "an action", "override": name or "an action"}
    for key, owner in owners.items():
        if key in fields.values and name != owner:
            raise fields.error(f"'{key}' belongs to {owner}", key)
    if "given_at" in fields.values and isinstance(fields.values[name], Map):
        raise fields.error("'given_at' belongs to give: REGIMEN; several are given as planned", "given_at")


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
    chosen = fields.nested("with", "with")
    made = dict(chosen.values)
    if "start" in made:
        made["start"] = read_offset(chosen, "start", made["start"])
    if "given" in made:
        given = made["given"] if isinstance(made["given"], list) else [made["given"]]
        made["given"] = [read_offset(chosen, "given", each) for each in given]
    return made


def check_names(scenario: Scenario, pathway: Pathway, others: Collection[Pathway] = ()) -> None:
    """Refuse roles and refusal codes that do not exist; raises PathwayErrors.

    others: all pathways that there are, where what is expected is looked at too: a name that is none of theirs must not
    pass for one that never shows. All other names are the engine's to refuse, or do not hold.
    """
    wrong = [fault for entry in scenario.entries for fault in _unknown(entry, scenario.file, pathway, others)]
    if wrong:
        raise PathwayErrors(wrong)


def _unknown(entry: Entry, file: str, pathway: Pathway, others: Collection[Pathway]) -> Iterator[PathwayError]:
    if entry.role not in pathway.roles:
        hint = f"roles are {', '.join(pathway.roles)}"
        yield PathwayError(f"unknown role '{entry.role}'", file=file, line=entry.lines.get("by", entry.line), hint=hint)
    codes = (*CODES, *pathway.gate_names)
    if entry.refused not in {None, *codes}:
        hint = suggest(str(entry.refused), codes) or f"known are {', '.join(codes)}"
        yield PathwayError(f"unknown refusal '{entry.refused}'", file=file, line=entry.lines["refused"], hint=hint)
    for key, (what, known) in named_by(entry.expect, others).items() if others else ():
        for name in entry.expect[key]:
            if name not in known:
                hint = suggest(name, sorted(known)) or f"no pathway here has such a {what}"
                yield PathwayError(f"unknown {what} '{name}' in {key}", file=file, line=entry.lines[key], hint=hint)
