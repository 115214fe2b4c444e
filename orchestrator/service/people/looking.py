"""How does a look come on record? Behind the last one of its chain: a patient's, or that of a ward's lists.

Whom a program or a terminal only named, and nobody proved, is marked so in the role that is chained: see `ASSERTED`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from orchestrator.audit import looks
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.rows import LookRow
from orchestrator.service.ports import Change, Reader

_WARD = "ward/"
_PAGE = 500
ASSERTED = ", asserted"
"""Stands behind the role in a record where nobody proved who acted.

No role holds a comma, so that what was recorded before this mark reads as it did; and since it stands within a field
that was always chained, a program that does not know it, such as one beside this one during an upgrade, finds the same
chains whole.
"""


class By(Protocol):
    """Who does something. asserted: a program or a terminal says so, and nobody proved it."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def asserted(self) -> bool: ...


class Who(NamedTuple):
    """Who looks, and in which role. asserted: see `By`."""

    id: str
    role: str
    asserted: bool = False


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


def marked(text: str, *, asserted: bool) -> str:
    """Return a role or an id with `ASSERTED` behind it where nobody proved who it was."""
    return f"{text}{ASSERTED}" if asserted else text


def new_look(
    chain: str, at: datetime, by: By, kind: str, what: str, *, episode_id: str = "", glass: bool = False
) -> LookRow:  # fmt: skip
    """Return a record of what somebody did, for `add`. chain: a patient's, or of a ward's lists.   what: as LookRow."""
    return LookRow(
        chain, 0, at, by.id, marked(by.role, asserted=by.asserted), kind, what, episode_id, glass, sealed=None, hash=b""
    )


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


def look_json(row: LookRow) -> dict[str, Any]:
    """Return what a record says, JSON-ready: the role, and apart from it whether it was only asserted who acted."""
    role = row.role.removesuffix(ASSERTED)
    return {**record(row), "role": role, "asserted": role != row.role}


def is_asserted(reader: Reader, chain: str, kind: str, by: str, what: str | None = None) -> bool:
    """Tell whether nobody proved that it was this person who did something: the last of that kind in a chain.

    what: of records of that kind the last that says so; None for any. Where no record names this person, nobody did.
    """
    row = reader.last_deed(chain, kind, what)
    return row is None or row.by != by or row.role.endswith(ASSERTED)


def chain_of(ward: str) -> str:
    """Return the chain of a ward's lists."""
    return f"{_WARD}{ward}"


def ward_of(chain: str) -> str:
    """Return the ward whose lists a chain tells of; empty for a patient's."""
    return chain.removeprefix(_WARD) if chain.startswith(_WARD) else ""


def sealed_for(row: LookRow) -> bytes:
    """Return what a sealed reason is bound to: it opens nowhere else."""
    return "\x00".join(("look", row.chain, instant(row.at), row.by)).encode()
