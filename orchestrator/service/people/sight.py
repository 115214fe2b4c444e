"""Who may look at this patient, and who has? Every look is on record before anything is shown.

Save where the store can be read and not written (a full disk): then a ward must see its patients all the same, and the
look stands in the process's log, by opaque ids.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.chain import Fault
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.errors import NotFound, StoreError
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.rows import LookRow
from orchestrator.service.ports import Change, Reader, Store

_log = logging.getLogger(__name__)
_PAGE = 500


class Who(NamedTuple):
    """Who looks, and in which role; what a program asserts is what is recorded."""

    id: str
    role: str


class Seen(NamedTuple):
    """What may be looked at. glass: by a broken glass alone."""

    patient_id: str
    ward: str
    glass: bool = False


class Sight:
    """Opens patients' records to those who may see them, and records who did. mac: chains that record."""

    def __init__(self, store: Store, mac: looks.Mac) -> None:
        self._store, self._mac = store, mac

    def check(self, principal: Principal, episode_id: str, action: Action) -> Seen:
        """Return whose an episode is. Raises NotFound for none, or another ward's: which of it is not told.

        For whoever acts on it the entry itself is the record; whoever looks at it is recorded with `record`.
        """
        with self._store.read() as reader:
            return self._may(reader, principal, episode_id, action)

    def record(self, seen: Seen, who: Who, episode_id: str, what: str) -> None:
        """Record that somebody looks at an episode. what: the page."""
        self._record([seen.patient_id], who, "read", what, episode_id=episode_id, glass=seen.glass)

    def listed(self, who: Who, wards: Sequence[str], what: str) -> None:
        """Record that somebody saw the lists of wards. what: which list, with its filters."""
        self._record([chain_of(ward) for ward in sorted(wards)], who, "list", what)

    def looks(self, chain: str) -> list[dict[str, Any]]:
        """Return who looked at a patient's record, or a ward's lists, the first one first."""
        return [{**_record(row), "seq": row.seq} for row in self._all(chain)]

    def faults(self, chain: str) -> list[Fault]:
        """Return what is wrong with that record; nothing when it is whole."""
        return list(looks.faults(self._mac, ((row.seq, _record(row), row.hash) for row in self._all(chain))))

    def _may(self, reader: Reader, principal: Principal, episode_id: str, action: Action) -> Seen:
        there = reader.whereabouts(episode_id)
        if there is not None:
            patient_id, ward = there
            if principal.may(action, ward):
                return Seen(patient_id, ward)
            if reader.glass(principal.actor_id, patient_id, reader.times().now) and principal.may(action):
                return Seen(patient_id, ward, glass=True)
        raise NotFound("there is no such episode")

    def _all(self, chain: str) -> Iterable[LookRow]:
        last = 0
        with self._store.read() as reader:
            while rows := reader.looks(chain, last, _PAGE):
                yield from rows
                last = rows[-1].seq

    def _record(
        self, chains: Sequence[str], who: Who, kind: str, what: str, *, episode_id: str = "", glass: bool = False
    ) -> None:
        try:
            with self._store.change() as change:
                now = change.times().now
                for chain in chains:
                    self._add(
                        change, LookRow(chain, 0, now, who.id, who.role, kind, what, episode_id, glass, None, b"")
                    )
        except StoreError as error:
            about = {"event": "look-unrecorded", "by": who.id, "chains": ",".join(chains), "code": error.code}
            _log.error("a look could not be recorded (%s): %s %s by %s", error.code, kind, chains, who.id, extra=about)

    def _add(self, change: Change, row: LookRow) -> None:
        """Add a record behind the last one of its chain."""
        last = change.last_look(row.chain)
        seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
        change.add_look(row._replace(seq=seq, hash=looks.link(self._mac, previous, _record(row))))


def chain_of(ward: str) -> str:
    """Return the chain of a ward's lists."""
    return f"ward/{ward}"


def _record(row: LookRow) -> dict[str, Any]:
    return {
        "chain": row.chain, "at": instant(row.at), "by": row.by, "role": row.role, "kind": row.kind, "what": row.what,
        "episode_id": row.episode_id, "glass": row.glass, "sealed": None if row.sealed is None else row.sealed.hex(),
    }  # fmt: skip
