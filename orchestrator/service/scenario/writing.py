"""How is a story written down? As a scenario file: entries with their times, and what the last one must show."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from orchestrator.episode.commands import (
    Acknowledge,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
    Tick,
)
from orchestrator.episode.draft import Draft
from orchestrator.pathway.leaving import successors
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import CLOSED
from orchestrator.service.scenario.measured import as_offset, doses_of
from orchestrator.service.scenario.stagehand import START, Line, Point, Stagehand
from orchestrator.service.scenario.story import DEFAULT_ROLE

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_A_YEAR = dt.timedelta(days=366)
_WORDS_OF_YAML = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def written(hand: Stagehand, point: Point) -> str:
    """Return the story that ends at ``point`` as the text of a scenario file."""
    pathway, promise = hand.pathway, hand.promise
    version = pathway.version.partition("+")[0]
    lines = [
        f"# Rules: {', '.join(promise.mark.rules)}",
        f"# Found by carepath verify: the shortest story in which {promise.name} is broken. The last entry shows it.",
        f"scenario: {_scalar(f'{promise.name} is broken: {promise.words}')}",
        f"pathway: {pathway.name}@{version}",
        f"start: {START.isoformat()}",
        "timeline:",
    ]
    stage = ""
    for place, line in enumerate(point.lines):
        last = place == len(point.lines) - 1
        there = point if last else hand.replay(point.lines[: place + 1])
        if there is None:
            raise AssertionError("a story that was played plays again")
        expect = shown(pathway, promise, there) if last else _moved(stage, there)
        stage = there.episode.stage
        lines += _entry(line, expect)
    if promise.kind == CLOSED:
        lines += _refusals(pathway, promise, point)
    return "\n".join(lines) + "\n"


def _refusals(pathway: Pathway, promise: Property, point: Point) -> Iterator[str]:
    """Yield that a year later the episode still cannot be closed, and by which gate."""
    running = {each.regimen for each in point.episode.courses if each.in_force}
    for outcome in sorted(promise.outcomes):
        gates = [
            each for each in pathway.gates.values() if "close" in each.actions and outcome not in each.save_outcomes
        ]
        refusing = min((each for each in gates if running & each.selector.regimens), key=lambda each: each.order)
        yield f"  - at: {as_offset(point.now - START + _A_YEAR)}"
        yield f"    close: {outcome}"
        yield f"    refused: {refusing.name}"


def _moved(stage: str, there: Point) -> dict[str, Any]:
    return {"stage": there.episode.stage} if there.episode.stage != stage else {}


def shown(pathway: Pathway, promise: Property, point: Point) -> dict[str, Any]:
    """Return the situation that breaks the promise, as expectations that hold where it is so."""
    draft = Draft(pathway, point.episode, point.now)
    running = sorted(each.regimen for each in point.episode.courses if each.in_force)
    expect: dict[str, Any] = {"stage": point.episode.stage, "courses": running}
    spoken_of = {each for row in pathway.standings for each in row.selector.regimens}
    if promise.kind == "always shown":
        expect["proposed"] = {each: draft.table.standing(each).value for each in sorted(spoken_of)}
        expect["no_warnings"] = sorted({row.name for row in pathway.warnings})
    if promise.kind == "always offered" and promise.selector is not None:
        expect["proposed"] = {each: draft.table.standing(each).value for each in sorted(promise.selector.regimens)}
    if promise.kind == CLOSED:
        after = sorted({each for regimen in running for each in successors(pathway, regimen)})
        expect["proposed"] = {each: draft.table.standing(each).value for each in after}
    if promise.kind == "never planned":
        of = [each for each in running if promise.selector is None or each in promise.selector]
        expect["doses"] = {each: doses_of(each, point.episode, draft, START) for each in of}
    return expect


def _entry(line: Line, expect: Mapping[str, Any]) -> Iterator[str]:
    yield f"  - at: {as_offset(line.at)}"
    command = line.command
    if command is not None:
        for key, value in _action(command):
            yield f"    {key}: {_text(value)}"
        if line.role != DEFAULT_ROLE:
            yield f"    by: {line.role}"
        if command.reason is not None:
            yield f"    reason: {_scalar(command.reason)}"
        if command.override:
            yield f"    override: {_text(list(command.override))}"
    if expect:
        yield f"    expect: {_text(expect)}"


def _action(command: Command) -> Iterator[tuple[str, Any]]:
    match command:
        case Record(facts=facts):
            yield "record", dict(facts)
        case Confirm(regimens=regimens, parameters=parameters):
            yield "confirm", regimens[0] if len(regimens) == 1 else list(regimens)
            if parameters:
                yield "with", dict(parameters)
        case Give(regimen=name) | Miss(regimen=name) | Decline(regimen=name) | Stop(regimen=name):
            yield command.kind, name
        case Retract(target=name) | Complete(task=name) | Close(outcome=name) | Acknowledge(reminder=name):
            yield command.kind, name
        case Tick():
            raise AssertionError("the clock is no line of a story")


def _text(value: object) -> str:
    """Return a value in YAML's flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | Decimal):
        return format(Decimal(value), "f")
    if isinstance(value, dt.timedelta):
        return as_offset(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS_OF_YAML
    return text if plain else orjson.dumps(text).decode()
