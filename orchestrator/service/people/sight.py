"""Who may look at this patient, and who has? Every look is on record before anything is shown.

Save where the store can be read and not written (a full disk): then a ward must see its patients all the same, and the
look stands in the process's log, by opaque ids.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.chain import Fault
from orchestrator.errors import StoreError
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.people.agreeing import KINDS, State, differences, in_store, on_record
from orchestrator.service.people.erasure import Erasure
from orchestrator.service.people.glass import Glass, broken
from orchestrator.service.people.looked import Looked
from orchestrator.service.people.looking import (
    Seen,
    Who,
    add,
    chain_of,
    chain_rows,
    look_json,
    marked,
    new_look,
    record,
    ward_of,
)
from orchestrator.service.people.merging import Merging
from orchestrator.service.people.principal import AT_THE_BEDSIDE, Action, Principal
from orchestrator.service.people.rows import LookRow
from orchestrator.service.ports import Reader
from orchestrator.service.there import not_there

_log = logging.getLogger(__name__)
_TRIES = 3
_UNDER_GLASS = frozenset({Action.SEE, Action.ACT})
"""What a broken glass allows: an emergency is looked at and treated; who has seen the record is the ward's affair."""


class Checked(NamedTuple):
    """What was found of the records of looks. chains: patients, and wards with lists.   faults: chain and fault."""

    chains: int
    records: int
    faults: tuple[tuple[str, Fault], ...]


class _Look(NamedTuple):
    """One record to be made: in which chain, about which episode."""

    chain: str
    episode_id: str = ""
    glass: bool = False


class Sight:
    """Opens patients' records to those who may see them, and records who did. mac: chains that record.

    glass: lets in who must, in an emergency.   looked: tells who did look.   erasure: lets nobody, for ever.
    merging: says which records are one patient's.
    """

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._store, self._mac = desk.store, mac
        self.glass, self.looked, self.erasure = Glass(desk, mac), Looked(desk), Erasure(desk, mac)
        self.merging = Merging(desk, mac)

    def check(self, principal: Principal, episode_id: str, action: Action) -> Seen:
        """Return whose an episode is. Raises NotFound for none, or another ward's: which of it is not told.

        For whoever acts on it the entry itself is the record; whoever looks at it is recorded with `record`.
        """
        with self._store.read() as reader:
            return self._may(reader, principal, episode_id, action)

    def record(self, seen: Seen, who: Who, episode_id: str, what: str) -> None:
        """Record that somebody looks at an episode. what: the page."""
        self.record_all([(seen, episode_id)], who, what)

    def record_all(self, seen: Sequence[tuple[Seen, str]], who: Who, what: str) -> None:
        """Record that somebody looks at several episodes on one page. seen: each with its episode's id."""
        self._record([_Look(each.patient_id, episode_id, each.glass) for each, episode_id in seen], who, "read", what)

    def person(self, principal: Principal, who: Who, seen: Seen, episode_id: str) -> dict[str, Any]:
        """Return an episode's patient, see `people.records`; that his other records were seen is recorded in each.

        That the one to which the episode belongs was seen is recorded by whoever asks. Raises NotFound.
        """
        told = self.merging.person(lambda ward: seen.glass or principal.may(Action.SEE, ward), episode_id)
        others = [each["patient_id"] for each in told["records"] if each["patient_id"] != seen.patient_id]
        if others:
            self._record([_Look(each, glass=seen.glass) for each in others], who, "read", "patient")
        return told

    def compare(self, principal: Principal, who: Who, episode_id: str, identifier: Identifier) -> dict[str, Any]:
        """Return what `Merging.compare` does; that the records were compared is recorded in each of the other's."""
        told = self.merging.compare(principal, episode_id, identifier)
        self._record([_Look(each["patient_id"]) for each in told["replaced"]["records"]], who, "read", "merge")
        return told

    def peek(self, who: Who, episode_id: str, what: str) -> None:
        """Record that somebody looks at an episode without being asked who he is: at this machine's command line."""
        with self._store.read() as reader:
            there = reader.whereabouts(episode_id)
        if there is not None:
            self.record(Seen(*there), who, episode_id, what)

    def listed(self, who: Who, wards: Sequence[str], what: str) -> None:
        """Record that somebody saw the lists of wards. what: which list, with its filters."""
        self._record([_Look(chain_of(ward)) for ward in wards], who, "list", what)

    def looks(self, chain: str) -> list[dict[str, Any]]:
        """Return who looked at a patient's record, or a ward's lists, the first one first."""
        return [{**look_json(row), "seq": row.seq} for row in self._all(chain)]

    def faults(self, *chains: str) -> list[Fault]:
        """Return what is wrong with such records; nothing when all are whole."""
        return [fault for chain in chains for fault in self._faults(chain, [])]

    def check_all(self, most: int | None = None) -> Checked:
        """Check every chain, patients' and wards'; no further one once `most` records were read."""
        read, found, seen = list[int](), list[tuple[str, Fault]](), set[str]()
        for chain in self._chains():
            if most is not None and len(read) >= most:
                break
            if chain not in seen:
                seen.add(chain)
                found += [(chain, fault) for fault in self._faults(chain, read)]
        return Checked(len(seen), len(read), tuple(found))

    def _faults(self, chain: str, read: list[int]) -> Iterator[Fault]:
        """Yield what is wrong with a chain, and in what the store differs from it. read: gets the records' numbers."""
        kept = list[LookRow]()

        def told() -> Iterator[tuple[int, dict[str, Any], bytes]]:
            for row in self._all(chain):
                read.append(row.seq)
                if row.kind in KINDS:
                    kept.append(row)
                yield row.seq, record(row), row.hash

        yield from looks.faults(self._mac, told())
        if not ward_of(chain):
            yield from self._unlike(chain, on_record(kept))

    def _unlike(self, patient_id: str, told: State) -> Iterator[Fault]:
        """Yield in what the store differs from the record; what changed while it was read is looked at again."""
        for _ in range(_TRIES):
            with self._store.read() as reader:
                found = list(differences(told, in_store(reader, patient_id)))
            again = on_record(self._all(patient_id)) if found else told
            if again == told:
                return iter(found)
            told = again
        return iter(())

    def _chains(self) -> Iterator[str]:
        """Yield the chains of patients of whom more holds than that they are here, and then all."""
        yield from self._each(lambda reader, last: reader.marked_after(last))
        yield from self._each(lambda reader, last: reader.chain_after(last))

    def _each(self, following: Callable[[Reader, str], str | None]) -> Iterator[str]:
        last: str | None = ""
        while last is not None:
            with self._store.read() as reader:
                last = following(reader, last)
            if last is not None:
                yield last

    def _may(self, reader: Reader, principal: Principal, episode_id: str, action: Action) -> Seen:
        there = reader.whereabouts(episode_id)
        if there is not None:
            patient_id, ward = there
            if principal.may(action, ward):
                return Seen(patient_id, ward)
            if action in _UNDER_GLASS and principal.may(action) and principal.roles() & AT_THE_BEDSIDE:
                glass = broken(reader, principal, patient_id, reader.times().now)
                if glass is not None:
                    return Seen(patient_id, ward, glass.until)
            about = {"event": "other-ward"}
            _log.warning("%s asked for episode %s of another ward", principal.actor_id, episode_id, extra=about)
        raise not_there()

    def _all(self, chain: str) -> Iterable[LookRow]:
        with self._store.read() as reader:
            yield from chain_rows(reader, chain)

    def _record(self, looks_at: Sequence[_Look], who: Who, kind: str, what: str) -> None:
        try:
            with self._store.change() as change:
                now = change.times().now
                for chain, episode_id, glass in sorted(looks_at):  # all in one order, so that nobody waits in a circle
                    add(change, self._mac, new_look(chain, now, who, kind, what, episode_id=episode_id, glass=glass))
        except StoreError as error:
            chains = [each.chain for each in looks_at]
            about = {"event": "look-unrecorded", "by": who.id, "chains": ",".join(chains), "code": error.code}
            by = marked(who.id, asserted=who.asserted)
            _log.error("a look could not be recorded (%s): %s %s by %s", error.code, kind, chains, by, extra=about)
