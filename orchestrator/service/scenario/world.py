"""Where does a scenario play? In a store, through the same handlers as everybody, with a clock that the story moves."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.audit.seal import open_body
from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.event_json import TAGS, event_from_json
from orchestrator.episode.events import Event, Moved, ReminderFired, ReminderTold
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import Pathway
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Enrolments, EnrolRequest, Identifier
from orchestrator.service.handlers import Answer, Handlers, Request, fire, new_key
from orchestrator.service.ledger import unpack
from orchestrator.service.ports import Change
from orchestrator.service.replay import Audit
from orchestrator.service.rows import Times

PERSON = "scenario"
PAGE = 1_000
_REMEMBERED = frozenset(TAGS[each] for each in (ReminderFired, ReminderTold, Moved))


@dataclass
class Memory:
    """What has been seen of the story: the reminders that fired, the roles told by the latest firing, the moves."""

    fired: set[str] = field(default_factory=set)
    told: dict[str, list[str]] = field(default_factory=dict)
    latest: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Which one of a name fired last."""
    moves: list[Moved] = field(default_factory=list)
    """The moves since the last look."""
    seen: int = 0

    def note(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, ReminderFired):
            self.fired.add(event.name)
            self.told[event.name] = []
            self.latest[event.name] = event.subject, event.n
        elif isinstance(event, ReminderTold) and self.latest[event.name] == (event.subject, event.n):
            self.told[event.name].append(event.role)
        elif isinstance(event, Moved):
            self.moves.append(event)


class Scene(Protocol):
    """One patient whose story is played: in a store, by `World`, or without one, by `bedside.Bedside`."""

    pathway: Pathway
    clock: VirtualClock
    memory: Memory

    def advance(self, to: dt.datetime) -> None:
        """Move the clock on to ``to`` (never back); what comes due on the way fires at its moment."""
        ...

    def act(self, command: Command, role: str) -> Answer:
        """Carry out a command as a person of this role; what is due fires before."""
        ...

    def episode(self) -> Episode:
        """Return the episode as it stands; from then on `memory` tells of all that came before."""
        ...

    def intact(self) -> bool:
        """Return whether what is on record of the episode gives the episode."""
        ...


class World:
    """One patient in one store."""

    def __init__(self, desk: Desk, clock: VirtualClock, pathway: Pathway) -> None:
        self.desk, self.clock, self.pathway = desk, clock, pathway
        self.memory = Memory()
        self.episode_id = ""
        self._handlers = Handlers(desk)

    def enrol(self, timezone: str, role: str) -> Answer:
        """Enrol the patient now."""
        request = EnrolRequest(
            f"{self.pathway.name}@{self.pathway.version}", (Identifier(PERSON, new_key()),), PERSON, timezone,
            Actor(PERSON, role), new_key(),
        )  # fmt: skip
        answer = Enrolments(self.desk).enrol(request)
        self.episode_id = answer.episode_id
        return answer

    def advance(self, to: dt.datetime) -> None:
        """Move the clock on to ``to`` (never back); what comes due on the way fires at its moment."""
        if to > self.clock.now():
            self.clock.set(to)
            self.desk.transact(lambda change: self._pass(change, to))

    def _pass(self, change: Change, to: dt.datetime) -> None:
        """Fire each alarm up to ``to`` at its own moment, an entry each, all in one transaction."""
        locked = change.lock(self.episode_id, b"")
        if locked is None or locked.row.next_due_at is None or locked.row.next_due_at > to:
            return
        ledger = self.desk.ledger(change, locked.row, locked.times)
        while (due := ledger.row.next_due_at) is not None and due <= to:
            ledger.times = Times(due, due)
            fire(ledger)
        change.save([self.desk.written(ledger)])

    def act(self, command: Command, role: str) -> Answer:
        """Carry out a command as a person of this role."""
        return self._handlers.execute(Request(self.episode_id, command, Actor(f"{PERSON}-{role}", role), new_key()))

    def episode(self) -> Episode:
        """Return the episode as it stands, and note what its new entries tell."""
        with self.desk.store.read() as reader:
            row = reader.episode(self.episode_id)
            if row is None:
                raise AssertionError("the story's episode is gone")
            key = self.desk.key(row)
            while entries := reader.entries(self.episode_id, self.memory.seen, PAGE):
                for entry in entries:
                    for event in open_body(key, entry)["events"]:
                        if event["type"] in _REMEMBERED:
                            self.memory.note(event_from_json(event))
                self.memory.seen = entries[-1].seq
        return self.desk.engine.load(unpack(key, row.episode_id, row.document))

    def intact(self) -> bool:
        """Return whether the chain of entries is intact, and folding it gives the episode's row."""
        audit = Audit(self.desk)
        return audit.verify(self.episode_id).whole and audit.replay(self.episode_id).equal
