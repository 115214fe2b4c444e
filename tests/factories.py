"""Small stand-ins for tests: an engine that does what the test says, a library of one pathway, people who act."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson

from orchestrator.episode import document, fold
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, ChangeWard, Close, Command, Enrolment, Record, Tick
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.items import Item
from orchestrator.episode.model import Episode
from orchestrator.errors import Ambiguous, NotFound
from orchestrator.pathway.kinds import Rung
from orchestrator.pathway.model import Pathway
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.recording import Author

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NURSE = Actor("n-1", "nurse")
CLINICIAN = Actor("c-1", "clinician")
OPERATOR = Author("o-1", "administrator", asserted=True)


@dataclass(frozen=True)
class SmallPathway:
    """As much of a pathway as the service looks at."""

    name: str
    version: str = "1"
    facts: str = "no fact"

    @property
    def text(self) -> str:
        return json.dumps({"facts.yaml": self.facts, "pathway.yaml": f"{self.name} {self.version}"})

    @property
    def ladders(self) -> dict[str, tuple[Rung, ...]]:
        return {"standard": (Rung("nurse", timedelta()), Rung("lead", HOUR))}

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def small_pathway(name: str = "small", facts: str = SmallPathway.facts, version: str = "1") -> Pathway:
    return cast(Pathway, SmallPathway(name, version, facts))


def small_text(text: str) -> Pathway:
    """Return the small pathway whose text this is."""
    files = json.loads(text)
    name, version = files["pathway.yaml"].split()
    return small_pathway(name, files["facts.yaml"], version)


def untitled(pathway: Pathway, version: str) -> str:
    """Return the text of a version as it was kept before regimens had titles. version: what it is to be called."""
    files = json.loads(pathway.text)
    files["regimens.yaml"] = re.sub(r"title: [^,]+, ", "", files["regimens.yaml"])
    files["pathway.yaml"] = re.sub(r'\nversion: "[^"]*"', f'\nversion: "{version}"', files["pathway.yaml"])
    return orjson.dumps(files, option=orjson.OPT_SORT_KEYS).decode()


class SmallLibrary:
    """Holds a few small pathways."""

    def __init__(self, *names: str, facts: str = SmallPathway.facts) -> None:
        self.pathways: Sequence[Pathway] = [small_pathway(name, facts) for name in names or ("small", "other")]

    def newest(self, name: str) -> Pathway:
        for each in self.pathways:
            if each.name == name:
                return each
        raise NotFound(f"there is no pathway {name}")

    def by_hash(self, version: str) -> Pathway:
        for each in self.pathways:
            if each.hash == version:
                return each
        raise NotFound("there is no such version")

    def places(self, digest: str) -> dict[str, str]:
        return {"pathway.yaml": "/small/pathway.yaml", "facts.yaml": "/shared/facts.yaml"}


class SmallEngine:
    """Records facts; `alarm` (hours as text) sets the alarm, which tells the lead once; facts are the open things."""

    def __init__(self) -> None:
        self.poisoned: set[str] = set()
        self.fold, self.stamp = fold.fold, fold.stamp
        self.dump, self.load, self.form_of = document.dump, document.load, document.form_of

    def enrol(self, wish: Enrolment, actor: Actor, now: datetime, *, unheld: frozenset[str]) -> Accepted | Refused:
        if actor.role == "nobody":
            return Refused("needs-role", "a role that may enrol is needed")
        pathway = wish.pathway
        made = ev.Enrolled(
            wish.episode_id, wish.patient_id, pathway.name, pathway.hash, wish.ward, wish.timezone, "workup/start"
        )
        return self._accept(None, now, made)

    def decide(
        self,
        pathway: Pathway,
        episode: Episode,
        command: Command,
        actor: Actor,
        now: datetime,
        *,
        unheld: frozenset[str],
    ) -> Accepted | Refused:
        if isinstance(command, Tick):
            return self._tick(episode, now)
        if episode.closed:
            return Refused("episode-closed", "the episode is closed")
        if isinstance(command, ChangeWard):
            return self._accept(episode, now, ev.WardChanged(episode.ward, command.ward, command.along))
        if isinstance(command, Close):
            closed = ev.Closed(command.outcome, f"closed/{command.outcome}")
            return self._accept(episode, now, closed, ev.AlarmSet(None))
        if not isinstance(command, Record) or "refuse" in command.facts:
            return Refused("not-proposed", "that is not proposed")
        events: list[ev.Event] = [ev.FactRecorded(name, value) for name, value in command.facts.items()]
        if "alarm" in command.facts:
            events.append(ev.AlarmSet(now + int(command.facts["alarm"]) * HOUR))
        return self._accept(episode, now, *events)

    def items(self, pathway: Pathway, episode: Episode) -> tuple[Item, ...]:
        if episode.closed:
            return ()
        return tuple(Item("task", name, name, "nurse", episode.next_due_at) for name in episode.facts)

    def view(self, pathway: Pathway, episode: Episode, now: datetime) -> dict[str, Any]:
        return {"facts": sorted(episode.facts)}

    def decision_tag(self, pathway: Pathway, episode: Episode, now: datetime) -> str:
        return f"{episode.state} {episode.values().get('decisive')}"

    def _tick(self, episode: Episode, now: datetime) -> Accepted:
        if episode.episode_id in self.poisoned:
            raise Ambiguous("two transitions are enabled at once")
        due = episode.next_due_at or now
        return self._accept(episode, now, ev.ReminderTold("late", "", 1, "lead", 0, due, now), ev.AlarmSet(None))

    def _accept(self, episode: Episode | None, now: datetime, *events: ev.Event) -> Accepted:
        seq = episode.seq + 1 if episode else 1
        for event in events:
            episode = self.fold(episode, event, seq, now)
        assert episode is not None
        return Accepted(events, self.stamp(episode, seq, now))


def enrolment(number: str = "1", *, key: str | None = None, pathway: str = "small", ward: str = "w-1") -> EnrolRequest:
    return EnrolRequest(pathway, (Identifier("mrn", number),), ward, "Europe/London", CLINICIAN, key or new_key())


def record(
    episode_id: str, *, key: str | None = None, actor: Actor = CLINICIAN, seen: int | None = None, **facts: object
) -> Request:
    return Request(episode_id, Record(facts=facts), actor, key or new_key(), seen)
