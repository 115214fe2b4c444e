"""Why does a patient go no further, and what was his story? Read in one snapshot and handed to the pure core."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from orchestrator.audit.chain import Head, verify
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import instant, opened
from orchestrator.audit.story import Ahead, StoryEntry, ahead, glance, tell
from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.explain import explain, explain_gates
from orchestrator.episode.options import options
from orchestrator.errors import WrongKey
from orchestrator.service.cause import entity_tag
from orchestrator.service.desk import Desk
from orchestrator.service.ledger import unpack
from orchestrator.service.ports import Reader
from orchestrator.service.queries import row_json
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.there import episode_row

if TYPE_CHECKING:
    from orchestrator.episode.model import Episode
    from orchestrator.pathway.model import Pathway


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is to be seen of one patient, of one moment.

    at: when it was read, by the store's clock; row: the episode's row; now: see `episode.view`; options: see
    `episode.options`; gates: what `episode.explain` says of them; explain: says all of it, for the page that asks;
    these four are empty once the patient's key was destroyed. story: see `audit.story.glance`; its chain was not
    verified.
    """

    at: datetime
    pathway: "Pathway"
    row: dict[str, Any]
    now: dict[str, Any]
    options: list[dict[str, Any]]
    gates: list[dict[str, Any]]
    explain: Callable[[], dict[str, Any]]
    story: dict[str, Any]

    @property
    def erased(self) -> bool:
        """Tell whether the key was destroyed: what is told then is who did something when."""
        return not self.now


class _Open(NamedTuple):
    """An episode that was opened for reading."""

    row: EpisodeRow
    pathway: "Pathway"
    episode: "Episode"
    now: datetime


class Telling:
    """Explains and tells; reads only, and what it returns is JSON-ready."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def explain(self, episode_id: str) -> dict[str, Any]:
        """Return why the episode goes no further: see `episode.explain`. Raises NotFound."""
        with self._desk.store.read() as reader:
            found = self._open(reader, episode_row(reader, episode_id))
        at = {"seq": found.row.seq, "tag": entity_tag(found.row.seq, found.row.chain_hash)}
        return {"episode_id": episode_id, **at, **explain(found.pathway, found.episode, found.now)}

    def pathway(self, episode_id: str) -> "Pathway":
        """Return the version that an episode runs on. Raises NotFound."""
        with self._desk.store.read() as reader:
            return self._desk.shelf.version(episode_row(reader, episode_id).version, reader)

    def last(self, episode_id: str) -> tuple[int, str]:
        """Return the number of an episode's last entry, and when it was made: ISO 8601, UTC. Raises NotFound."""
        with self._desk.store.read() as reader:
            row = episode_row(reader, episode_id)
        return row.seq, instant(row.at)

    def whole(self, episode_id: str, *, reminders: int | None = None) -> Whole:
        """Return all that is to be seen of an episode, read in one snapshot. Raises NotFound.

        reminders: so many of those that have fired are told, the newest; None for all.
        """
        with self._desk.store.read() as reader:
            row = episode_row(reader, episode_id)
            contents = reader.contents(episode_id)
            pathway = self._desk.shelf.version(row.version, reader)
            found, read_at = None if row.wrapped_key is None else self._open(reader, row), reader.times().now
        story = glance(self._opened(row, contents), pathway, until=read_at, reminders=reminders)
        if found is None:
            return Whole(read_at, pathway, row_json(row), {}, [], [], dict, story)
        at = pathway, found.episode, found.now
        now = {**self._desk.engine.view(*at), **row_json(row)}
        return Whole(
            read_at, pathway, row_json(row), now, options(*at), explain_gates(*at), partial(explain, *at), story
        )

    def rehearse(self, episode_id: str, command: Command, actor: Actor) -> Ahead:
        """Return what a command would come to now, in the words of the record; nothing is done. Raises NotFound."""
        with self._desk.store.read() as reader:
            found = self._open(reader, episode_row(reader, episode_id))
        unheld = self._desk.directory.unheld(found.row.ward, found.now)
        outcome = self._desk.engine.decide(found.pathway, found.episode, command, actor, found.now, unheld=unheld)
        return ahead(found.pathway, found.episode, command, actor, outcome, now=found.now)

    def story(self, episode_id: str, *, simulated: bool) -> dict[str, Any]:
        """Return the episode's story with the verdict on its chain: see `audit.story`. Raises NotFound.

        An entry whose key was destroyed, or whose body was changed, is told by its header; the verdict says which.
        """
        with self._desk.store.read() as reader:
            row = episode_row(reader, episode_id)
            entries = list(all_entries(reader, episode_id))
            pathway = self._desk.shelf.version(row.version, reader)
            release = reader.release_of(row.version)
        key = self._key(row)
        verdict = verify(episode_id, entries, Head(row.seq, row.chain_hash), key)
        contents = [(each.seq, each.header.decode(), each.body) for each in entries]
        return tell(self._opened(row, contents), pathway, verdict, simulated=simulated, release=release)

    def _open(self, reader: Reader, row: EpisodeRow) -> _Open:
        episode = self._desk.engine.load(unpack(self._desk.key(row), row.episode_id, row.document))
        return _Open(row, self._desk.shelf.version(row.version, reader), episode, max(reader.times().now, row.at))

    def _key(self, row: EpisodeRow) -> PatientKey | None:
        return self._desk.key(row) if row.wrapped_key is not None else None

    def _opened(self, row: EpisodeRow, contents: Iterable[tuple[int, str, bytes]]) -> list[StoryEntry]:
        key, episode_id, found = self._key(row), row.episode_id, []
        for seq, text, body in contents:
            header = orjson.loads(text)
            try:
                content = None if key is None else opened(key, episode_id, seq, header, body)
                found.append(StoryEntry(header, content))
            except WrongKey:
                found.append(StoryEntry(header, None))
        return found
