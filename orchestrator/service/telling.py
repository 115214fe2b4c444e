"""Why does a patient go no further, and what was his story? Read in one snapshot and handed to the pure core."""

from typing import Any

from orchestrator.audit.chain import Head, verify
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Sealed, open_body, open_header
from orchestrator.audit.story import StoryEntry, tell
from orchestrator.episode.explain import explain
from orchestrator.errors import NotFound, WrongKey
from orchestrator.service.handlers import Desk
from orchestrator.service.ledger import unpack
from orchestrator.service.ports import Reader
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import EpisodeRow


class Telling:
    """Explains and tells; reads only, and what it returns is JSON-ready."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def explain(self, episode_id: str) -> dict[str, Any]:
        """Return why the episode goes no further: see `episode.explain`. Raises NotFound."""
        with self._desk.store.read() as reader:
            row = _found(reader, episode_id)
            episode = self._desk.engine.load(unpack(self._desk.key(row), row.episode_id, row.document))
            pathway = self._desk.shelf.version(row.version, reader)
            now = max(reader.times().now, row.at)
        return {"episode_id": episode_id, "seq": row.seq, **explain(pathway, episode, now)}

    def story(self, episode_id: str, *, simulated: bool) -> dict[str, Any]:
        """Return the episode's story with the verdict on its chain: see `audit.story`. Raises NotFound.

        An entry whose key was destroyed, or whose body was changed, is told by its header; the verdict says which.
        """
        with self._desk.store.read() as reader:
            row = _found(reader, episode_id)
            entries = list(all_entries(reader, episode_id))
            pathway = self._desk.shelf.version(row.version, reader)
            release = reader.release_of(row.version)
        key = self._desk.key(row) if row.wrapped_key is not None else None
        verdict = verify(episode_id, entries, Head(row.seq, row.chain_hash), key)
        opened = [StoryEntry(open_header(entry)._asdict(), _body(key, entry)) for entry in entries]
        return tell(opened, pathway, verdict, simulated=simulated, release=release)


def _found(reader: Reader, episode_id: str) -> EpisodeRow:
    row = reader.episode(episode_id)
    if row is None:
        raise NotFound("there is no such episode")
    return row


def _body(key: PatientKey | None, entry: Sealed) -> dict[str, Any] | None:
    try:
        return None if key is None else open_body(key, entry)
    except WrongKey:
        return None
