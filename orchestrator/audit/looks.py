"""Who looked at what, and who changed whose account: was that record changed after it was written?

A chain for each patient, one for each ward's lists, one for the accounts:

    hash = HMAC(a key of the key file; previous hash, record)

Unlike an episode's entries these records are made by the thousand and read by few, so that the keyed hash alone chains
them: who can write the store, and holds no key, can make, change or remove none but the last ones of a chain.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from orchestrator.audit.canonical import canonical
from orchestrator.audit.chain import Fault
from orchestrator.audit.keys import prefixed
from orchestrator.audit.seal import GENESIS

Mac = Callable[[bytes], bytes]


def link(mac: Mac, previous: bytes, record: Mapping[str, object]) -> bytes:
    """Return the hash of a record behind that of the one before; GENESIS for the first. Raises NotCanonical."""
    return mac(prefixed(previous, canonical(dict(record))))


def faults(
    mac: Mac, records: Iterable[tuple[int, Mapping[str, object], bytes]], *, after: int = 0, previous: bytes = GENESIS
) -> Iterator[Fault]:
    """Yield what is wrong with a chain. records: number, content and hash of each, in stored order.

    after, previous: number and hash of the record behind which these begin, where it is not the whole chain.
    """
    for expected, (seq, record, hashed) in enumerate(records, start=after + 1):
        if seq != expected:
            yield Fault(seq, f"record {expected} was expected here: one is missing or out of order")
        if link(mac, previous, record) != hashed:
            yield Fault(seq, "its hash does not fit its content and the record before")
        previous = hashed
