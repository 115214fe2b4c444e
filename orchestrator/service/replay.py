"""Does what is stored follow from the entries? Folds them anew and compares with row and projections."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.audit.chain import Fault, Head, Verdict, queue_faults, verify
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Sealed, open_body, open_header
from orchestrator.episode.commands import moment
from orchestrator.episode.event_json import event_from_json
from orchestrator.errors import CarepathError, KeyMissing, NotFound, StoreError, WrongKey
from orchestrator.service.desk import Desk
from orchestrator.service.ledger import rows_of, unpack
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.there import not_there

if TYPE_CHECKING:
    from orchestrator.episode.model import Episode

REACH = (
    "finds, in each episode that is there or queued for the log of all entries, every change that does not recompute "
    "the whole chain and the queued hashes; rows removed together with their queued hashes are not found until there "
    "is a log of all entries"
)
_PAGE = 500
_NO_ROW = "its row, or that of its patient, is missing"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of an episode does not follow from its entries; nothing, as a rule.

    unread: the patient's key was destroyed, so that nothing could be compared.
    """

    episode_id: str
    entries: int
    differs: tuple[str, ...]
    unread: bool = False

    @property
    def equal(self) -> bool:
        """Tell whether nothing was found."""
        return not self.differs


class Audit:
    """Checks episodes; reads only. Damage is a finding about its episode, never an error: others are looked at yet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def episode_ids(self) -> Iterator[str]:
        """Yield the ids of all episodes that have a row, a page at a time."""
        after = ""
        while True:
            with self._desk.store.read() as reader:
                page = reader.episode_ids(after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def verify(self, episode_id: str) -> Verdict:
        """Return the verdict on one episode's chain; see REACH. An episode whose row is gone has a fault.

        Raises NotFound, and StoreError where the store as a whole cannot be used.
        """
        try:
            return self._verify(episode_id)
        except NotFound:
            raise
        except Exception as error:
            return Verdict(episode_id, 0, 0, (Fault(0, _damage(error)),))

    def verify_all(self) -> Iterator[Verdict]:
        """Yield the verdict on each episode that has a row, an entry or a queued hash. Raises StoreError."""
        for episode_id in self._all_ids():
            try:
                yield self.verify(episode_id)
            except NotFound:
                yield Verdict(episode_id, 0, 0, (Fault(0, _NO_ROW),))

    def replay(self, episode_id: str) -> Comparison:
        """Fold the entries of one episode and compare. Raises NotFound, and KeyMissing where the key was destroyed."""
        compared = self._compared(episode_id)
        if compared.unread:
            raise KeyMissing("this patient's key was destroyed: its entries can be proved, but no longer folded")
        return compared

    def replay_all(self) -> Iterator[Comparison]:
        """Yield the comparison of each episode that has a row, an entry or a queued hash. Raises StoreError."""
        for episode_id in self._all_ids():
            try:
                yield self._compared(episode_id)
            except NotFound:
                yield Comparison(episode_id, 0, (_NO_ROW,))

    def _all_ids(self) -> Iterator[str]:
        yield from self.episode_ids()
        with self._desk.store.read() as reader:
            lost = reader.lost_ids()
        yield from lost

    def _verify(self, episode_id: str) -> Verdict:
        with self._desk.store.read() as reader:
            row = reader.episode(episode_id)
            entries = list(all_entries(reader, episode_id))
            queued = dict(reader.queued(episode_id))
        if row is None and not entries and not queued:
            raise not_there()
        there = {entry.seq: entry.hash for entry in entries}
        faults, key = [], None
        if row is not None and row.wrapped_key is not None:
            try:
                key = self._desk.key(row)
            except (KeyMissing, WrongKey):
                faults.append(
                    Fault(row.seq, "its patient's key does not open: it, or whose episode it is, was changed")
                )
        verdict = verify(episode_id, entries, None if row is None else Head(row.seq, row.chain_hash), key)
        return replace(verdict, faults=(*faults, *verdict.faults, *queue_faults(there, queued)))

    def _compared(self, episode_id: str) -> Comparison:
        differs: list[str] = []
        entries: list[Sealed] = []
        try:
            with self._desk.store.read() as reader:
                row = reader.episode(episode_id)
                entries += all_entries(reader, episode_id)
                if row is None:
                    if not entries and not reader.queued(episode_id):
                        raise _NoEpisode("there is no such episode")
                    return Comparison(episode_id, len(entries), (_NO_ROW,))
                if row.wrapped_key is None:
                    return Comparison(episode_id, len(entries), (), unread=True)
                for name in self._differences(reader, row, entries):
                    differs.append(name)  # noqa: PERF402  what was found before it fails is kept
        except _NoEpisode:
            raise
        except Exception as error:
            differs.append(_damage(error))
        return Comparison(episode_id, len(entries), tuple(differs))

    def _fold(self, key: PatientKey, entries: list[Sealed]) -> "Episode | None":
        episode: Episode | None = None
        for entry in entries:
            try:
                at = moment(open_header(entry).at, "at")
                for event in open_body(key, entry)["events"]:
                    episode = self._desk.engine.fold(episode, event_from_json(event), entry.seq, at)
                assert episode is not None
                episode = self._desk.engine.stamp(episode, entry.seq, at)
            except Exception as error:
                raise _Unfoldable(f"entry {entry.seq} cannot be read and folded ({type(error).__name__})") from error
        return episode

    def _differences(self, reader: Reader, row: EpisodeRow, entries: list[Sealed]) -> Iterator[str]:
        key = self._desk.key(row)
        episode = self._fold(key, entries)
        if episode is None:
            yield "there are no entries"
            return
        stored = _document(key, row)
        if stored is None or self._desk.engine.dump(episode, self._desk.engine.form_of(stored)) != stored:
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
        yield from self._open_things(reader, row, episode)

    def _open_things(self, reader: Reader, row: EpisodeRow, episode: "Episode") -> Iterator[str]:
        if (reader.open_enrolment(row.patient_id, row.pathway) == row.episode_id) == episode.closed:
            yield "its open enrolment"
        pathway = self._desk.shelf.version(row.version, reader)
        if set(reader.items(row.episode_id)) != set(rows_of(self._desk.engine, pathway, episode)):
            yield "its items"


class _NoEpisode(NotFound):
    """Nothing at all is kept under this id; unlike a pathway that is missing, no damage to an episode."""


class _Unfoldable(CarepathError):
    """An entry that is not as it was written."""


def _document(key: PatientKey, row: EpisodeRow) -> bytes | None:
    """Return the stored document; None where it was changed and does not open."""
    try:
        return unpack(key, row.episode_id, row.document)
    except (WrongKey, zlib.error):
        return None


def _damage(error: Exception) -> str:
    """Say what kept an episode from being looked at; where that is the store as a whole, raise it."""
    if isinstance(error, StoreError) and not isinstance(error, KeyMissing | WrongKey):
        raise error
    return str(error) if isinstance(error, CarepathError) else f"it cannot be read ({type(error).__name__})"


def all_entries(reader: Reader, episode_id: str) -> Iterator[Sealed]:
    """Yield an episode's entries in order, a page at a time."""
    after = 0
    while page := reader.entries(episode_id, after, _PAGE):
        yield from page
        after = page[-1].seq
