"""How does a story play?

Entry by entry; between two the clock moves on and what comes due fires, as it would in production.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Command, Confirm, Give, Record, command_from_json
from orchestrator.episode.courses import open_slots
from orchestrator.errors import CarepathError, InvalidCommand, NotFound, PathwayError
from orchestrator.service.desk import Desk
from orchestrator.service.scenario.expectations import Check, check, look
from orchestrator.service.scenario.story import DEFAULT_ROLE, Entry, Scenario, check_names, read_story
from orchestrator.service.scenario.world import Scene, World

Stage = Callable[[VirtualClock], Desk]
"""Opens a throw-away store on a clock."""
_TARGETS = {
    "stop": "regimen",
    "miss": "regimen",
    "decline": "regimen",
    "retract": "target",
    "complete": "task",
    "acknowledge": "reminder",
    "close": "outcome",
}
INVALID = "invalid-value"
CLOSED = "episode-closed"
ACCEPTED = "accepted"
_ENDLESS = 1_000
"""So many doses of a course without end are given at once at most: eighty years of months."""


class Came(NamedTuple):
    """What became of an action. code: accepted, or that of the refusal.   why: the refusal in words."""

    code: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one file. error: why it could not be read or played, else None."""

    file: str
    scenario: str
    passed: bool
    checks: tuple[Check, ...]
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as the contract has it; amounts are decimals, to be written as numbers."""
        return {
            "file": _speakable(self.file),
            "scenario": self.scenario,
            "passed": self.passed,
            "checks": [_check_json(each) for each in self.checks],
            "error": None if self.error is None else _speakable(self.error),
        }


def _speakable(text: str) -> str:
    """Return a text without what is no text: a file's name may be any bytes."""
    return text.encode(errors="replace").decode()


def _check_json(made: Check) -> dict[str, Any]:
    return {"at": made.at, "key": made.key, "expected": made.expected, "actual": made.actual, "passed": made.passed}


def run_file(path: Path, stage: Stage) -> Report:
    """Play the story in a file on a store of its own;
    a file that cannot be read or played gives a report with its error.
    """
    title = ""
    try:
        scenario = read_story(path)
        title = scenario.title
        return play(scenario, stage)
    except PathwayError as error:
        return Report(str(path), title, False, (), str(error))
    except CarepathError as error:
        return Report(str(path), title, False, (), f"{path}: {error}")


def play(scenario: Scenario, stage: Stage) -> Report:
    """Play a story; raises PathwayError when its pathway does not exist, or a name in it that is not the engine's."""
    clock = VirtualClock(scenario.start)
    desk = stage(clock)
    try:
        pathway = desk.shelf.newest(scenario.pathway)
    except NotFound as error:
        raise PathwayError(str(error), file=scenario.file, line=scenario.line) from None
    check_names(scenario, pathway, desk.shelf.pathways)
    world = World(desk, clock, pathway)
    world.enrol(scenario.timezone, DEFAULT_ROLE)
    checks = tuple(each for entry in scenario.entries for each in play_entry(world, entry, scenario.start))
    return Report(scenario.file, scenario.title, all(each.passed for each in checks), checks)


def play_entry(world: Scene, entry: Entry, start: dt.datetime) -> Iterator[Check]:
    """Carry out an entry at its time in a story that began at ``start``, and yield what is expected of it."""
    world.advance(start + entry.at)
    if entry.action is not None:
        code, why = carry_out(world, entry, entry.action, start)
        expected = entry.refused or ACCEPTED
        if entry.refused is not None or code != ACCEPTED:
            key = "refused" if entry.refused else entry.action[0]
            yield Check(entry.text, key, expected, code, code == expected, why)
    if entry.expect:
        seen = look(world, start)
        for key, value in entry.expect.items():
            yield check(entry.text, key, value, seen)


def carry_out(world: Scene, entry: Entry, action: tuple[str, Any], start: dt.datetime) -> Came:
    """Carry out the entry's action; return what became of it."""
    try:
        name, target = action
        if name == Give.kind:
            return _give(world, entry, target, start)
        return _answer(world, _command(name, target, entry, start), entry.role)
    except InvalidCommand as error:  # of a closed episode nothing else is looked at
        return Came(CLOSED, "the episode is closed") if world.episode().closed else Came(INVALID, str(error))


def _answer(world: Scene, command: Command, role: str) -> Came:
    answer = world.act(command, role)
    return Came(answer.code or ACCEPTED, answer.text)


def _command(
    name: str,
    target: Any,  # noqa: ANN401 - each action has its own kind of target
    entry: Entry,
    start: dt.datetime,
) -> Command:
    common = {"reason": entry.reason, "override": entry.override}
    if name == Record.kind:
        return Record(facts={fact: _jsonable(value) for fact, value in target.items()}, **_filled(common))
    if name == Confirm.kind:
        return Confirm(tuple(target), _moments(entry.parameters, start), **_filled(common))
    return command_from_json(name, {_TARGETS[name]: target, **{key: value for key, value in common.items() if value}})


def _filled(common: dict[str, Any]) -> dict[str, Any]:
    reason = common["reason"]
    return {**common, "reason": reason.strip() or None if isinstance(reason, str) else None}


def _jsonable(value: object) -> object:
    return list(value) if isinstance(value, list) else value


def _moments(parameters: Mapping[str, Any], start: dt.datetime) -> dict[str, Any]:
    made = dict(parameters)
    if isinstance(made.get("start"), dt.timedelta):
        made["start"] = (start + made["start"]).isoformat()
    if "given" in made:
        made["given"] = [(start + each).isoformat() for each in made["given"]]
    return made


def _give(world: Scene, entry: Entry, target: tuple[str, int], start: dt.datetime) -> Came:
    regimen, count = target
    common = _filled({"reason": entry.reason, "override": entry.override})
    if not count:
        given_at = None if entry.given_at is None else start + entry.given_at
        return _answer(world, Give(regimen, given_at, **common), entry.role)
    _check_count(world, regimen, count)
    came = Came(ACCEPTED)
    for _ in range(count):
        planned = next(iter(_planned(world, regimen)), None)
        if planned is not None:
            world.advance(planned)
        came = _answer(world, Give(regimen, planned, **common), entry.role)
        if came.code != ACCEPTED:
            break
    return came


def _check_count(world: Scene, regimen: str, count: int) -> None:
    """Raise InvalidCommand where fewer are planned: what is refused gives nothing, not the first of them."""
    course = world.episode().in_force(regimen)
    if course is None:
        return
    planned = _ENDLESS if course.planned is None else len(_planned(world, regimen))
    if planned < count:
        raise InvalidCommand(f"{planned} administrations of {regimen} can still be given, fewer than {count}")


def _planned(world: Scene, regimen: str) -> list[dt.datetime]:
    """Return when the administrations of ``regimen`` that are still open are planned; of a monthly course the next."""
    episode = world.episode()
    course = episode.in_force(regimen)
    slots = open_slots(world.pathway, course, episode.timezone) if course is not None else []
    return [at for _, at in slots]
