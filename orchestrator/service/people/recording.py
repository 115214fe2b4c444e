"""How is a change about people made and recorded? One after the other, each key once, and never over somebody else's.

What is recorded is chained, see `audit.looks`, with the name of who made it, and without secrets.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import orjson

from orchestrator.audit import looks
from orchestrator.audit.canonical import canonical
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.errors import Changed, KeyReused
from orchestrator.service.cause import entity_tag
from orchestrator.service.people.administering import check_account
from orchestrator.service.people.rows import StaffRow
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Change

T = TypeVar("T")
CHANGES = frozenset(
    {"added", "changed", "posts", "password", "unlocked", "linked", "unlinked", "factor", "factor-ended", "ended"}
)
"""What changes an account, so that whoever decides on it must look again; signing in and tokens do not."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something about people, and in which role.

    asserted: a program says who it is, and nobody proved it.   key: with it the same is done once; empty where nothing
    is repeated.   seen: number of the account's last change that was before this person's eyes; None asks for no check.
    tag: that change's entity tag, where the caller knows it: another change of that number was not seen.
    """

    id: str
    role: str
    asserted: bool = False
    key: str = ""
    seen: int | None = None
    tag: str = ""


class DoneBefore(Exception):  # noqa: N818  an answer, not an error
    """This was done before with the same key: what was recorded then is the answer. row: that record."""

    def __init__(self, row: StaffRow) -> None:
        super().__init__("done before")
        self.row = row


def once(work: Callable[[], T]) -> T | None:
    """Return what a change returns; None where it was made before with the same key."""
    try:
        return work()
    except DoneBefore:
        return None


class Mark(NamedTuple):
    """What tells a repeat, and another wish under the same key; None where there is no key."""

    cause: bytes | None = None
    request: bytes | None = None


UNMARKED = Mark()


def begin(change: Change, by: Author, kind: str, about: str, asked: Mapping[str, object]) -> Mark:
    """Hold off others who change accounts until the transaction ends, and return the mark for `note`.

    about: whose account; empty where it is only made.   asked: what is wanted, without secrets.
    Raises DoneBefore, KeyReused and Changed; NotAllowed where it is not this author's to look after.
    """
    change.last_staff_record()
    mark = Mark()
    if by.key:
        told = canonical({"kind": kind, "about": about, "asked": dict(asked)})
        mark = Mark(cause_of(by), hashlib.sha256(told).digest())
        if (row := change.staff_record_of(cause_of(by))) is not None:
            if row.request != mark.request:
                raise KeyReused("this key was used with another wish: take a new one")
            raise DoneBefore(row)
    if about and kind != "posts":  # what may be changed of posts is looked at one by one
        check_account(change, by.id, about)
    last = change.last_about(about, CHANGES) if by.seen is not None else None
    if last is not None and (last.seq > (by.seen or 0) or by.tag not in {"", entity_tag(last.seq, last.hash)}):
        name = name_of(change, last.by)
        raise Changed(f"{name} changed this account meanwhile ({last.kind}): look at it again, then decide")
    return mark


def cause_of(by: Author) -> bytes:
    """Return what is kept of who asked with which key. The id's length is told: no two causes read the same."""
    return hashlib.sha256(f"carepath staff {len(by.id)} {by.id} {by.key}".encode()).digest()


def note(
    change: Change,
    mac: looks.Mac,
    by: Author,
    kind: str,
    *,
    about: str,
    detail: Mapping[str, Any],
    mark: Mark = UNMARKED,
) -> StaffRow:
    """Record that something about people was changed. detail: never a secret.   mark: as `begin` gave it."""
    last = change.last_staff_record()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    text = canonical({**detail, **({"asserted": True} if by.asserted else {})}).decode()
    row = StaffRow(seq, change.times().wall, by.id, by.role, kind, about, text, b"", *mark)
    row = row._replace(hash=looks.link(mac, previous, record(row)))
    change.add_staff_record(row)
    return row


def record(row: StaffRow) -> dict[str, Any]:
    """Return what of a change is chained, and told."""
    return {
        "at": instant(row.at), "by": row.by, "role": row.role, "kind": row.kind, "about": row.about,
        "detail": orjson.loads(row.detail),
    }  # fmt: skip
