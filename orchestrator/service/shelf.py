"""Where does the pathway of an episode come from? From the files, or from the text that the store kept."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

from orchestrator.errors import NotFound, VersionChanged
from orchestrator.service.ports import Library, Reader

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway


class Shelf:
    """Pathways by name and by content hash; a version once found is remembered."""

    def __init__(self, library: Library, load_text: "Callable[[str], Pathway]") -> None:
        self._library, self._load_text = library, load_text
        self._known: dict[str, Pathway] = {}

    def newest(self, name: str) -> "Pathway":
        """Return the newest version of a pathway. Raises NotFound."""
        return self._library.newest(name)

    def version(self, version: str, reader: Reader) -> "Pathway":
        """Return the version with this content hash; what the files no longer have, from the store. Raises NotFound."""
        if (known := self._known.get(version)) is None:
            self._known[version] = known = self._find(version, reader)
        return known

    def check(self, pathway: "Pathway", reader: Reader) -> None:
        """Raise VersionChanged when the store keeps another content under this pathway's name and version."""
        self._check(pathway, reader, {})

    def check_all(self, reader: Reader) -> None:
        """Raise VersionChanged at the first version whose files are not as the store keeps them, naming the files."""
        for pathway in self._library.pathways:
            self._check(pathway, reader, self._library.places(pathway.hash))

    def _check(self, pathway: "Pathway", reader: Reader, places: Mapping[str, str]) -> None:
        """places: what to call each file of the text; their names in it where it does not say."""
        kept = reader.kept_version(pathway.name, pathway.version)
        if kept is None or kept == pathway.hash:
            return
        released = reader.release_of(kept)
        if released is None:
            since = "was changed after patients were enrolled on it"
        else:
            at = f"{released.released_at:%Y-%m-%d %H:%M} UTC"
            since = f"was released by {released.released_by} at {at} and changed since"
        raise VersionChanged(
            f"{pathway.name}@{pathway.version} {since}: "
            f"{_differing(pathway.text, reader.pathway_text(kept), places)} not as this store keeps it; "
            "put back what was there, or raise the version"
        )

    def _find(self, version: str, reader: Reader) -> "Pathway":
        try:
            return self._library.by_hash(version)
        except NotFound:
            text = reader.pathway_text(version)
        if text is None:
            raise NotFound(f"there is no pathway version {version[:12]} in the files or in the store")
        found = self._load_text(text)
        if found.hash != version:
            raise NotFound(f"the stored text of the pathway version {version[:12]} was changed")
        return found


def _differing(text: str, kept: str | None, places: Mapping[str, str]) -> str:
    """Say which files of two effective texts differ."""
    now, then = orjson.loads(text), orjson.loads(kept or "{}")
    names = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    return f"{', '.join(places.get(name, name) for name in names)} {'is' if len(names) == 1 else 'are'}"
