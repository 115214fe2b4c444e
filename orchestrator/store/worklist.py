"""How are worklists and claims read and written? SQLAlchemy Core, the same for both databases; one statement a list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Subquery,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
)  # fmt: skip

from orchestrator.episode.items import REMINDER
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import PersonRow
from orchestrator.service.rows import ItemRow, NoticeRow, ToldRow, WorkRow
from orchestrator.service.worklist.ports import Place
from orchestrator.service.worklist.rows import ClaimRow, ItemId, Mark, Sieve
from orchestrator.store import staff_tables as s
from orchestrator.store import tables as t
from orchestrator.store.sifting import distinct, first_of
from orchestrator.store.types import to_micros

_I, _C, _E, _N = t.item.c, t.claim.c, t.episode.c, t.notice.c
_ITEM, _CLAIM = [_I[name] for name in ItemRow._fields], [_C[name] for name in ClaimRow._fields]
_WIDE = len(_ITEM)
_ITEMS, _NOTICES = select(*_ITEM), select(*(_N[name] for name in NoticeRow._fields))
_FEW = 8
"""Of so many wards each is asked for by itself; of more, what is theirs is picked from all."""
_TOLD_WIDE = len(NoticeRow._fields)
_OPEN = _E.closed == false()


class WorklistReads:
    """Reads within the transaction of one connection; see `service.worklist.ports.WorklistReader`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def worklist(self, sieve: Sieve, after: Place | None, limit: int) -> list[WorkRow]:
        by_claim = bool(sieve.holder or sieve.awake_at)
        items: Any = t.item if by_claim or sieve.episode else self._first_items(sieve, after, limit)
        if items is None:
            return []
        order = _due(items.c)
        chosen = _sifted(_within(_work(items), items, sieve.wards, sieve.roles), sieve, items.c)
        ordered = _behind(chosen, order, after).order_by(*order).limit(limit)
        return [_work_row(row) for row in self._sql.execute(ordered)]

    def _first_items(self, sieve: Sieve, after: Place | None, limit: int) -> Subquery | None:
        """Return the first items of each ward where they are few, else of each role; None where nothing is open."""
        if 0 < len(sieve.wards) <= _FEW:
            parts = [_within(_ITEMS, t.item, (ward,), sieve.roles) for ward in sieve.wards]
        else:
            roles = sieve.roles or self._sql.execute(distinct(_I.role)).scalars().all()
            parts = [_within(_ITEMS, t.item, sieve.wards, (role,)) for role in roles]
        order = _due(_I)
        parts = [_behind(_sifted(part, sieve, _I), order, after) for part in parts]
        return first_of(parts, order, limit, "item") if parts else None

    def told(
        self, wards: Sequence[str], roles: Sequence[str], before: tuple[datetime, str, str] | None, limit: int
    ) -> list[ToldRow]:
        latest = self._latest(wards, roles, before, limit)
        if latest is None:
            return []
        chosen = _told(latest).order_by(*_newest(latest.c)).limit(limit)
        return [_told_row(row) for row in self._sql.execute(chosen)]

    def notices(
        self, wards: Sequence[str], roles: Sequence[str], before: tuple[datetime, str, str] | None, limit: int
    ) -> list[NoticeRow]:
        latest = self._latest(wards, roles, before, limit)
        if latest is None:
            return []
        chosen = select(*latest.c).order_by(*_newest(latest.c)).limit(limit)
        return [NoticeRow(*row) for row in self._sql.execute(chosen)]

    def _latest(
        self, wards: Sequence[str], roles: Sequence[str], before: tuple[datetime, str, str] | None, limit: int
    ) -> Subquery | None:
        """Return the latest notices of each role, of each ward where they are few; None where there are none."""
        among = roles or self._sql.execute(distinct(_N.role)).scalars().all()
        parts = [_NOTICES.where(_N.role == role) for role in among]
        if len(wards) <= _FEW:
            parts = [part.where(_N.ward == ward) for part in parts for ward in wards] if wards else parts
        else:
            parts = [part.where(_N.ward.in_(wards)) for part in parts]
        return first_of([_earlier(part, before) for part in parts], _newest(_N), limit, "notice") if parts else None

    def claim_of(self, item: ItemId) -> ClaimRow | None:
        row = self._sql.execute(select(*_CLAIM).where(*_is(t.claim, item))).first()
        return None if row is None else ClaimRow(*row)

    def claims_of(self, episode_id: str) -> list[ClaimRow]:
        chosen = select(*_CLAIM).where(_C.episode_id == episode_id).order_by(_C.kind, _C.key)
        return [ClaimRow(*row) for row in self._sql.execute(chosen)]

    def colleagues(self, ward: str, roles: Sequence[str]) -> list[PersonRow]:
        p, held = s.person.c, s.post.c
        there = select(held.person_id).where(held.ward.in_((ward, EVERYWHERE)), held.role.in_(roles))
        chosen = select(*(p[name] for name in PersonRow._fields)).where(p.ended_at.is_(None), p.person_id.in_(there))
        return [PersonRow(*row) for row in self._sql.execute(chosen.order_by(p.name, p.login))]

    def next_due(self, wards: Sequence[str]) -> tuple[bool, datetime | None]:
        if not wards:
            alarms = select(_E.next_due_at).where(_OPEN, _E.next_due_at.is_not(None)).order_by(_E.next_due_at).limit(1)
            anybody = self._sql.execute(select(_E.ward).where(_OPEN).limit(1)).first()
            return anybody is not None, self._sql.execute(alarms).scalar()
        chosen: Any = select(func.count(), func.min(_E.next_due_at)).where(_OPEN)
        count, first = self._sql.execute(_within(chosen, t.episode, wards, ())).one()
        return count > 0, first

    def ward_marks(self, wards: Sequence[str]) -> list[Mark]:
        # what fails and is set aside makes no entry, but counts its attempts
        open_ones = select(_E.ward, func.count(), func.sum(_E.seq + _E.attempts), func.max(_E.at)).where(_OPEN)
        taken = select(_C.ward, func.count(), func.max(_C.at))
        claims = {row[0]: row[1:] for row in self._sql.execute(_within(taken.group_by(_C.ward), t.claim, wards, ()))}
        found = self._sql.execute(_within(open_ones.group_by(_E.ward), t.episode, wards, ()))
        return [_mark(row, claims.get(row[0], (0, None))) for row in found]

    def episode_marks(self, episode_ids: Sequence[str]) -> list[Mark]:
        chosen = select(_E.episode_id, _E.seq, _E.attempts, _E.at).where(_E.episode_id.in_(episode_ids))
        return [Mark(row[0], (row[1], row[2]), row[3]) for row in self._sql.execute(chosen)]


class WorklistWrites(WorklistReads):
    """Writes within the transaction of one connection; see `service.worklist.ports.WorklistChange`."""

    def hold_item(self, item: ItemId) -> ItemRow | None:
        held = select(*_ITEM).where(*_is(t.item, item)).with_for_update(key_share=True)
        row = self._sql.execute(held).first()
        return None if row is None else ItemRow(*row)

    def put_claim(self, row: ClaimRow) -> None:
        self.end_claim(row.item)
        self._sql.execute(insert(t.claim).values(**row._asdict()))

    def end_claim(self, item: ItemId) -> None:
        self._sql.execute(delete(t.claim).where(*_is(t.claim, item)))


def _work_row(row: Sequence[Any]) -> WorkRow:
    patient_id, pathway, state, seq, hashed, version, holder = row[_WIDE : -len(_CLAIM)]
    claim = ClaimRow(*row[-len(_CLAIM) :]) if row[-len(_CLAIM)] is not None else None
    return WorkRow(ItemRow(*row[:_WIDE]), patient_id, pathway, state, seq, hashed, version, claim, holder)


def _told_row(row: Sequence[Any]) -> ToldRow:
    patient_id, state, version, seq, hashed, waits = row[_TOLD_WIDE:]
    return ToldRow(NoticeRow(*row[:_TOLD_WIDE]), patient_id, version, state, seq, hashed or b"", bool(waits))


def _work(items: Any) -> Select[Any]:  # noqa: ANN401  a table, or what was chosen of it
    i = items.c
    taken = and_(_C.episode_id == i.episode_id, _C.kind == i.kind, _C.key == i.key, _C.ward == i.ward)
    holder = func.coalesce(s.person.c.name, "")
    shown = [i[name] for name in ItemRow._fields]
    return (
        select(*shown, _E.patient_id, _E.pathway, _E.state, _E.seq, _E.chain_hash, _E.version, holder, *_CLAIM)
        .join_from(items, t.episode, i.episode_id == _E.episode_id)
        .outerjoin(t.claim, taken)
        .outerjoin(s.person, s.person.c.person_id == _C.person_id)
    )


def _told(latest: Subquery) -> Select[Any]:
    n = latest.c
    # what a ward was told stays; who the patient is, and whether it waits yet, is for the ward on which he is now
    waits = and_(_I.episode_id == n.episode_id, _I.kind == REMINDER, _I.key == n.about, _I.ward == n.ward)
    return (
        select(
            *n,
            *(case((_E.ward == n.ward, _E[name]), else_="") for name in ("patient_id", "state")),
            func.coalesce(_E.version, ""),
            func.coalesce(_E.seq, 0),
            _E.chain_hash,
            _I.episode_id.is_not(None),
        )
        .select_from(latest)
        .outerjoin(t.episode, _E.episode_id == n.episode_id)
        .outerjoin(t.item, waits)
    )


def _due(i: Any) -> tuple[Any, ...]:  # noqa: ANN401  SQLAlchemy's own
    return i.due_at, i.episode_id, i.kind, i.key


def _newest(n: Any) -> tuple[Any, ...]:  # noqa: ANN401  SQLAlchemy's own
    return n.told_at.desc(), n.episode_id.desc(), n.key.desc()


def _sifted(chosen: Select[Any], sieve: Sieve, i: Any) -> Select[Any]:  # noqa: ANN401  the columns of items
    if sieve.kinds:
        chosen = chosen.where(i.kind.in_(sieve.kinds))
    if sieve.due_before is not None:
        chosen = chosen.where(i.due_at < sieve.due_before)
    if sieve.episode:
        chosen = chosen.where(i.episode_id == sieve.episode)
    if sieve.holder:
        chosen = chosen.where(_C.person_id == sieve.holder)
    if sieve.awake_at is not None:
        over = or_(_C.snoozed_until.is_(None), _C.snoozed_until <= sieve.awake_at, _C.snoozed_due != i.due_at)
        chosen = chosen.where(over)
    return chosen


def _within(chosen: Select[Any], table: Any, wards: Sequence[str], roles: Sequence[str]) -> Select[Any]:  # noqa: ANN401
    if wards:
        chosen = chosen.where(table.c.ward.in_(wards))
    return chosen.where(table.c.role.in_(roles)) if roles else chosen


def _earlier(chosen: Select[Any], before: tuple[datetime, str, str] | None) -> Select[Any]:
    if before is None:
        return chosen
    moment, *key = before
    earlier = and_(_N.told_at == moment, tuple_(_N.episode_id, _N.key) < tuple_(*key))
    return chosen.where(_N.told_at <= moment, or_(_N.told_at < moment, earlier))


def _behind(chosen: Select[Any], order: Sequence[Any], after: Sequence[Any] | None) -> Select[Any]:
    """Begin behind a place. The first column by itself: a row comparison would not be bound in that column's own type,
    and of the `or` alone no index would find where that begins.
    """
    if after is None:
        return chosen
    later = or_(order[0] > after[0], and_(order[0] == after[0], tuple_(*order[1:]) > tuple_(*after[1:])))
    return chosen.where(order[0] >= after[0], later)


def _is(table: Any, item: ItemId) -> tuple[Any, ...]:  # noqa: ANN401
    c = table.c
    return c.episode_id == item.episode_id, c.kind == item.kind, c.key == item.key


def _mark(row: Sequence[Any], claims: Sequence[Any]) -> Mark:
    ward, count, entries, latest = row
    taken, taken_at = claims
    at = 0 if taken_at is None else to_micros(taken_at)
    return Mark(ward, (count, int(entries or 0), taken, at), max(filter(None, (latest, taken_at)), default=None))
