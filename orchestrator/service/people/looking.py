"""How does a look come on record? Behind the last one of its chain: a patient's, or that of a ward's lists."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.rows import LookRow
from orchestrator.service.ports import Change, Reader

_WARD = "ward/"
_PAGE = 500


class Who(NamedTuple):
    """Who looks, and in which role; what a program asserts is what is recorded."""

    id: str
    role: str


class Seen(NamedTuple):
    """What may be looked at. until: how long a broken glass still lets in; None for whoever needs none."""

    patient_id: str
    ward: str
    until: datetime | None = None

    @property
    def glass(self) -> bool:
        """Tell whether it is seen by a broken glass alone."""
        return self.until is not None

    @property
    def posted(self) -> str | None:
        """The ward whose roles count: the patient's; with a broken glass whichever the person works on, as None."""
        return None if self.glass else self.ward

    def wards(self, principal: Principal) -> frozenset[str] | None:
        """Return the wards on one of which the patient must still be when somebody acts; None where it is no matter."""
        return None if self.glass else principal.wards(Action.ACT)


def add(change: Change, mac: looks.Mac, row: LookRow) -> None:
    """Add a record behind the last one of its chain; its number and hash are made here."""
    last = change.last_look(row.chain)
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    change.add_look(row._replace(seq=seq, hash=looks.link(mac, previous, record(row))))


def chain_rows(reader: Reader, chain: str) -> Iterator[LookRow]:
    """Yield the records of a chain, the first one first."""
    last = 0
    while rows := reader.looks(chain, last, _PAGE):
        yield from rows
        last = rows[-1].seq


def record(row: LookRow) -> dict[str, Any]:
    """Return what of a record is chained, JSON-ready."""
    return {
        "chain": row.chain, "at": instant(row.at), "by": row.by, "role": row.role, "kind": row.kind, "what": row.what,
        "episode_id": row.episode_id, "glass": row.glass, "sealed": None if row.sealed is None else row.sealed.hex(),
    }  # fmt: skip


def chain_of(ward: str) -> str:
    """Return the chain of a ward's lists."""
    return f"{_WARD}{ward}"


def ward_of(chain: str) -> str:
    """Return the ward whose lists a chain tells of; empty for a patient's."""
    return chain.removeprefix(_WARD) if chain.startswith(_WARD) else ""


def sealed_for(row: LookRow) -> bytes:
    """Return what a sealed reason is bound to: it opens nowhere else."""
    return "\x00".join(("look", row.chain, instant(row.at), row.by)).encode()
