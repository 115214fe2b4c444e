"""Where does the pathway of an episode come from? From the files, or from the text that the store kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

from orchestrator.errors import NotFound, VersionChanged
from orchestrator.pathway.hospital import LOCAL
from orchestrator.service.ports import Library, Reader

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway


class Shelf:
    """Pathways by name and by content hash; a version once found is remembered."""

    def __init__(self, library: Library, load_text: "Callable[[str], Pathway]") -> None:
        self._library, self._load_text = library, load_text
        self._known: dict[str, Pathway] = {}
        self._sound: set[str] = set()

    @property
    def pathways(self) -> "Sequence[Pathway]":
        """Return the pathways of the files."""
        return self._library.pathways

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
            self._check_revisions(pathway, reader, places)
        else:
            raise _changed(pathway, kept, reader, places)

    def _check_revisions(self, pathway: "Pathway", reader: Reader, places: Mapping[str, str]) -> None:
        """Raise VersionChanged when more changed since another revision of the hospital's values than these."""
        if pathway.hash in self._sound:
            return
        number, own = pathway.version.partition("+")[0], _own(orjson.loads(pathway.text))
        same = [kept for label, kept in reader.kept_labels(pathway.name) if label.partition("+")[0] == number]
        for kept in same:
            if _own(orjson.loads(reader.pathway_text(kept) or "{}")) != own:
                raise _changed(pathway, kept, reader, places)
        self._sound.add(pathway.hash)

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


def _changed(pathway: "Pathway", kept: str, reader: Reader, places: Mapping[str, str]) -> VersionChanged:
    """Return the error that tells which files are not as they were with the version ``kept``, and what to do."""
    released = reader.release_of(kept)
    if released is None:
        since = "was changed after patients were enrolled on it"
    else:
        at = f"{released.released_at:%Y-%m-%d %H:%M} UTC"
        since = f"was released by {released.released_by} at {at} and changed since"
    then, now = orjson.loads(reader.pathway_text(kept) or "{}"), orjson.loads(pathway.text)
    version, mend = pathway.version, "give the hospital's values a new revision"
    if _own(now) != _own(then):
        then, now = _own(then), _own(now)
        version, mend = version.partition("+")[0], "raise the version"
    return VersionChanged(
        f"{pathway.name}@{version} {since}: {_differing(now, then, places)} not as this store keeps it; "
        f"put back what was there, or {mend}"
    )


def _own(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of an effective text that are the pathway's, without the hospital's."""
    return {name: content for name, content in files.items() if name != LOCAL}


def _differing(now: Mapping[str, str], then: Mapping[str, str], places: Mapping[str, str]) -> str:
    """Say which files of two effective texts differ."""
    names = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    return f"{', '.join(places.get(name, name) for name in names)} {'is' if len(names) == 1 else 'are'}"
