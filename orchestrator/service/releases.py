"""Who released which version of a pathway, and may this one be? Stored with its text, and from then on immutable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.audit.chain import Verdict
from orchestrator.audit.release import RELEASES, Kept, Release, sealed, verify
from orchestrator.audit.seal import GENESIS
from orchestrator.errors import InvalidCommand, StoriesFail, VersionOlder
from orchestrator.pathway.loader import version_key
from orchestrator.service.desk import Desk
from orchestrator.service.ports import Change, Reader
from orchestrator.service.rows import PathwayRow, UsedRow
from orchestrator.service.scenario.proof import Proof

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway

LONGEST_NAME, LONGEST_REASON = 200, 2_000


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """The wish to release a version. by: who answers for it.   older: below the newest release, on purpose."""

    pathway: "Pathway"
    by: str
    reason: str
    older: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """What came of it. repeated: this very content was released before, and nothing was written.

    replaced: the release of this pathway that was current before, None for the first.
    """

    release: Release
    replaced: Release | None
    repeated: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the releases stand. unreleased: versions with open episodes that nobody released.

    gone: releases that no file has any more.   missed: those of them that are the newest of their pathway.
    """

    verdict: Verdict
    unreleased: tuple[UsedRow, ...]
    gone: tuple[Release, ...]
    missed: tuple[Release, ...]


class Releases:
    """Releases versions, and tells what was released."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def check(self, request: ReleaseRequest) -> Released | None:
        """Return the release of this very content, if there is one; None where it may be released, stories apart.

        Raises InvalidCommand for a missing name or reason, VersionChanged for a version whose number is kept with
        another content, VersionOlder for one that is below the newest release.
        """
        _check_words(request)
        with self._desk.store.read() as reader:
            return self._check(request, reader, reader.releases())

    def release(self, request: ReleaseRequest, proof: Proof) -> Released:
        """Release a version, with its text, in one transaction; the very same content again gets the first answer.

        proof: what came of its stories. Raises StoriesFail besides what `check` raises.
        """
        _check_words(request)
        if not proof.holds:
            raise StoriesFail(f"{_named(request.pathway)} is not released: {proof.text}")
        return self._desk.transact(lambda change: self._release(change, request))

    def record(self, pathway: str | None = None) -> list[Release]:
        """Return the releases, of one pathway or of all, the first one first. Raises NotFound for an unknown name."""
        with self._desk.store.read() as reader:
            found = [each for each in reader.releases() if pathway in {None, each.pathway}]
        if pathway is not None and not found:
            self._desk.shelf.newest(pathway)
        return found

    def verify(self) -> Verdict:
        """Return the verdict on the record of releases and the texts that were released."""
        with self._desk.store.read() as reader:
            return self._verify(reader)

    def standing(self, files: "Iterable[Pathway]") -> Standing:
        """Return how the releases stand beside the pathway files and the open episodes."""
        there = {each.hash for each in files}
        with self._desk.store.read() as reader:
            releases, used, verdict = reader.releases(), reader.versions_in_use(), self._verify(reader)
        known = {each.version for each in releases}
        gone = tuple(each for each in releases if each.version not in there)
        return Standing(
            verdict,
            tuple(row for row in used if row.version not in known),
            gone,
            tuple(each for each in gone if each == newest(releases, each.pathway)),
        )

    def _check(self, request: ReleaseRequest, reader: Reader, releases: Sequence[Release]) -> Released | None:
        pathway = request.pathway
        for each in releases:
            if each.version == pathway.hash:
                return _released(each, releases, repeated=True)
        self._desk.shelf.check(pathway, reader)
        highest = newest(releases, pathway.name)
        if highest is None or request.older or version_key(pathway.version) > version_key(highest.label):
            return None
        raise VersionOlder(
            f"{_named(pathway)} is not above {highest.label}, released by {highest.released_by}: raise the version, "
            "or say --older and give the reason"
        )

    def _release(self, change: Change, request: ReleaseRequest) -> Released:
        pathway = request.pathway
        now = change.times().now
        change.keep_pathway(PathwayRow(pathway.hash, pathway.name, pathway.version, pathway.text, now))
        releases = change.releases()  # after it: of two at once, the second waits there and then sees the first
        if found := self._check(request, change, releases):
            return found
        last = releases[-1] if releases else None
        current = _current(releases, pathway.name)
        keyring = self._desk.keyring
        made = Release(
            number=len(releases) + 1 if last is None else last.number + 1,
            pathway=pathway.name,
            label=pathway.version,
            version=pathway.hash,
            released_by=request.by,
            reason=request.reason,
            released_at=now if last is None else max(now, last.released_at),
            replaces=None if current is None else current.hash,
            previous=GENESIS if last is None else last.hash,
            kek_id=keyring.active.id,
        )
        made = sealed(made, keyring.release_mac)
        change.add_release(made)
        return _released(made, [*releases, made], repeated=False)

    def _verify(self, reader: Reader) -> Verdict:
        releases = reader.releases()
        kept = {
            each.number: Kept(reader.kept_version(each.pathway, each.label), reader.pathway_text(each.version))
            for each in releases
        }
        return verify(releases, kept, dict(reader.queued(RELEASES)), self._desk.keyring.release_mac)


def newest(releases: Iterable[Release], pathway: str) -> Release | None:
    """Return the release of a pathway with the highest version, None where there is none."""
    return max(
        (each for each in releases if each.pathway == pathway),
        key=lambda each: (version_key(each.label), each.number),
        default=None,
    )


def _current(releases: Iterable[Release], pathway: str) -> Release | None:
    """Return the last release of a pathway, which the next one replaces."""
    return max((each for each in releases if each.pathway == pathway), key=lambda each: each.number, default=None)


def _released(release: Release, releases: Sequence[Release], *, repeated: bool) -> Released:
    replaced = next((each for each in releases if each.hash == release.replaces), None)
    return Released(release, replaced, repeated)


def _named(pathway: "Pathway") -> str:
    return f"{pathway.name}@{pathway.version}"


def _check_words(request: ReleaseRequest) -> None:
    for name, value, longest in (("by", request.by, LONGEST_NAME), ("reason", request.reason, LONGEST_REASON)):
        if not value or len(value) > longest or value != value.strip() or not value.isprintable():
            raise InvalidCommand(
                f"--{name} must be printable text of 1 to {longest} characters on one line, without blanks around it"
            )
