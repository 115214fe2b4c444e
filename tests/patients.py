"""One patient on a real pathway, played on the engine alone: no store, a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestrator.episode.commands import (
    Acknowledge,
    Actor,
    ChangeWard,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Enrolment,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
    Tick,
)
from orchestrator.episode.decide import Accepted, Refused, decide, enrol
from orchestrator.episode.events import Event
from orchestrator.episode.fold import stamp
from orchestrator.episode.model import Course, Episode
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway

WORKFLOWS = Path(__file__).parents[1] / "workflows"
P = "post-viral-cerebellar-demyelination"
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLOCK = Actor("clock", "service")


@lru_cache
def pathway(name: str = P) -> Pathway:
    return load_library(WORKFLOWS).newest(name)


@dataclass
class Entry:
    """What one entry of the trail holds, as the fold needs it."""

    events: tuple[Event, ...]
    seq: int
    at: datetime


@dataclass
class Patient:
    """Plays one episode; time is in hours since T0. `answer` is the latest one."""

    pathway: Pathway = field(default_factory=pathway)
    start: datetime = T0
    timezone: str = "UTC"
    unheld: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.now = self.start
        wish = Enrolment(self.pathway, "e-1", "p-1", "w-1", self.timezone)
        made = enrol(wish, Actor("c-1", "clinician"), self.now, unheld=self.unheld)
        assert isinstance(made, Accepted)
        self.answer: Accepted | Refused = made
        self.episode: Episode = made.episode
        self.entries = [Entry(made.events, 1, self.now)]

    def at(self, hours: float) -> "Patient":
        """Let time pass; everything that comes due fires at its moment."""
        return self.until(self.start + timedelta(hours=hours))

    def until(self, moment: datetime) -> "Patient":
        while (due := self.episode.next_due_at) is not None and due <= moment:
            self.now = max(due, self.now)
            self.do(Tick(), CLOCK)
        self.now = max(moment, self.now)
        return self

    def late(self, hours: float) -> "Patient":
        """Let time pass while the software is down; then what is due fires once."""
        self.now = max(self.start + timedelta(hours=hours), self.now)
        if (due := self.episode.next_due_at) is not None and due <= self.now:
            self.do(Tick(), CLOCK)
        return self

    def do(self, command: Command, actor: Actor) -> Accepted | Refused:
        """Carry out a command; a refusal is an entry too, and changes nothing else."""
        self.answer = decide(self.pathway, self.episode, command, actor, self.now, unheld=self.unheld)
        seq = self.episode.seq + 1
        if isinstance(self.answer, Accepted):
            self.episode = self.answer.episode
        else:
            self.episode = stamp(self.episode, seq, self.now)
        self.entries.append(Entry(getattr(self.answer, "events", ()), seq, self.now))
        return self.answer

    def act(self, command: Command, by: str = "clinician") -> "Patient":
        self.do(command, Actor(f"{by}-1", by))
        return self

    def accepted(self, command: Command, by: str = "clinician") -> "Patient":
        answer = self.do(command, Actor(f"{by}-1", by))
        assert isinstance(answer, Accepted), answer
        return self

    def refused(self, command: Command, by: str = "clinician") -> str:
        """Return the code with which the command is refused."""
        answer = self.do(command, Actor(f"{by}-1", by))
        assert isinstance(answer, Refused), "it was accepted"
        return answer.code

    # the commands that tests need most, each of which must be accepted

    def record(self, **facts: Any) -> "Patient":  # noqa: ANN401  (a fact's value may be anything)
        return self.accepted(Record(facts=facts))

    def confirm(self, *regimens: str, reason: str | None = None, **parameters: Any) -> "Patient":  # noqa: ANN401
        return self.accepted(Confirm(regimens, parameters, reason=reason))

    def give(self, regimen: str, times: int = 1) -> "Patient":
        """Give the next administrations, each at its planned moment."""
        from orchestrator.episode.courses import open_slots

        for _ in range(times):
            planned = open_slots(self.pathway, self.course(regimen), self.timezone)[0][1]
            self.until(planned).accepted(Give(regimen, planned), "nurse")
        return self

    def course(self, regimen: str) -> Course:
        """Return the latest course of a regimen."""
        found: Course = next(each for each in reversed(self.episode.courses) if each.regimen == regimen)
        return found

    @property
    def in_force(self) -> set[str]:
        return {each.regimen for each in self.episode.courses if each.in_force}


def severe(**facts: Any) -> Patient:  # noqa: ANN401
    """Return a patient with severe disease, infection excluded, weighed."""
    return Patient().record(severity="severe", infection_status="excluded", weight_kg=70, **facts)


__all__ = [
    "P", "T0", "Acknowledge", "ChangeWard", "Close", "Complete", "Confirm", "Decline", "Give", "Miss", "Patient",
    "Record", "Retract", "Stop", "Tick", "pathway", "severe",
]  # fmt: skip
