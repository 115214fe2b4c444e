"""Who released which version of a pathway, when, replacing what; and was that record changed after it was written?

One chain for all pathways of a store, sealed in the manner of an episode's entries:

    commitment = HMAC(a key of the key file; previous hash, record)
    hash       = SHA-256(0x00, previous hash, record, commitment)      as `audit.seal.link` has it

The record names the content hash of the version's text and so binds every byte of it. No patient stands in it: nothing
is encrypted. Who can write the store, and holds no key, can make no commitment, and so no release.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.audit.canonical import canonical
from orchestrator.audit.chain import Fault, Verdict, queue_faults
from orchestrator.audit.keys import prefixed
from orchestrator.audit.seal import GENESIS, instant, link
from orchestrator.errors import KeyMissing, NotCanonical

RELEASES = "releases"
"""Stands in the place of an episode's id: the chain of releases."""
FORMAT = 1

Mac = Callable[[str, bytes], bytes]
"""Gives the keyed hash of a content under the key of this id. Raises KeyMissing."""


class Kept(NamedTuple):
    """What the store keeps of a released version: the content hash under its name and label, and its text."""

    version: str | None
    text: str | None


class Release(NamedTuple):
    """One release, as it is stored. released_at: by the store's clock, UTC, never before the release before."""

    number: int  # 1, 2, 3 … without a gap, over all pathways
    pathway: str
    label: str  # the version as people call it
    version: str  # content hash of its text: SHA-256, hex
    released_by: str
    reason: str
    released_at: datetime
    replaces: bytes | None  # hash of the release of the same pathway before this one
    previous: bytes  # hash of the release before, of whatever pathway; GENESIS for the first
    kek_id: str  # of the key that the commitment was made with
    commitment: bytes = b""
    hash: bytes = b""

    def canonical(self) -> bytes:
        """Return the exact bytes that are committed to and chained. Raises NotCanonical."""
        return canonical(
            {
                "record": RELEASES,
                "format": FORMAT,
                "number": self.number,
                "pathway": self.pathway,
                "label": self.label,
                "version": self.version,
                "released_by": self.released_by,
                "reason": self.reason,
                "released_at": instant(self.released_at),
                "replaces": None if self.replaces is None else self.replaces.hex(),
                "kek_id": self.kek_id,
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON, with its hashes in hex; `hash` is the content's, `release` its own."""
        return {
            "number": self.number,
            "pathway": self.pathway,
            "version": self.label,
            "hash": self.version,
            "released_by": self.released_by,
            "reason": self.reason,
            "released_at": instant(self.released_at),
            "release": self.hash.hex(),
            "replaces": None if self.replaces is None else self.replaces.hex(),
            "previous": self.previous.hex(),
        }


def sealed(release: Release, mac: Mac) -> Release:
    """Return the release with its commitment and its hash. Raises NotCanonical and KeyMissing."""
    record = release.canonical()
    commitment = _commitment(release, record, mac)
    return release._replace(commitment=commitment, hash=link(release.previous, record, commitment))


def verify(releases: Sequence[Release], kept: Mapping[int, Kept], queued: Mapping[int, bytes], mac: Mac) -> Verdict:
    """Return the verdict on the record of releases, in stored order.

    kept: by a release's number, what the store keeps of its version.   queued: by number, the hashes that wait for the
    log of all entries.
    """
    faults: list[Fault] = []
    previous, current = GENESIS, dict[str, bytes]()
    for expected, release in enumerate(releases, start=1):
        found = (
            *_place_faults(release, expected, previous, current.get(release.pathway)),
            *_seal_faults(release, mac),
            *_text_faults(release, kept[release.number]),
        )
        faults += [Fault(release.number, what) for what in found]
        previous = current[release.pathway] = release.hash
    faults += queue_faults({release.number: release.hash for release in releases}, queued)
    return Verdict(RELEASES, len(releases), len(releases), tuple(faults))


def _place_faults(release: Release, expected: int, previous: bytes, current: bytes | None) -> Iterator[str]:
    if release.number != expected:
        yield f"release {expected} was expected here: one is missing or out of order"
    if release.previous != previous:
        yield "it does not follow the release before it"
    if release.replaces != current:
        yield "it does not replace the release of its pathway that was current"


def _seal_faults(release: Release, mac: Mac) -> Iterator[str]:
    try:
        record = release.canonical()
        if release.commitment != _commitment(release, record, mac):
            yield "its commitment was not made for it with the key of this store"
    except NotCanonical:
        yield "its record cannot be read"
        return
    except KeyMissing:
        yield "its commitment was made with a key that the key file does not hold"
    if release.hash != link(release.previous, record, release.commitment):
        yield "its hash does not fit its record, its commitment and the release before"


def _text_faults(release: Release, kept: Kept) -> Iterator[str]:
    if kept.text is None:
        yield "its text is gone"
    elif hashlib.sha256(kept.text.encode()).hexdigest() != release.version:
        yield "its text is not the one released"
    elif kept.version != release.version:
        yield "its text is kept under another name or version"


def _commitment(release: Release, record: bytes, mac: Mac) -> bytes:
    return mac(release.kek_id, prefixed(release.previous, record))
