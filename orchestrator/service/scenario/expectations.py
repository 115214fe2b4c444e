"""Does the episode show what the story expects? Each expectation is one check: expected, actual, passed."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.episode.courses import open_slots
from orchestrator.episode.draft import Draft
from orchestrator.episode.events import Moved
from orchestrator.episode.model import Episode
from orchestrator.episode.proposals import offers, warning_names
from orchestrator.episode.view import upcoming
from orchestrator.pathway.kinds import Mark, stage_of
from orchestrator.service.scenario.measured import as_offset, doses_of, same_doses, same_offset
from orchestrator.service.scenario.world import Scene


@dataclass(frozen=True, slots=True)
class Look:
    """The episode as it stands when an expectation is checked."""

    world: Scene
    episode: Episode
    draft: Draft
    start: dt.datetime
    moves: tuple[Moved, ...] = ()
    """Those since the last look."""

    def since_start(self, moment: dt.datetime) -> str:
        """Return a moment as an offset from T0."""
        return as_offset(moment - self.start)


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation and what came of it. note: what else helps to understand it, for people alone."""

    at: str
    key: str
    expected: Any
    actual: Any
    passed: bool
    note: str = ""


def look(world: Scene, start: dt.datetime) -> Look:
    """Return the episode as it stands now, and what moved it since the last look."""
    episode = world.episode()
    moves = tuple(world.memory.moves)
    world.memory.moves.clear()
    return Look(world, episode, Draft(world.pathway, episode, world.clock.now()), start, moves)


def check(at: str, key: str, expected: object, seen: Look) -> Check:
    """Return the outcome of one expectation."""
    actual, passed = _CHECKS[key](expected, seen)
    return Check(at, key, expected, actual, passed)


Outcome = tuple[Any, bool]


def _stage(expected: object, seen: Look) -> Outcome:
    return seen.episode.stage, seen.episode.stage == expected


def _state(expected: object, seen: Look) -> Outcome:
    return seen.episode.state, seen.episode.state == expected


def _courses(expected: list[str], seen: Look) -> Outcome:
    actual = sorted(course.regimen for course in seen.episode.courses if course.in_force)
    return actual, actual == sorted(expected)


def _proposed(expected: Mapping[str, str], seen: Look) -> Outcome:
    actual = {regimen: seen.draft.table.standing(regimen).value for regimen in expected}
    return actual, actual == dict(expected)


def _passed(expected: list[str], seen: Look) -> Outcome:
    actual = [stage_of(move.target) for move in seen.moves]
    return actual, actual == list(expected)


def _although(expected: list[str], seen: Look) -> Outcome:
    actual = sorted({fact for move in seen.moves for fact in move.missing})
    return actual, actual == sorted(expected)


def _reasons(expected: Mapping[str, list[str]], seen: Look) -> Outcome:
    """Compare the rows that give a regimen its standing, the deciding one first: rule, and sources or local."""
    shown = seen.draft.table.proposals
    actual = {
        regimen: [_origin(row.mark) for row in shown[regimen].rows] if regimen in shown else [] for regimen in expected
    }
    return actual, actual == {regimen: list(rows) for regimen, rows in expected.items()}


def _origin(mark: Mark) -> str:
    return " ".join((*mark.rules, *(mark.sources or (("local",) if mark.local else ()))))


def _offers(seen: Look) -> list[str]:
    return sorted({row.outcome for row in offers(seen.draft.host, seen.draft.values)})


def _asks(expected: Mapping[str, list[str]], seen: Look) -> Outcome:
    kinds, open_ = seen.world.pathway.tasks, {task.name for task in seen.episode.tasks}
    actual = {name: sorted(kinds[name].asks) if name in open_ else [] for name in expected}
    return actual, actual == {name: sorted(facts) for name, facts in expected.items()}


def _among(actual: list[str], expected: list[str]) -> Outcome:
    return actual, set(expected) <= set(actual)


def _none_of(actual: list[str], expected: list[str]) -> Outcome:
    return actual, not set(expected) & set(actual)


def _missing(seen: Look) -> list[str]:
    return sorted(seen.draft.missing)


def _warnings(seen: Look) -> list[str]:
    return sorted(warning_names(seen.draft.host, seen.draft.values, seen.draft.table))


def _tasks(seen: Look) -> list[str]:
    """Return the open tasks; each administration to be recorded is one,
    named by the task kind that stands for doses.
    """
    names = {task.name for task in seen.episode.tasks}
    pathway, episode = seen.world.pathway, seen.episode
    doses = any(open_slots(pathway, course, episode.timezone) for course in episode.courses if course.in_force)
    return sorted(names | (pathway.dose_tasks if doses else set()))


def _fired(seen: Look) -> list[str]:
    return sorted(seen.world.memory.fired)


def _told(expected: Mapping[str, list[str]], seen: Look) -> Outcome:
    actual = {name: list(seen.world.memory.told.get(name, [])) for name in expected}
    return actual, actual == {name: list(roles) for name, roles in expected.items()}


def _upcoming(expected: Mapping[str, str], seen: Look) -> Outcome:
    due = upcoming(seen.world.pathway, seen.episode)
    actual = {name: seen.since_start(due[name]) if name in due else None for name in expected}
    return actual, all(same_offset(expected[name], actual[name]) for name in expected)


def _doses(expected: Mapping[str, Any], seen: Look) -> Outcome:
    actual = {regimen: doses_of(regimen, seen.episode, seen.draft, seen.start) for regimen in expected}
    return actual, all(same_doses(expected[regimen], actual[regimen]) for regimen in expected)


def _audit(expected: object, seen: Look) -> Outcome:
    actual = "intact" if seen.world.intact() else "broken"
    return actual, actual == expected


_CHECKS: dict[str, Callable[[Any, Look], Outcome]] = {
    "stage": _stage,
    "state": _state,
    "passed": _passed,
    "although": _although,
    "courses": _courses,
    "proposed": _proposed,
    "reasons": _reasons,
    "missing": lambda expected, seen: _among(_missing(seen), expected),
    "not_missing": lambda expected, seen: _none_of(_missing(seen), expected),
    "warnings": lambda expected, seen: _among(_warnings(seen), expected),
    "no_warnings": lambda expected, seen: _none_of(_warnings(seen), expected),
    "offers": lambda expected, seen: _among(_offers(seen), expected),
    "no_offers": lambda expected, seen: _none_of(_offers(seen), expected),
    "asks": _asks,
    "tasks": lambda expected, seen: _among(_tasks(seen), expected),
    "no_tasks": lambda expected, seen: _none_of(_tasks(seen), expected),
    "fired": lambda expected, seen: _among(_fired(seen), expected),
    "not_fired": lambda expected, seen: _none_of(_fired(seen), expected),
    "told": _told,
    "upcoming": _upcoming,
    "doses": _doses,
    "audit": _audit,
}
