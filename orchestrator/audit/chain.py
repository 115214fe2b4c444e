"""Was the trail of an episode changed after it was written? Which entry, and what of it?

Finds every change that does not recompute the whole chain: who can write the store *and* holds the keys could forge a
whole new one. Against that stands the log of all entries with its signed checkpoints, of which each entry's hash is
queued from the first day.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import GENESIS, Sealed, committed, link, open_header, plaintext
from orchestrator.errors import WrongKey
from orchestrator.saying import counted

REACH = "finds every change that does not recompute the whole chain"


@dataclass(frozen=True, slots=True)
class Head:
    """What the episode's row says about its trail: number and hash of the last entry."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: at which entry (as stored), and what."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one episode. `bodies` counts those that could be opened and compared with their commitment."""

    episode_id: str
    entries: int
    bodies: int
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Tell whether nothing was found."""
        return not self.faults

    @property
    def text(self) -> str:
        """Say it in one line, with how far the check reaches."""
        unread = "" if self.bodies == self.entries else f", {counted(self.entries - self.bodies, 'body')} not readable"
        if self.whole:
            return f"chain whole: {counted(self.entries, 'entry')}{unread}; this check {REACH}"
        first = self.faults[0]
        more = f" and {len(self.faults) - 1} more" if len(self.faults) > 1 else ""
        return f"chain broken: entry {first.seq}: {first.what}{more}; this check {REACH}"


def verify(episode_id: str, entries: Iterable[Sealed], head: Head | None, key: PatientKey | None) -> Verdict:
    """Return the verdict on an episode's entries in stored order.

    head: None when the episode's row is gone, which is a fault.
    key: None when the patient's key was destroyed; then bodies go unread.
    """
    faults: list[Fault] = []
    previous, expected, bodies, count = GENESIS, 1, 0, 0
    for entry in entries:
        faults += [Fault(entry.seq, what) for what in _faults(episode_id, entry, previous, expected)]
        if key is not None:
            wrong = _body_fault(key, entry)
            faults += [Fault(entry.seq, wrong)] if wrong else []
            bodies += not wrong
        previous, expected, count = entry.hash, entry.seq + 1, count + 1
    faults += _head_faults(head, expected - 1, previous)
    return Verdict(episode_id, count, bodies, tuple(faults))


def queue_faults(there: Mapping[int, bytes], queued: Mapping[int, bytes]) -> Iterator[Fault]:
    """Compare hashes by number, of those that are there, with those queued for the log of all entries."""
    if queued and not there:
        yield Fault(max(queued), "every entry up to this one is gone, and their hashes are queued for the log")
        return
    for seq in sorted(there.keys() | queued.keys()):
        if seq not in queued:
            yield Fault(seq, "it was never queued for the log of all entries")
        elif seq not in there:
            yield Fault(seq, "it is gone, its hash is queued for the log of all entries")
        elif there[seq] != queued[seq]:
            yield Fault(seq, "another hash was queued of it for the log of all entries")


def _faults(episode_id: str, entry: Sealed, previous: bytes, expected: int) -> Iterable[str]:
    if entry.seq != expected:
        yield f"entry {expected} was expected here: one is missing, doubled or out of order"
    if entry.hash != link(previous, entry.header, entry.commitment):
        yield "its hash does not fit its header, its commitment and the entry before"
    try:
        header = open_header(entry)
    except (ValueError, TypeError):
        yield "its header cannot be read"
        return
    if (header.episode_id, header.seq) != (episode_id, entry.seq) or entry.episode_id != episode_id:
        yield "its header belongs to another place"
    if header.cause_id != entry.cause_id.hex():
        yield "its cause is not the one in its header"


def _body_fault(key: PatientKey, entry: Sealed) -> str:
    try:
        return "" if committed(key, entry, plaintext(key, entry)) else "its body is not the one committed to"
    except WrongKey:
        return "its body cannot be decrypted"


def _head_faults(head: Head | None, seq: int, last: bytes) -> list[Fault]:
    if head is None:
        return [Fault(seq, "the episode's row is missing")]
    if head.seq != seq:
        return [Fault(seq, f"the trail ends here, the episode's row says entry {head.seq}")]
    return [] if head.hash == last else [Fault(seq, "the episode's row holds another hash")]
