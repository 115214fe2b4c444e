"""Can an episode be closed from here, on the engine, without an override? A person takes the way out, and time passes.

The way is the one that the proof gives (``pathway.proof.leaving``): each course that keeps the episode open comes to an
end, its doses recorded or its days over; one that lasts until another takes its place gives way to that one, which is
confirmed as proposed, after the promise's own ways where it is not proposed yet. Then the episode is closed.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple

from orchestrator.episode.commands import Actor, Close, Command, Confirm, Miss, Record, Tick
from orchestrator.episode.decide import Accepted, decide
from orchestrator.episode.model import Course, Episode
from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.leaving import ends_by_itself, holding, successors
from orchestrator.pathway.model import Pathway, Property
from orchestrator.service.scenario.entering import dose
from orchestrator.service.scenario.story import DEFAULT_ROLE

_TURNS = 20
"""Courses that are brought to their end, one after the other."""
_ALARMS = 1_000
"""Alarms that may pass until a course has ended."""
_PERSON, _CLOCK = Actor(DEFAULT_ROLE, DEFAULT_ROLE), Actor("clock", "service")


class Here(NamedTuple):
    """Where a patient is."""

    episode: Episode
    now: dt.datetime


def kept_in(pathway: Pathway, promise: Property, episode: Episode, now: dt.datetime) -> bool:
    """Return whether an open episode cannot be closed as promised, for a course that the pathway can propose."""
    held = {*holding(pathway, promise.outcomes)} & options(pathway)
    running = any(each.in_force and each.regimen in held for each in episode.courses)
    return running and not episode.closed and not leaves(pathway, promise, episode, now)


def leaves(pathway: Pathway, promise: Property, episode: Episode, now: dt.datetime) -> bool:
    """Return whether the way out leads to a closed episode."""
    here: Here | None = Here(episode, now)
    for _ in range(_TURNS):
        if here is None:
            return False
        for outcome in sorted(promise.outcomes):
            if _done(pathway, here, Close(outcome), _PERSON) is not None:
                return True
        course = _held(pathway, promise, here.episode)
        if course is None:
            return False
        here = next(_ended(pathway, promise, here, course), None)
    return False


def _held(pathway: Pathway, promise: Property, episode: Episode) -> Course | None:
    """Return a course that keeps the episode open; those first that end by themselves."""
    names = holding(pathway, promise.outcomes)
    found = [each for each in episode.courses if each.in_force and each.regimen in names]
    return min(found, key=lambda each: not ends_by_itself(pathway, each.regimen), default=None)


def _ended(pathway: Pathway, promise: Property, here: Here, course: Course) -> Iterator[Here]:
    """Yield where the patient is once the course has ended."""
    over: Callable[[Episode], bool] = lambda episode: not episode.course(course.id).in_force  # noqa: E731
    if ends_by_itself(pathway, course.regimen):
        missed: Here | None = here
        while missed is not None and not over(missed.episode):
            here, missed = missed, _done(pathway, missed, Miss(course.regimen), _PERSON)
        yield from _later(pathway, here if missed is None else missed, over)
        return
    for way in ((), *promise.ways):
        there: Here | None = here
        for facts in way:
            there = there and _done(pathway, there, Record(facts=dict(facts)), _PERSON)
        if there is not None:
            for name in successors(pathway, course.regimen):
                begun = _done(pathway, there, Confirm((name,), dose([pathway.regimens[name]])), _PERSON)
                if begun is not None:
                    yield from _later(pathway, begun, over)


def _later(pathway: Pathway, here: Here, until: Callable[[Episode], bool]) -> Iterator[Here]:
    """Yield where the patient is once that is so; time passes, alarm by alarm."""
    for _ in range(_ALARMS):
        if until(here.episode):
            yield here
            return
        due = here.episode.next_due_at
        after = None if due is None else _done(pathway, Here(here.episode, max(due, here.now)), Tick(), _CLOCK)
        if after is None:
            return
        here = after


def _done(pathway: Pathway, here: Here, command: Command, actor: Actor) -> Here | None:
    answer = decide(pathway, here.episode, command, actor, here.now)
    return Here(answer.episode, here.now) if isinstance(answer, Accepted) else None
