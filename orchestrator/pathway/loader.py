"""Which pathways are there? Reads the folder of pathway files, or the stored text of a version, into Pathways.

The *effective text* of a version is a JSON object of file name to content: the shared files and the pathway's own. It
is what is hashed (sha256), pinned to each episode and stored, so that every version an episode ran on can be loaded for
ever.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import orjson

from orchestrator.errors import NotFound, PathwayError
from orchestrator.pathway.build import build
from orchestrator.pathway.checks import problems
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import MAX_BYTES, read_text
from orchestrator.pathway.vocabulary import read_vocabulary

SHARED = ("sources.yaml", "terms.yaml", "facts.yaml", "regimens.yaml", "every-pathway.yaml")
_SHARED_FOLDER = "shared"


class Library:
    """The pathways of one folder, several versions of each side by side."""

    def __init__(self, pathways: tuple[Pathway, ...], places: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """places: by content hash, where each file of the effective text was read from."""
        self.pathways, self._places = pathways, dict(places or {})
        self._by_hash = {pathway.hash: pathway for pathway in pathways}

    def newest(self, name: str) -> Pathway:
        """Return the newest version of ``name``, or that of ``name@version``; raises NotFound."""
        name, _, version = name.partition("@")
        found = [each for each in self.pathways if each.name == name and version in {"", each.version}]
        if not found:
            known = sorted({each.name for each in self.pathways})
            what = f"no pathway '{name}'" + (f" of version {version}" if version else "")
            raise NotFound(f"{what}; {suggest(name, known) or 'known are ' + ', '.join(known)}")
        return max(found, key=lambda each: version_key(each.version))

    def by_hash(self, digest: str) -> Pathway:
        """Return the version with this content hash; raises NotFound."""
        if digest not in self._by_hash:
            raise NotFound(f"no pathway version with the hash {digest[:12]}")
        return self._by_hash[digest]

    def places(self, digest: str) -> Mapping[str, str]:
        """Return where each file of a version's effective text was read from; empty where no file is known."""
        return self._places.get(digest, {})

    def add(self, pathway: Pathway) -> None:
        """Add a version that was loaded from its stored text."""
        self._by_hash[pathway.hash] = pathway


def version_key(version: str) -> tuple[int, ...]:
    """Return a version such as ``1.10.0`` as numbers, for sorting; parts that are no number count as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def load_library(root: Path) -> Library:
    """Return all pathways below ``root``; raises PathwayError at the first fault, with file, line and suggestion."""
    if not root.is_dir():
        raise PathwayError(f"there is no folder of pathways at {root}", hint="name one with --workflows DIR")
    shared = {name: _content(root / _SHARED_FOLDER / name) for name in SHARED}
    files = sorted(path for path in root.glob("*/pathway*.yaml") if path.parent.name != _SHARED_FOLDER)
    pathways = tuple(_load(shared, path, root) for path in files)
    if not pathways:
        raise PathwayError(f"there is no pathway in {root}", hint="expected NAME/pathway.yaml")
    seen: dict[tuple[str, str], Path] = {}
    for pathway, path in zip(pathways, files, strict=True):
        if (pathway.name, pathway.version) in seen:
            raise PathwayError(
                f"{pathway.name}@{pathway.version} is defined twice", file=str(path), hint="raise the version"
            )
        seen[pathway.name, pathway.version] = path
    places = zip(pathways, (_places(path, root) for path in files), strict=True)
    return Library(pathways, {pathway.hash: place for pathway, place in places})


def load_text(text: str) -> Pathway:
    """Return the pathway whose effective text this is; raises PathwayError."""
    files = orjson.loads(text)
    return _build(files, {name: name for name in files})


def _content(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise PathwayError(f"the file is larger than {MAX_BYTES} bytes", file=str(path))
        return data.decode()
    except OSError as error:
        raise PathwayError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except UnicodeDecodeError:
        raise PathwayError("is not UTF-8 text", file=str(path)) from None


def _places(path: Path, root: Path) -> dict[str, str]:
    return {name: str(root / _SHARED_FOLDER / name) for name in SHARED} | {"pathway.yaml": str(path)}


def _load(shared: Mapping[str, str], path: Path, root: Path) -> Pathway:
    pathway = _build({**shared, "pathway.yaml": _content(path)}, _places(path, root))
    if pathway.name != path.parent.name:
        raise PathwayError(
            f"the pathway '{pathway.name}' stands in the folder '{path.parent.name}'", file=str(path), line=1
        )
    for problem in problems(pathway, str(path)):
        raise problem
    return pathway


def _build(files: Mapping[str, str], places: Mapping[str, str]) -> Pathway:
    """files: content by name; places: what errors call each file."""
    text = orjson.dumps(files, option=orjson.OPT_SORT_KEYS).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    parts = {
        name: Fields(read_text(content, places[name]), places[name], name, line=1) for name, content in files.items()
    }
    vocabulary = read_vocabulary(
        parts["sources.yaml"], parts["terms.yaml"], parts["facts.yaml"], parts["regimens.yaml"]
    )
    return build(vocabulary, parts["every-pathway.yaml"], parts["pathway.yaml"], text=text, digest=digest)
