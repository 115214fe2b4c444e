"""How does what was decided become rows? One episode under lock, its new entries, and all that follows from them."""

import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import ACCEPTED, Header, Sealed, instant, refused_with, seal
from orchestrator.episode import formats
from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.event_json import event_to_json
from orchestrator.episode.events import (
    BOOKKEEPING,
    AdministrationRetracted,
    Event,
    FactRecorded,
    FactRetracted,
    ReminderTold,
)
from orchestrator.episode.events import Refused as RefusedEvent
from orchestrator.service.cause import decision_tag
from orchestrator.service.notices import routed, unassigned
from orchestrator.service.ports import Directory, Engine
from orchestrator.service.rows import NO_DUE, EpisodeRow, ItemRow, NoticeRow, Times, Write

if TYPE_CHECKING:
    from orchestrator.episode.items import Item
    from orchestrator.episode.model import Episode
    from orchestrator.pathway.model import Pathway

_WINDOW = 12  # deflate with a window of 4 kB, in a third of the time of the default and as small


def pack(key: PatientKey, episode_id: str, document: bytes) -> bytes:
    """Return an episode's document as stored: compressed and encrypted."""
    return key.encrypt(zlib.compress(document, 1, wbits=-_WINDOW), _place(episode_id))


def unpack(key: PatientKey, episode_id: str, stored: bytes) -> bytes:
    """Return what `pack` was given. Raises WrongKey."""
    return zlib.decompress(key.decrypt(stored, _place(episode_id)), -_WINDOW)


def _place(episode_id: str) -> bytes:
    return b"document\x00" + episode_id.encode()


class Ledger:
    """One episode in one transaction: what is added here is sealed at once and written together by `write`."""

    def __init__(
        self,
        engine: Engine,
        directory: Directory,
        pathway: "Pathway",
        key: PatientKey,
        *,
        row: EpisodeRow,
        known: "tuple[Episode, tuple[Item, ...]] | None",
        times: Times,
        form: int,
    ) -> None:
        self.pathway, self.key, self.row, self.times = pathway, key, row, times
        self._engine, self._directory, self.form = engine, directory, form
        self._episode: Episode | None = known[0] if known else None
        self.items: tuple[Item, ...] = known[1] if known else ()
        self._ward = row.ward
        self._entries: list[Sealed] = []
        self._told: list[NoticeRow] = []
        self._recorded_at = instant(times.wall)

    @property
    def episode(self) -> "Episode":
        """The episode as the entries so far left it."""
        assert self._episode is not None
        return self._episode

    @property
    def now(self) -> datetime:
        """When what is decided now happens: the time after the lock, never before the last entry."""
        return max(self.times.now, self.row.at)

    @property
    def due(self) -> bool:
        """Tell whether a timer is due."""
        return self.row.next_due_at is not None and self.row.next_due_at <= self.now

    @property
    def unheld(self) -> frozenset[str]:
        """The roles that nobody holds on the patient's ward now."""
        return self._directory.unheld(self.row.ward, self.now)

    def decide(self, command: Command, actor: Actor) -> Accepted | Refused:
        """Return what a command comes to now. Nothing is added."""
        return self._engine.decide(self.pathway, self.episode, command, actor, self.now, unheld=self.unheld)

    def add(
        self,
        actor: Actor,
        cause: tuple[str, bytes],
        request: str,
        command: dict[str, Any],
        outcome: "Accepted | Refused",
        *,
        glass: bool = False,
    ) -> Header:
        """Seal one more entry. cause: kind and hash.   request: its keyed hash.   command: canonical-safe JSON.

        glass: who acts does so by a broken glass. It stands in the body, where a program that does not know it passes
        over it; an entry is never written anew, so none can lose it.
        """
        row, seq, now = self.row, self.row.seq + 1, self.now
        events, result, episode = self._take(outcome)
        episode = self._engine.stamp(episode, seq, now)
        seen = result == ACCEPTED and any(type(event) not in BOOKKEEPING for event in events)
        tag = self._tag(episode) if seen else row.tag
        header = Header(
            row.episode_id, seq, instant(now), self._recorded_at, actor.id, actor.role, actor.on_behalf_of,
            actor.authenticated, episode.ward, row.version, row.state or None, episode.state, cause[0], cause[1].hex(),
            request, result, _corrects(events), tag, self.form,
        )  # fmt: skip
        body: dict[str, Any] = {"command": command, "events": [event_to_json(event) for event in events]}
        if glass:
            body["glass"] = True
        sealed = seal(self.key, header, formats.body_down(body, self.form), row.chain_hash)
        self._entries.append(sealed)
        self._told += self._notices(events, seq, episode.ward)
        self._episode = episode
        self.row = row._replace(
            ward=episode.ward, state=episode.state, seq=seq, at=now, next_due_at=episode.next_due_at,
            closed=episode.closed, tag=tag, chain_hash=sealed.hash,
        )  # fmt: skip
        return header

    def tell(self, notices: list[NoticeRow]) -> None:
        """Have notices of the program's own written with the rest."""
        self._told += notices

    def write(self) -> Write:
        """Return everything to be written."""
        document = pack(self.key, self.row.episode_id, self._engine.dump(self.episode, self.form))
        outbox = routed(self._directory, self._told, self.times)
        return Write(self.row._replace(document=document), self._entries, *self._open_things(), self._told, outbox)

    def _take(self, outcome: Accepted | Refused) -> "tuple[tuple[Event, ...], str, Episode]":
        if isinstance(outcome, Refused):
            return (RefusedEvent(outcome.code, outcome.text),), refused_with(outcome.code), self.episode
        return outcome.events, ACCEPTED, outcome.episode

    def _tag(self, episode: "Episode") -> str:
        return decision_tag(self.key, self._engine.decision_tag(self.pathway, episode, self.now))

    def _open_things(self) -> tuple[list[tuple[str, str, str]], list[ItemRow]]:
        """Return the keys of items that are no longer open, and the items that are new or differ."""
        before, after = self.items, self._engine.items(self.pathway, self.episode)
        self.items = after
        moved = self._ward != self.row.ward
        if before == after and not moved:
            return [], []
        left = {(item.kind, item.key): item for item in before}
        changed = [item for item in after if left.pop((item.kind, item.key), None) != item or moved]
        return [(self.row.episode_id, *key) for key in left], [_row(self.episode, item) for item in changed]

    def _notices(self, events: tuple[Event, ...], seq: int, ward: str) -> list[NoticeRow]:
        told = [event for event in events if isinstance(event, ReminderTold)]
        notices = [
            NoticeRow(
                self.row.episode_id, f"{seq}.{number}", "reminder", event.name,
                f"{event.name}#{event.subject}/{event.n}", event.role, ward, event.rung, event.due_at, event.told_at,
                event.late, ",".join(event.skipped),
            )
            for number, event in enumerate(told)
        ]  # fmt: skip
        return notices + unassigned(notices, self.unheld) if self.unheld else notices


def rows_of(engine: Engine, pathway: "Pathway", episode: "Episode") -> tuple[ItemRow, ...]:
    """Return the open things of an episode, as they stand in worklists."""
    return tuple(_row(episode, item) for item in engine.items(pathway, episode))


def _row(episode: "Episode", item: "Item") -> ItemRow:
    return ItemRow(episode.episode_id, item.kind, item.key, item.name, item.role, episode.ward, item.due_at or NO_DUE)


def _corrects(events: tuple[Event, ...]) -> int | None:
    """Return the entry that these events correct, the first if there are several."""
    for event in events:
        if isinstance(event, FactRecorded) and event.corrects is not None:
            return event.corrects
        if isinstance(event, FactRetracted | AdministrationRetracted):
            return event.of
    return None
