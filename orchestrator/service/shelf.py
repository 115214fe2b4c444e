"""Where does the pathway of an episode come from? From the files, or from the text that the store kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.errors import NotFound
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
