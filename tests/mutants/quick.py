"""How does a story play without a store? The same entries, the same engine; nothing is sealed, written or read again.

Seven times as fast as on a real store. A story that fails here is played there too before it counts.
"""

import datetime as dt

from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Actor, Command, Enrolment, Tick
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.events import Event
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import Pathway
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.handlers import CLOCK, Answer
from orchestrator.service.scenario.runner import _play_entry
from orchestrator.service.scenario.story import DEFAULT_ROLE, Scenario, check_names
from orchestrator.service.scenario.world import PERSON, Memory, World


class Bedside(World):
    """One patient, in memory alone."""

    def __init__(self, clock: VirtualClock, pathway: Pathway) -> None:
        self.clock, self.pathway, self.memory = clock, pathway, Memory()
        self._engine = EpisodeEngine()
        self._episode: Episode | None = None
        self._seq = 0

    def enrol(self, timezone: str, role: str) -> Answer:
        """Enrol the patient now."""
        wish = Enrolment(self.pathway, PERSON, PERSON, PERSON, timezone)
        return self._answer(self._engine.enrol(wish, Actor(PERSON, role), self.clock.now()), self.clock.now())

    def advance(self, to: dt.datetime) -> None:
        """Move the clock on to ``to`` (never back); what comes due on the way fires at its moment."""
        if to > self.clock.now():
            self.clock.set(to)
            while (due := self.episode().next_due_at) is not None and due <= to:
                self._fire(due)

    def act(self, command: Command, role: str) -> Answer:
        """Carry out a command as a person of this role; what is due fires before."""
        now, due = self.clock.now(), self.episode().next_due_at
        if due is not None and due <= now:
            self._fire(now)
        actor = Actor(f"{PERSON}-{role}", role)
        return self._answer(self._engine.decide(self.pathway, self.episode(), command, actor, now), now)

    def episode(self) -> Episode:
        """Return the episode as it stands."""
        assert self._episode is not None
        return self._episode

    def intact(self) -> bool:
        """There is no record that could be tampered with."""
        return True

    def _fire(self, now: dt.datetime) -> None:
        self._answer(self._engine.decide(self.pathway, self.episode(), Tick(), CLOCK, now), now)

    def _answer(self, outcome: Accepted | Refused, now: dt.datetime) -> Answer:
        events: tuple[Event, ...] = ()
        if isinstance(outcome, Accepted):
            self._episode, events = outcome.episode, outcome.events
        self._seq += 1
        self._episode = self._engine.stamp(self.episode(), self._seq, now)
        for event in events:
            self.memory.note(event)
        code = outcome.code if isinstance(outcome, Refused) else ""
        return Answer(PERSON, self._seq, code, "", self.episode().state, now.isoformat())


def holds(scenario: Scenario, pathway: Pathway) -> bool:
    """Return whether a story holds on a pathway; raises what the engine raises when it breaks down."""
    clock = VirtualClock(scenario.start)
    check_names(scenario, pathway)
    world = Bedside(clock, pathway)
    world.enrol(scenario.timezone, DEFAULT_ROLE)
    return all(each.passed for entry in scenario.entries for each in _play_entry(world, entry, scenario.start))
