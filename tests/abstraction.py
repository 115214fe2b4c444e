"""How does the proof see an episode, and an entry of its record? The engine's history in the model's words.

``situation`` says which of the model's names are true of an episode; each means what the engine's own host answers.
``steps`` cuts an entry where the model cuts: an entry is one or several of its steps, one after the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Command, Complete, Stop
from orchestrator.episode.fold import fold
from orchestrator.episode.host import Host
from orchestrator.episode.model import COMPLETED, REPLACED, REVIEWED, TAPERED, Episode
from orchestrator.pathway.model import Check, Transition
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.system import System

Situation = frozenset[str]


def situation(system: System, episode: Episode, now: datetime) -> Situation:
    """Return the names that are true of an episode at ``now``."""
    host = Host(system.pathway, episode, now)
    values = episode.values()
    true = {name for fact in system.names.facts if fact in values for name in _of_value(system, fact, values[fact])}
    true |= {world.spent(each.name) for each in system.pathway.course_facts if host.deciding(each.name) is False}
    true |= {world.course(what, system.stand_ins[each]) for what, each in _of_courses(host)}
    true |= {world.answered(*each) for each in system.answers if host.answered(*each)}
    true |= {world.due(each) for each in system.pathway.checks if host.due(each)}
    true |= {world.several(each.name) for each in system.pathway.checks.values() if _several(host, each)}
    true |= {f"reached {each}" for each in system.names.stages if host.reached(each)}
    true |= {f"completed {each}" for each in system.tasks if host.completed(each)}
    known = {world.RELAPSED: host.relapsed(), world.TAPERED: host.tapered(), world.IMPROVED: host.improved()}
    return frozenset(true | {world.stage(episode.stage)} | {name for name, holds in known.items() if holds})


def _several(host: Host, check: Check) -> bool:
    selector = check.selector
    return selector is not None and sum(each.regimen in selector for each in host.unanswered()) > 1


def _of_value(system: System, name: str, found: object) -> Iterator[str]:
    fact = system.pathway.facts[name]
    if system.names.has_known(name):
        yield world.known(name)
    if isinstance(found, bool | str):
        yield world.value(name, str(found).lower() if fact.kind == "bool" else str(found))
    elif isinstance(found, frozenset | set | list | tuple):
        yield from (world.value(name, str(each)) for each in found)
    else:
        for region in system.names.regions[name]:
            if _lies_in(region, found):
                yield world.value(name, region.text)


def _lies_in(region: world.Region, number: Any) -> bool:  # noqa: ANN401 - an int or a Decimal
    if region.low is not None and region.low == region.high:
        return bool(number == region.low)
    return (region.low is None or number > region.low) and (region.high is None or number < region.high)


def _of_courses(host: Host) -> Iterator[tuple[str, str]]:
    """Yield what is true of which regimen."""
    about: dict[str, Callable[[str], bool]] = {
        "in force": host.in_force, "unanswered": host.belongs, "given": host.given, "failed": host.failed,
    }  # fmt: skip
    for course in host.episode.courses:
        yield "confirmed", course.regimen
        if course.counts:
            yield "ever", course.regimen
        yield from ((what, course.regimen) for what, holds in about.items() if holds(course.regimen))


@dataclass(frozen=True)
class Step:
    """What the model should take for one step. options: the names of which one must do it."""

    options: tuple[str, ...]
    before: Episode
    after: Episode
    events: tuple[ev.Event, ...]
    seq: int


_TAKING_BACK = (
    ev.FactRetracted, ev.AdministrationRetracted, ev.DecisionTakenBack, ev.CourseReopened, ev.CheckWithdrawn,
)  # fmt: skip
_SEEN = (
    *_TAKING_BACK, ev.FactRecorded, ev.FactExpired, ev.FactDecided, ev.CourseConfirmed, ev.AdministrationRecorded,
    ev.CourseEnded, ev.CheckDue, ev.Moved, ev.TaskCompleted, ev.Closed,
)  # fmt: skip
"""Events that can change a situation. The others open tasks, arm reminders, tell people."""


class Entry:
    """One accepted entry, read from its first event to its last."""

    def __init__(self, system: System, before: Episode, events: tuple[ev.Event, ...], at: datetime) -> None:
        self.pathway, self.now, self.seq = system.pathway, before, before.seq + 1
        self._who = system.stand_ins
        self.at = at
        self.left = [each for each in events if isinstance(each, _SEEN)]

    def steps(self, command: Command) -> Iterator[Step]:
        """Yield the steps of an entry that ``command`` made."""
        yield from self._asked(command)
        while self.left:
            yield self._followed()

    # reading

    @property
    def _first(self) -> ev.Event | None:
        return self.left[0] if self.left else None

    def _next(self, *kinds: type[ev.Event]) -> bool:
        return isinstance(self._first, kinds)

    def _ends(self, *ends: str, regimens: frozenset[str] | None = None) -> bool:
        """Return whether the next event is the end of a course, in one of these ways, of one of these regimens."""
        event = self._first
        if not isinstance(event, ev.CourseEnded):
            return False
        return event.end in ends and (regimens is None or event.regimen in regimens)

    def _step(self, read: Callable[[], tuple[str, ...]]) -> Step:
        """Read one step's events; ``read`` takes them and names the options."""
        before, left = self.now, list(self.left)
        options = read()
        taken = tuple(left[: len(left) - len(self.left)])
        return Step(options, before, self.now, taken, self.seq)

    def _take(self) -> ev.Event:
        event = self.left.pop(0)
        self.now = fold(self.now, event, self.seq, self.at)
        return event

    def _take_all(self, *kinds: type[ev.Event]) -> None:
        while self._next(*kinds):
            self._take()

    # what was asked for

    def _asked(self, command: Command) -> Iterator[Step]:
        if self._next(*_TAKING_BACK):
            yield self._step(self._taken_back)
        elif self._next(ev.FactRecorded):
            yield self._step(partial(self._all, ("record",), ev.FactRecorded))
        elif self._next(ev.FactExpired, ev.CourseConfirmed):
            yield self._step(self._confirmed)
        elif self._next(ev.AdministrationRecorded):
            yield self._step(self._charted)
        elif isinstance(command, Stop):
            yield self._step(partial(self._one, f"stop {self._who[command.regimen]}"))
        elif isinstance(command, Complete):
            yield self._step(partial(self._one, f"complete {command.task}"))
        elif any(isinstance(each, ev.Closed) for each in self.left):
            yield self._step(partial(self._all, ("close",), ev.CourseEnded, ev.Closed))

    def _all(self, options: tuple[str, ...], *kinds: type[ev.Event]) -> tuple[str, ...]:
        self._take_all(*kinds)
        return options

    def _one(self, option: str) -> tuple[str, ...]:
        self._take()
        return (option,)

    def _taken_back(self) -> tuple[str, ...]:
        self._take_all(*_TAKING_BACK, ev.FactRecorded)  # what follows from the facts that are left is derived anew
        self._row("due")  # what fell due where the episode should not have been moves it now
        return ("retract",)

    def _confirmed(self) -> tuple[str, ...]:
        self._take_all(ev.FactExpired, ev.CourseConfirmed)
        rows = (row.what.regimens for row in self.pathway.replaces if row.at == "confirmation")
        replaced = frozenset[str]().union(*rows)
        while self._next(ev.AdministrationRecorded) or self._ends(REPLACED, regimens=replaced):
            self._take()
        self._row("confirmation")
        return ("confirm",)

    def _charted(self) -> tuple[str, ...]:
        """A dose was recorded: nothing the model sees, or none of the course was given, or its C0 lies later now."""
        charted = self._take()
        assert isinstance(charted, ev.AdministrationRecorded)
        if self._next(*_TAKING_BACK):
            return self._taken_back()
        regimen = charted.regimen
        if not self.now.course(charted.course).counts and self._ends(COMPLETED, regimens=frozenset({regimen})):
            self._take()
        return (f"{self._who[regimen]} was not given",)

    # what followed

    def _followed(self) -> Step:
        if self._next(ev.CheckDue):
            return self._step(self._fell_due)
        if self._ends(COMPLETED):
            return self._step(self._completed)
        if self._ends(TAPERED, REPLACED):
            return self._step(self._gave_way)
        if self._next(ev.FactDecided, ev.Moved):
            return self._step(self._moved)
        raise AssertionError(f"no step of the model begins so: {self.left[:3]}")

    def _fell_due(self) -> tuple[str, ...]:
        fell = self._take()
        assert isinstance(fell, ev.CheckDue)
        self._row("due")
        check = self.pathway.checks[fell.check]
        if check.ends and check.selector is not None and self._ends(REVIEWED, regimens=check.selector.regimens):
            self._take()
        return (f"due {fell.check}",)

    def _completed(self) -> tuple[str, ...]:
        ended = self._take()
        assert isinstance(ended, ev.CourseEnded)
        schedule = self.pathway.regimens[ended.regimen].schedule
        if schedule is None or schedule.kind != "taper":
            return (f"{self._who[ended.regimen]} is over",)
        self._row("due")
        return (f"{self._who[ended.regimen]} ends",)

    def _gave_way(self) -> tuple[str, ...]:
        ended = self._take()
        assert isinstance(ended, ev.CourseEnded)
        return (f"{self._who[ended.regimen]} gives way",)

    def _moved(self) -> tuple[str, ...]:
        rows = self._row("any")
        assert rows, f"no row makes this move: {self.left[:3]}"
        return tuple(f"move {row.name}" for row in rows)

    def _row(self, cause: str) -> list[Transition]:
        """Read the move of a row that ``cause`` enables, if one comes next; return the row, or which it may be."""
        rows = [each for each in self._rows() if each.on == cause]
        if rows:
            self._take_all(ev.FactDecided)
            while isinstance(event := self._first, ev.Moved) and event.transition == rows[0].name:
                self._take()
            while self._ends(REVIEWED, regimens=rows[0].ends):
                self._take()
        return rows

    def _rows(self) -> list[Transition]:
        """Return the rows that the next events may be the move of: one, unless it decides on the spot."""
        rows, first = self.pathway.transitions, self._first
        if isinstance(first, ev.Moved):
            return [row for row in rows if row.name == first.transition]
        if not isinstance(first, ev.FactDecided):
            return []
        deciding = [row for row in rows if row.decides == first.fact]
        moved = self.left[1] if len(self.left) > 1 else None
        named = [row for row in deciding if isinstance(moved, ev.Moved) and row.name == moved.transition]
        return named or [row for row in deciding if self._on_the_spot(row)]

    def _on_the_spot(self, row: Transition) -> bool:
        return self.now.stage in row.origins and self.pathway.state_of(row.target) == self.now.state
