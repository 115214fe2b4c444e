"""Which pathways are there? Reads the folder of pathway files, or the stored text of a version, into Pathways.

The *effective text* of a version is a JSON object of file name to content: the shared files, the pathway's own, and the
hospital's where it sets a local value of this pathway. It is what is hashed (sha256), pinned to each episode and
stored, so that every version an episode ran on can be loaded for ever.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import orjson

from orchestrator.errors import NotFound, PathwayError, PathwayErrors
from orchestrator.pathway.build import build
from orchestrator.pathway.checks import problems, words
from orchestrator.pathway.faults import Faults
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.hospital import LOCAL, Hospital, read_hospital
from orchestrator.pathway.local import Settled, below_a_gate, settle, unknown
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import Value, file_text, read_text
from orchestrator.pathway.vocabulary import read_vocabulary

SHARED = ("sources.yaml", "terms.yaml", "facts.yaml", "regimens.yaml", "every-pathway.yaml")
SHARED_FOLDER = "shared"


class Library:
    """The pathways of one folder, several versions of each side by side."""

    def __init__(self, pathways: tuple[Pathway, ...], places: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """places: by content hash, where each file of the effective text was read from."""
        self.pathways, self._places = pathways, dict(places or {})
        self._by_hash = {pathway.hash: pathway for pathway in pathways}

    @property
    def roles(self) -> tuple[str, ...]:
        """Return every role that a pathway knows, in the files' order."""
        return tuple(dict.fromkeys(role for pathway in self.pathways for role in pathway.roles))

    def newest(self, name: str) -> Pathway:
        """Return the newest version of ``name``, or that of ``name@version``; raises NotFound.

        The version's own number will do, without the revision of the hospital's values.
        """
        name, _, version = name.partition("@")
        found = [
            each
            for each in self.pathways
            if each.name == name and version in {"", each.version, each.version.partition("+")[0]}
        ]
        if not found:
            names = sorted({each.name for each in self.pathways})
            versions = sorted({each.version for each in self.pathways if each.name == name})
            if versions:
                raise NotFound(f"no pathway '{name}' of version {version}; known are {', '.join(versions)}")
            raise NotFound(f"no pathway '{name}'; {suggest(name, names) or 'known are ' + ', '.join(names)}")
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


def version_key(version: str) -> tuple[tuple[int, ...], tuple[tuple[int, str], ...]]:
    """Return a version such as ``1.10.0`` or ``1.10.0+2`` for sorting; parts that are no number count as 0.

    A revision of the hospital's values comes after none; its numbers count as such: 2 before 10.
    """
    number, _, revision = version.partition("+")
    parts = re.findall(r"([0-9]+)|([A-Za-z]+)", revision)
    return (
        tuple(int(part) if part.isdigit() else 0 for part in number.split(".")),
        tuple((int(digits or 0), letters) for digits, letters in parts),
    )


def load_library(root: Path, local: Path | None = None, *, only: str = "") -> Library:
    """Return all pathways below ``root``; raises PathwayErrors with all faults: file, line, suggestion.

    local: the hospital's file of local values.   only: the one folder below ``root`` whose pathway is wanted; then
    nothing is said of values for the others.
    """
    if not root.is_dir():
        raise PathwayError(f"there is no folder of pathways at {root}", hint="name one with --workflows DIR")
    faults, shared, hospital = Faults(), dict[str, str](), dict[str, tuple[str, str]]()
    for name in SHARED:
        with faults.noting(name):
            shared[name] = file_text(root / SHARED_FOLDER / name)
    if local is not None:
        with faults.noting(LOCAL):
            hospital[LOCAL] = file_text(local), str(local)
            read_hospital(*hospital[LOCAL])
    faults.tell()
    loaded: dict[Path, tuple[Pathway, Settled]] = {}
    for path in pathway_files(root, only):
        with faults.noting(str(path)):
            loaded[path] = _load(shared, path, root, hospital)
    _check_versions({path: pathway for path, (pathway, _) in loaded.items()}, faults)
    faults.tell()
    if not loaded:
        raise PathwayError(f"there is no pathway in {root}", hint="expected NAME/pathway.yaml")
    named = {LOCAL: str(local)} if local is not None else {}
    places = {pathway.hash: _places(path, root) | named for path, (pathway, _) in loaded.items()}
    library = Library(tuple(pathway for pathway, _ in loaded.values()), places)
    for text, file in hospital.values():
        settled = {each.hash: settled for each, settled in loaded.values()}
        _check_hospital(None if only else read_hospital(text, file), library, settled)
    return library


def pathway_files(root: Path, only: str) -> list[Path]:
    """Return the files of all pathways below ``root``, or of the one in the folder ``only``, all versions."""
    found = (path for path in root.glob("*/pathway*.yaml") if path.parent.name != SHARED_FOLDER)
    return sorted(path for path in found if only in {"", path.parent.name})


def unused_words(root: Path, library: Library) -> list[PathwayError]:
    """Return what none of the pathways uses of the words that they share; a program starts with them."""
    files = {name: file_text(root / SHARED_FOLDER / name) for name in SHARED}
    return words.faults(library.pathways, _read(files, {name: str(root / SHARED_FOLDER / name) for name in SHARED}))


def _check_versions(pathways: Mapping[Path, Pathway], faults: Faults) -> None:
    seen: set[tuple[str, str]] = set()
    for path, pathway in pathways.items():
        if (pathway.name, pathway.version) in seen:
            what = f"{pathway.name}@{pathway.version} is defined twice"
            faults.note(PathwayError(what, file=str(path), hint="raise the version"), "version")
        seen.add((pathway.name, pathway.version))


def _check_hospital(hospital: Hospital | None, library: Library, settled: Mapping[str, Settled]) -> None:
    """Raise PathwayErrors for values that do not reach what they mean; older versions need not know all.

    hospital: None when other pathways' values may be in the file.
    """
    names = sorted({pathway.name for pathway in library.pathways})
    errors = [error for name in names for error in settled[library.newest(name).hash].refused]
    errors += [] if hospital is None else unknown(hospital, library.pathways)
    if errors:  # of one value the first: what one pathway refuses, the others mostly do too
        raise PathwayErrors({(each.file, each.line): each for each in reversed(errors)}.values())


def load_text(text: str) -> Pathway:
    """Return the pathway whose effective text this is; raises PathwayError."""
    files = orjson.loads(text)
    return _build(files, {name: name for name in files})[0]


def without_local(pathway: Pathway) -> Pathway:
    """Return the pathway with its own defaults in place of the hospital's values: what its stories speak of."""
    files = orjson.loads(pathway.text)
    if LOCAL not in files:
        return pathway
    del files[LOCAL]
    return load_text(_text(files))


def _places(path: Path, root: Path) -> dict[str, str]:
    return {name: str(root / SHARED_FOLDER / name) for name in SHARED} | {"pathway.yaml": str(path)}


def _load(
    shared: Mapping[str, str], path: Path, root: Path, hospital: Mapping[str, tuple[str, str]]
) -> tuple[Pathway, Settled]:
    """hospital: content and place of the hospital's file by its name in the text; empty where there is none."""
    files = {**shared, "pathway.yaml": file_text(path), **{name: text for name, (text, _) in hospital.items()}}
    places = _places(path, root) | {name: place for name, (_, place) in hospital.items()}
    return _whole(tuple(files.items()), tuple(places.items()))


@lru_cache(maxsize=16)
def _whole(files: tuple[tuple[str, str], ...], places: tuple[tuple[str, str], ...]) -> tuple[Pathway, Settled]:
    """Return a version in which there is no fault; one that was found so is not gone through again."""
    named = dict(places)
    path = Path(named["pathway.yaml"])
    faults = Faults()
    try:
        pathway, settled = _build(dict(files), named)
    except PathwayErrors as errors:
        if not isinstance(errors.read, Pathway):
            raise
        faults.found += [*errors.faults, *problems(errors.read, str(path), errors.sections)]
    else:
        if pathway.name != path.parent.name:
            what = f"the pathway '{pathway.name}' stands in the folder '{path.parent.name}'"
            faults.note(PathwayError(what, file=str(path), line=1, hint="a folder has its pathway's name"), "head")
        faults.found += problems(pathway, str(path))
    faults.tell()
    return pathway, settled


def _build(files: Mapping[str, str], places: Mapping[str, str]) -> tuple[Pathway, Settled]:
    """files: content by name; places: what errors call each file.

    The hospital's file is left out of the text where it sets nothing of this pathway, which is then as without it.
    """
    own = {name: content for name, content in files.items() if name != LOCAL}
    hospital = read_hospital(files[LOCAL], places[LOCAL]) if LOCAL in files else None
    parts = _read(own, places, to_be_set=hospital is not None)
    settled = settle(parts, hospital)
    if hospital is None or not settled.used:
        return _built(parts, settled, own), settled
    try:
        found = _built(parts, settled, files)
    except PathwayError as error:
        raise _blamed(own, places, hospital, settled) or error from None
    return dataclasses.replace(found, version=f"{found.version}+{hospital.revision}"), settled


def _blamed(
    files: Mapping[str, str], places: Mapping[str, str], hospital: Hospital, settled: Settled
) -> PathwayError | None:
    """Return the error of the hospital's value that a pathway cannot be built with; one by one, to find which it is.

    Raises the pathway's own, where it cannot be built without them either.
    """
    plain = _read(files, places, to_be_set=True)
    _built(plain, settle(plain, None), files)
    for address, given in settled.used.items():
        parts = _read(files, places, to_be_set=True)
        try:
            _built(parts, settle(parts, hospital, address), files)
        except PathwayError as error:
            what = f"'{address}' cannot be set so: {error.what}"
            return PathwayError(what, file=hospital.file, line=given.line, hint=error.hint)
    return None


def _read(files: Mapping[str, str], places: Mapping[str, str], *, to_be_set: bool = False) -> dict[str, Fields]:
    """Return what each file says; its elements are read later, and their faults noted together.

    to_be_set: a hospital's values will change what is read, which is then nobody else's.
    """
    faults, found = Faults(), dict[str, Fields]()
    for name, content in files.items():
        place = places[name]
        with faults.noting(name):
            said = read_text(content, place) if to_be_set else _said(content, place)
            found[name] = Fields(said, place, name, line=1, faults=faults)
    faults.tell()
    return found


@lru_cache(maxsize=16)
def _said(content: str, place: str) -> Value:
    """Return what a file says, read once for all the pathways that share it."""
    return read_text(content, place)


def _text(files: Mapping[str, str]) -> str:
    return orjson.dumps(files, option=orjson.OPT_SORT_KEYS).decode()


def _built(parts: Mapping[str, Fields], settled: Settled, files: Mapping[str, str]) -> Pathway:
    """Return the pathway that was read; files: what its text and hash are made of."""
    text = _text(files)
    digest = hashlib.sha256(text.encode()).hexdigest()
    own = parts["pathway.yaml"]
    try:
        vocabulary = read_vocabulary(
            parts["sources.yaml"], parts["terms.yaml"], parts["facts.yaml"], parts["regimens.yaml"]
        )
        found = build(vocabulary, parts["every-pathway.yaml"], own, text=text, digest=digest)
    except PathwayErrors:
        raise
    except PathwayError as error:  # nothing can be read without it; what was noted before is told with it
        raise PathwayErrors([*own.faults.found, error]) from None
    found = dataclasses.replace(found, settings=settled.settings)
    errors = [*below_a_gate(found)]
    if "+" in found.version:
        hint = "what follows it is the revision of a hospital's values"
        errors.append(own.error("a version has no '+'", "version", hint))
    if errors:
        raise PathwayErrors(errors, read=found)
    return found
