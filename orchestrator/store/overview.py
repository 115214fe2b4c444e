"""How is a ward read at a glance? SQLAlchemy Core, the same for both databases; each a statement over an index."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from orchestrator.audit.seal import Sealed
from orchestrator.service.overview.rows import SetAsideRow, ShiftRow, StayRow
from orchestrator.service.people.principal import ADMINISTRATOR, LEAD
from orchestrator.service.rows import NO_DUE, Figures, IdentifierRow, ItemRow, NoticeRow, PatientRow, Times
from orchestrator.store import figures
from orchestrator.store import tables as t
from orchestrator.store.types import Instant

_E = t.episode.c
_STAY = [_E[name] for name in StayRow._fields[:7]]
_SHIFT = [_E[name] for name in ShiftRow._fields[:-2]] + [t.patient.c.kek_id, t.patient.c.wrapped_key]


class OverviewReads:
    """Reads within the transaction of one connection; see `service.overview.ports`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def times(self) -> Times:
        raise NotImplementedError

    def board(self, ward: str, now: datetime, *, many: int, few: int) -> list[StayRow]:
        ranked = _ranked(ward, now, true(), _E.state).subquery()
        shown = select(ranked).where(or_(ranked.c.place <= few, ranked.c.everybody <= many))
        return self._stays(shown.order_by(ranked.c.place, ranked.c.episode_id))

    def stage_board(self, ward: str, stage: str, now: datetime, *, offset: int, limit: int) -> list[StayRow]:
        ranked = _ranked(ward, now, _E.state.startswith(f"{stage}/", autoescape=True), None).subquery()
        shown = select(ranked).where(ranked.c.place > offset, ranked.c.place <= offset + limit)
        return self._stays(shown.order_by(ranked.c.place))

    def items_of(self, episode_ids: Sequence[str]) -> list[ItemRow]:
        c = t.item.c
        chosen = select(*(c[name] for name in ItemRow._fields)).where(c.episode_id.in_(episode_ids))
        return [ItemRow(*row) for row in self._sql.execute(chosen.order_by(c.due_at, c.episode_id, c.kind, c.key))]

    def identified(self, patient_ids: Sequence[str]) -> list[tuple[PatientRow, IdentifierRow]]:
        wide = len(PatientRow._fields)
        columns = [t.patient.c[name] for name in PatientRow._fields]
        columns += [t.patient_identifier.c[name] for name in IdentifierRow._fields]
        chosen = select(*columns).join_from(t.patient, t.patient_identifier)
        found = self._sql.execute(chosen.where(t.patient.c.patient_id.in_(patient_ids)))
        return [(PatientRow(*row[:wide]), IdentifierRow(*row[wide:])) for row in found]

    def shift(
        self, ward: str, since: datetime, *, offset: int, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[ShiftRow]:
        ids = _in_shift(ward, since)
        chosen = select(*_SHIFT).join_from(t.episode, t.patient).join(ids, ids.c.episode_id == _E.episode_id)
        if after is not None:
            at, episode_id = after
            chosen = chosen.where(or_(_E.enrolled_at > at, (_E.enrolled_at == at) & (_E.episode_id > episode_id)))
        ordered = chosen.order_by(_E.enrolled_at, _E.episode_id).offset(offset).limit(limit)
        return [ShiftRow(*row) for row in self._sql.execute(ordered)]

    def shift_size(self, ward: str, since: datetime) -> int:
        return int(self._sql.execute(select(func.count()).select_from(_in_shift(ward, since))).scalar_one())

    def last_entries(self, episode_ids: Sequence[str], count: int) -> list[Sealed]:
        c = t.entry.c
        chosen = select(*(c[name] for name in Sealed._fields)).join_from(
            t.entry, t.episode, c.episode_id == _E.episode_id
        )
        recent = chosen.where(_E.episode_id.in_(episode_ids), c.seq > _E.seq - count)
        found = self._sql.execute(recent.order_by(c.episode_id, c.seq))
        return [Sealed(row[0], row[1], row[2], row[3].encode(), row[4], row[5], row[6]) for row in found]

    def moved(self, kind: str, begin: datetime, end: datetime, limit: int) -> list[NoticeRow]:
        c = t.notice.c
        chosen = select(*(c[name] for name in NoticeRow._fields)).where(
            c.role.in_((LEAD, ADMINISTRATOR)), c.told_at >= begin, c.told_at < end, c.kind == kind
        )
        return [NoticeRow(*row) for row in self._sql.execute(chosen.order_by(c.told_at, c.episode_id).limit(limit))]

    def figures(self) -> Figures:
        return figures.figures(self._sql, self.times())

    def set_asides(self, limit: int, wards: Collection[str] | None = None) -> list[SetAsideRow]:
        return figures.set_asides(self._sql, self.times(), limit, wards)

    def _stays(self, chosen: Select[Any]) -> list[StayRow]:
        return [StayRow(*row[: len(StayRow._fields)]) for row in self._sql.execute(chosen)]


def _ranked(ward: str, now: datetime, which: ColumnElement[bool], each: ColumnElement[Any] | None) -> Select[Any]:
    """Return the open episodes of a ward, ranked within `each` by what is due first."""
    i = t.item.c
    due = select(i.episode_id, func.min(i.due_at).label("first_due_at")).where(i.ward == ward).group_by(i.episode_id)
    first = due.subquery()
    moment = first.c.first_due_at
    late = case((moment < now, 1), else_=0)
    by_due = [func.coalesce(moment, literal(NO_DUE, Instant())), _E.enrolled_at, _E.episode_id]
    return (
        select(
            *_STAY,
            moment,
            func.count().over(partition_by=each).label("total"),
            func.sum(late).over(partition_by=each).label("late"),
            func.row_number().over(partition_by=each, order_by=by_due).label("place"),
            func.count().over().label("everybody"),
        )
        .select_from(t.episode.outerjoin(first, first.c.episode_id == _E.episode_id))
        .where(_E.ward == ward, _E.closed == false(), which)
    )


def _in_shift(ward: str, since: datetime) -> Subquery:
    """Return the ids of a shift's episodes; either part has an index of its own."""
    there = select(_E.episode_id).where(_E.ward == ward)
    gone = there.where(_E.closed == true(), _E.at >= since)
    return union_all(there.where(_E.closed == false()), gone).subquery()
