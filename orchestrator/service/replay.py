"""Does what is stored follow from the entries? Folds them anew and compares with row and projections."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.audit.chain import Head, Verdict, verify
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Sealed, open_body, open_header
from orchestrator.episode.commands import moment
from orchestrator.episode.events import event_from_json
from orchestrator.errors import NotFound
from orchestrator.service.handlers import Desk
from orchestrator.service.ledger import rows_of, unpack
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow

if TYPE_CHECKING:
    from orchestrator.episode.model import Episode

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of an episode does not follow from its entries; nothing, as a rule."""

    episode_id: str
    entries: int
    differs: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Tell whether everything follows."""
        return not self.differs


class Audit:
    """Checks episodes; reads only."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def episode_ids(self) -> Iterator[str]:
        """Yield the ids of all episodes, a page at a time."""
        after = ""
        while True:
            with self._desk.store.read() as reader:
                page = reader.episode_ids(after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def verify(self, episode_id: str) -> Verdict:
        """Return the verdict on one episode's chain. An episode whose row is gone has a fault. Raises NotFound."""
        with self._desk.store.read() as reader:
            row = reader.episode(episode_id)
            entries = list(all_entries(reader, episode_id))
        if row is None and not entries:
            raise NotFound("there is no such episode")
        key = self._desk.key(row) if row is not None and row.wrapped_key is not None else None
        return verify(episode_id, entries, None if row is None else Head(row.seq, row.chain_hash), key)

    def replay(self, episode_id: str) -> Comparison:
        """Fold the entries of one episode and compare. Raises NotFound, and KeyMissing where the key was destroyed."""
        with self._desk.store.read() as reader:
            row = reader.episode(episode_id)
            if row is None:
                raise NotFound("there is no such episode")
            entries = list(all_entries(reader, episode_id))
            episode = self._fold(self._desk.key(row), entries)
            differs = tuple(self._differences(reader, row, entries, episode))
        return Comparison(episode_id, len(entries), differs)

    def _fold(self, key: PatientKey, entries: list[Sealed]) -> "Episode | None":
        episode: Episode | None = None
        for entry in entries:
            at = moment(open_header(entry).at, "at")
            for event in open_body(key, entry)["events"]:
                episode = self._desk.engine.fold(episode, event_from_json(event), entry.seq, at)
            assert episode is not None
            episode = self._desk.engine.stamp(episode, entry.seq, at)
        return episode

    def _differences(
        self, reader: Reader, row: EpisodeRow, entries: list[Sealed], episode: "Episode | None"
    ) -> Iterator[str]:
        if episode is None:
            yield "there are no entries"
            return
        document = unpack(self._desk.key(row), row.episode_id, row.document)
        if self._desk.engine.dump(episode) != document:
            yield "the document"
        for name in (
            "patient_id",
            "pathway",
            "version",
            "ward",
            "state",
            "seq",
            "at",
            "enrolled_at",
            "next_due_at",
            "closed",
        ):
            if getattr(row, name) != getattr(episode, name):
                yield name
        if row.tag != open_header(entries[-1]).tag:
            yield "tag"
        pathway = self._desk.shelf.version(row.version, reader)
        if set(reader.items(row.episode_id)) != set(rows_of(self._desk.engine, pathway, episode)):
            yield "its items"
        if (reader.open_enrolment(row.patient_id, row.pathway) == row.episode_id) == episode.closed:
            yield "its open enrolment"


def all_entries(reader: Reader, episode_id: str) -> Iterator[Sealed]:
    """Yield an episode's entries in order, a page at a time."""
    after = 0
    while page := reader.entries(episode_id, after, _PAGE):
        yield from page
        after = page[-1].seq
