"""Which pathways are there, in which versions, who released them, and how many patients are on each?"""

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.audit.release import Release
from orchestrator.errors import NotFound
from orchestrator.pathway.loader import version_key
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tables import tables
from orchestrator.service.desk import Desk
from orchestrator.service.ports import Library, Reader
from orchestrator.service.releases import newest
from orchestrator.service.rows import UsedRow

_NONE = "there is no such pathway, or no such version of it"


class Catalogue:
    """Tells of pathways, from the files and from what the store keeps; everything returned is JSON-ready."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk, self._library = desk, library

    def all(self) -> list[dict[str, Any]]:
        """Return every pathway, by name: title, the version that patients are enrolled on, and its versions.

        Of a version: its content hash, whether a file has it (else the store alone), its release (None for none), and
        how many open episodes are on it.
        """
        with self._desk.store.read() as reader:
            used, released = reader.versions_in_use(), reader.releases()
            names = {each.name for each in self._library.pathways} | {row.pathway for row in used}
            names |= {each.pathway for each in released}
            return [self._pathway(reader, name, used, released) for name in sorted(names)]

    def find(self, name: str, label: str | None = None) -> Pathway:
        """Return a version; the one that patients are enrolled on for None. Raises NotFound."""
        with self._desk.store.read() as reader:
            found = self._labels(reader, name)
            if not found:
                raise NotFound(_NONE)
            version = found.get(label or self._current(reader, name, found))
            if version is None:
                raise NotFound(_NONE)
            return self._desk.shelf.version(version, reader)

    def tell(self, name: str, label: str | None = None) -> dict[str, Any]:
        """Return a version in words: see `pathway.tables`; beside it all versions, as `all` has them.

        Raises NotFound.
        """
        pathway = self.find(name, label)
        with self._desk.store.read() as reader:
            found = self._pathway(reader, name, reader.versions_in_use(), reader.releases())
            return {"pathway": tables(pathway), **found, "shown": pathway.version}

    def _pathway(
        self, reader: Reader, name: str, in_use: Sequence[UsedRow], releases: Sequence[Release]
    ) -> dict[str, Any]:
        labels = self._labels(reader, name)
        current = self._current(reader, name, labels)
        files = {each.hash for each in self._library.pathways}
        used = {row.version: row.open for row in in_use}
        released = {each.version: each.to_json() for each in releases}
        return {
            "name": name,
            "title": self._desk.shelf.version(labels[current], reader).title,
            "current": current,
            "versions": [
                {
                    "version": label, "hash": version, "in_files": version in files, "open": used.get(version, 0),
                    "released": released.get(version),
                }
                for label, version in _newest_first(labels.items())
            ],
        }  # fmt: skip

    def _labels(self, reader: Reader, name: str) -> dict[str, str]:
        """Return the content hash of each version by its label; that of the files wins."""
        kept = dict(reader.kept_labels(name))
        return kept | {each.version: each.hash for each in self._library.pathways if each.name == name}

    def _current(self, reader: Reader, name: str, labels: dict[str, str]) -> str:
        """Return the version that patients are enrolled on; of a pathway that no file has, the newest that was kept."""
        if any(each.name == name for each in self._library.pathways):
            return self._library.newest(name).version
        released = newest(reader.releases(), name)
        return released.label if released is not None else _newest_first(labels.items())[0][0]


def _newest_first(labels: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(labels, key=lambda each: version_key(each[0]), reverse=True)
