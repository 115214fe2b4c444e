"""How does a story go on the engine, entry by entry? Without a store: each moment is a value that can be gone back to.

What comes due fires at its moment, as when a scenario is played. Each entry is asked whether it breaks the promise.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrator.episode.commands import Actor, Command, Enrolment, Tick
from orchestrator.episode.decide import Accepted, Refused, decide, enrol
from orchestrator.episode.draft import Draft
from orchestrator.episode.events import Event
from orchestrator.episode.model import Episode
from orchestrator.errors import Ambiguous
from orchestrator.pathway.model import Pathway, Property
from orchestrator.service.scenario.breach import Made, breaks
from orchestrator.service.scenario.story import DEFAULT_ROLE

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
"""T0 of every story that is found: any day would do."""
TWO_MOVES = "always one-move"
_CLOCK = Actor("clock", "service")
_MAX_ALARMS = 400
"""Alarms that a story lets pass before it gives up waiting for something."""


class Line(NamedTuple):
    """One line of a story. at: since T0.   command: None where only the clock moves on."""

    at: dt.timedelta
    command: Command | None = None
    role: str = DEFAULT_ROLE


@dataclass(frozen=True, slots=True)
class Point:
    """Where a story has come to. broken: the promise is broken here.   torn: two moves were enabled at once."""

    episode: Episode
    now: dt.datetime
    lines: tuple[Line, ...] = ()
    broken: bool = False
    torn: bool = False


class Stagehand:
    """Plays stories of one pathway against one promise. played: how many entries so far."""

    def __init__(self, pathway: Pathway, promise: Property) -> None:
        self.pathway, self.promise, self.played = pathway, promise, 0

    def begin(self) -> Point:
        """Enrol a patient."""
        wish = Enrolment(self.pathway, "story", "story", "story", "UTC")
        made = enrol(wish, Actor(DEFAULT_ROLE, DEFAULT_ROLE), START)
        if isinstance(made, Refused):
            raise AssertionError(made.text)
        return self._seen(None, Point(made.episode, START), Tick(), made.events)

    def act(self, point: Point, command: Command, role: str) -> Point | None:
        """Carry out a command now; None if it is refused."""
        line = Line(point.now - START, command, role)
        return self._entry(replace(point, lines=(*point.lines, line)), command, Actor(role, role))

    def wait(self, point: Point, until: Callable[[Episode], bool]) -> Point | None:
        """Let time pass, alarm by alarm, until something is so; None if that does not come."""
        for _ in range(_MAX_ALARMS):
            if point.broken or until(point.episode):
                return replace(point, lines=(*point.lines, Line(point.now - START)))
            alarm = point.episode.next_due_at
            after = None if alarm is None else self._tick(point, alarm)
            if after is None:
                return None
            point = after
        return None

    def replay(self, lines: Iterable[Line]) -> Point | None:
        """Play lines at their times up to where the promise is broken; None where one of them is refused before."""
        point = self.begin()
        for line in lines:
            while not point.broken and (due := point.episode.next_due_at) is not None and due <= START + line.at:
                after = self._tick(point, due)
                if after is None:
                    return None
                point = after
            if point.broken:
                return _ended(point)
            point = replace(point, now=max(point.now, START + line.at))
            if line.command is None:
                point = replace(point, lines=(*point.lines, line))
                continue
            acted = self.act(point, line.command, line.role)
            if acted is None or acted.broken:
                return acted
            point = acted
        return point

    def _tick(self, point: Point, due: dt.datetime) -> Point | None:
        return self._entry(replace(point, now=max(due, point.now)), Tick(), _CLOCK)

    def _entry(self, point: Point, command: Command, actor: Actor) -> Point | None:
        self.played += 1
        try:
            outcome = decide(self.pathway, point.episode, command, actor, point.now)
        except Ambiguous:
            return replace(point, broken=True, torn=True) if self.promise.kind == TWO_MOVES else None
        if not isinstance(outcome, Accepted):
            return None
        return self._seen(point.episode, replace(point, episode=outcome.episode), command, outcome.events)

    def _seen(self, before: Episode | None, point: Point, command: Command, events: tuple[Event, ...]) -> Point:
        was = Draft(self.pathway, before or point.episode, point.now)
        made = Made(was, Draft(self.pathway, point.episode, point.now), command, events)
        return replace(point, broken=breaks(self.promise, made))


def _ended(point: Point) -> Point:
    """Return the story with a last line for what time alone brought."""
    return replace(point, lines=(*point.lines, Line(point.now - START)))
