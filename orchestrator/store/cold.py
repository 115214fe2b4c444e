"""How is everything read that is not hot, and written that is rare? SQLAlchemy Core, the same for both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
    union,
)

from orchestrator.audit.release import RELEASES, Release
from orchestrator.audit.seal import Sealed
from orchestrator.episode import formats
from orchestrator.service.rows import (
    LONGEST_ASIDE,
    LONGEST_WAIT,
    AlarmRow,
    EpisodeRow,
    IdentifierRow,
    ItemRow,
    NoticeRow,
    OutgoingId,
    OutgoingRow,
    PatientRow,
    ProcessRow,
    Times,
    TokenRow,
    UsedRow,
)
from orchestrator.store import processes
from orchestrator.store import tables as t
from orchestrator.store.faults import legible
from orchestrator.store.overview import OverviewReads
from orchestrator.store.people import PATIENTS, PeopleReads
from orchestrator.store.roster import RosterReads
from orchestrator.store.worklist import WorklistReads

EPISODE_COLUMNS = [t.episode.c[name] for name in EpisodeRow._fields[:-2]] + [
    t.patient.c.kek_id,
    t.patient.c.wrapped_key,
]
_EPISODES = select(*EPISODE_COLUMNS).join_from(t.episode, t.patient)
_ENTRIES = select(*(t.entry.c[name] for name in Sealed._fields))
_CONTENTS = select(t.entry.c.seq, t.entry.c.header, t.entry.c.body)
_OUTGOING = select(*(t.notice.c[name] for name in NoticeRow._fields)).add_columns(
    t.outbox.c.route, t.outbox.c.since, t.outbox.c.next_try_at, t.outbox.c.attempts,
    func.coalesce(t.outbox.c.last_error, ""), t.outbox.c.given_up_at,
).join_from(
    t.outbox, t.notice, and_(t.notice.c.episode_id == t.outbox.c.episode_id, t.notice.c.key == t.outbox.c.key)
)  # fmt: skip
_NOTICE_WIDTH = len(NoticeRow._fields)
_ITEMS = select(*(t.item.c[name] for name in ItemRow._fields))
_TOKENS = select(*(t.access_token.c[name] for name in TokenRow._fields))
_RELEASES = select(*(t.pathway_release.c[name] for name in Release._fields))

MAY_LEAVE = or_(t.outbox.c.next_try_at <= bindparam("wall"), t.outbox.c.next_try_at > bindparam("ahead"))
"""What of the outbox may be taken: what is due, and what only a clock that stood ahead can have put off."""
# What clocks ask a second is made once: to make it anew costs more than to ask it.
_WAITING = select(t.outbox.c.route).where(MAY_LEAVE).limit(1)
_WAITING_LONG = select(t.outbox.c.route).where(t.outbox.c.next_try_at <= bindparam("wall")).limit(1)
_E = t.episode.c
_FREE = or_(
    _E.set_aside_until.is_(None), _E.set_aside_until <= bindparam("wall"), _E.set_aside_until > bindparam("far")
)
_NEXT_ALARM = (
    select(t.episode.c.next_due_at)
    .where(t.episode.c.next_due_at.is_not(None), _FREE)
    .order_by(t.episode.c.next_due_at)
    .limit(1)
)
# before any clock looked: the birth of the store, before which no time can be trusted
_SEEN_AT = select(func.coalesce(t.store_info.c.seen_at, t.store_info.c.created_at)).limit(1)
_ALARM_AND_SEEN = select(_NEXT_ALARM.scalar_subquery(), _SEEN_AT.scalar_subquery())
_ALARMS = select(*(_E[name] for name in AlarmRow._fields))
_AMONG = {
    "postgresql": _ALARMS.where(
        _E.episode_id == any_(bindparam("ids", type_=ARRAY(Text())))
    ),  # one value, whatever many
    "sqlite": _ALARMS.where(_E.episode_id.in_(bindparam("ids", expanding=True))),
}
_EPISODE = _EPISODES.where(t.episode.c.episode_id == bindparam("of"))


def sealed(row: Sequence[Any]) -> Sealed:
    """Return a stored entry: its header is kept as text, so that people can read it, and chained as bytes."""
    return Sealed(row[0], row[1], row[2], row[3].encode(), row[4], row[5], row[6])


class ColdReader(PeopleReads, RosterReads, OverviewReads, WorklistReads):
    """Reads within the transaction of one connection; see `service.ports.Reader`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> Connection:
        """The connection, within a transaction."""
        return self._connection

    def _rows(self, statement: Select[Any]) -> list[Any]:
        return list(self._sql.execute(statement).all())

    def times(self) -> Times:
        raise NotImplementedError

    def episode(self, episode_id: str) -> EpisodeRow | None:
        row = self._sql.execute(_EPISODE, {"of": episode_id}).first()
        return None if row is None else EpisodeRow(*row)

    def episodes_of(self, patient_id: str) -> list[EpisodeRow]:
        return self._in_order(_EPISODES.where(t.episode.c.patient_id == patient_id))

    def episodes(self, episode_ids: Sequence[str]) -> list[EpisodeRow]:
        return self._in_order(_EPISODES.where(t.episode.c.episode_id.in_(episode_ids)))

    def _in_order(self, chosen: Select[Any]) -> list[EpisodeRow]:
        """Return these episodes, first enrolled first."""
        ordered = chosen.order_by(t.episode.c.enrolled_at, t.episode.c.episode_id)
        return [EpisodeRow(*row) for row in self._rows(ordered)]

    def open_by_ward(self) -> list[tuple[str, str]]:
        c = t.episode.c
        chosen = select(c.ward, c.episode_id).where(c.closed == false())
        return [(ward, each) for ward, each in self._rows(chosen.order_by(c.ward, c.enrolled_at, c.episode_id))]

    def open_ids(self) -> list[str]:
        return [row[0] for row in self._rows(select(t.open_enrolment.c.episode_id))]

    def alarms(self, episode_ids: Sequence[str]) -> list[AlarmRow]:
        with legible():
            among = self._sql.execute(_AMONG[self._sql.dialect.name], {"ids": list(episode_ids)})
            return [AlarmRow(*row) for row in among]

    def episode_ids(self, after: str, limit: int) -> list[str]:
        ids = select(t.episode.c.episode_id).where(t.episode.c.episode_id > after)
        return [row[0] for row in self._rows(ids.order_by(t.episode.c.episode_id).limit(limit))]

    def entries(self, episode_id: str, after: int, limit: int) -> list[Sealed]:
        chosen = _ENTRIES.where(t.entry.c.episode_id == episode_id, t.entry.c.seq > after)
        return [sealed(row) for row in self._rows(chosen.order_by(t.entry.c.seq).limit(limit))]

    def contents(self, episode_id: str) -> list[tuple[int, str, bytes]]:
        found = self._rows(_CONTENTS.where(t.entry.c.episode_id == episode_id).order_by(t.entry.c.seq))
        return [(seq, header, body) for seq, header, body in found]

    def queued(self, episode_id: str) -> list[tuple[int, bytes]]:
        c = t.log_pending.c
        return [(seq, hashed) for seq, hashed in self._rows(select(c.seq, c.hash).where(c.episode_id == episode_id))]

    def lost_ids(self) -> list[str]:
        lost = union(*(_without_episode(table.c.episode_id) for table in (t.entry, t.log_pending)))
        return sorted(row[0] for row in self._sql.execute(lost) if row[0] != RELEASES)

    def items(self, episode_id: str) -> list[ItemRow]:
        chosen = _ITEMS.where(t.item.c.episode_id == episode_id).order_by(t.item.c.kind, t.item.c.key)
        return [ItemRow(*row) for row in self._rows(chosen)]

    def outgoing(
        self, *, dead: bool, after: OutgoingId | None, limit: int, wards: frozenset[str] | None = None
    ) -> list[OutgoingRow]:
        order = (t.outbox.c.episode_id, t.outbox.c.key, t.outbox.c.route)
        chosen = _OUTGOING.where(t.outbox.c.given_up_at.is_not(None)) if dead else _OUTGOING
        if wards is not None:
            chosen = chosen.where(t.notice.c.ward.in_(["", *wards]))
        if after is not None:
            chosen = chosen.where(tuple_(*order) > tuple_(*after))
        rows = self._rows(chosen.order_by(*order).limit(limit))
        return [OutgoingRow(NoticeRow(*row[:_NOTICE_WIDTH]), *row[_NOTICE_WIDTH:]) for row in rows]

    def waiting(self, since: timedelta = timedelta()) -> bool:
        wall = self.times().wall
        if since:
            return self._sql.execute(_WAITING_LONG, {"wall": wall - since}).first() is not None
        return self._sql.execute(_WAITING, leaving(wall)).first() is not None

    def find_patients(self, hashes: Sequence[bytes]) -> list[tuple[bytes, PatientRow]]:
        known = t.patient_identifier.c.identifier_hash
        chosen = PATIENTS.add_columns(known).join_from(t.patient, t.patient_identifier).where(known.in_(hashes))
        return [(row[-1], PatientRow(*row[:-1])) for row in self._rows(chosen)]

    def patient(self, patient_id: str) -> PatientRow | None:
        rows = self._rows(PATIENTS.where(t.patient.c.patient_id == patient_id))
        return PatientRow(*rows[0]) if rows else None

    def identifiers(self, patient_id: str) -> list[IdentifierRow]:
        chosen = select(t.patient_identifier).where(t.patient_identifier.c.patient_id == patient_id)
        return [IdentifierRow(*row) for row in self._rows(chosen)]

    def open_enrolment(self, patient_id: str, pathway: str) -> str | None:
        found = select(t.open_enrolment.c.episode_id).where(
            t.open_enrolment.c.patient_id == patient_id, t.open_enrolment.c.pathway == pathway
        )
        return self._sql.execute(found).scalar()

    def pathway_text(self, version: str) -> str | None:
        chosen = select(t.pathway_version.c.text).where(t.pathway_version.c.version == version)
        return self._sql.execute(chosen).scalar()

    def kept_version(self, pathway: str, label: str) -> str | None:
        c = t.pathway_version.c
        return self._sql.execute(select(c.version).where(c.pathway == pathway, c.label == label)).scalar()

    def kept_labels(self, pathway: str) -> list[tuple[str, str]]:
        c = t.pathway_version.c
        chosen = select(c.label, c.version).where(c.pathway == pathway).order_by(c.label)
        return [(label, version) for label, version in self._rows(chosen)]

    def releases(self) -> list[Release]:
        return [Release(*row) for row in self._rows(_RELEASES.order_by(t.pathway_release.c.number))]

    def release_of(self, version: str) -> Release | None:
        rows = self._rows(_RELEASES.where(t.pathway_release.c.version == version))
        return Release(*rows[0]) if rows else None

    def versions_in_use(self) -> list[UsedRow]:
        e, v = t.episode.c, t.pathway_version.c
        counted = select(v.pathway, v.label, v.version, func.count()).join_from(t.episode, t.pathway_version)
        used = counted.where(e.closed == false()).group_by(v.pathway, v.label, v.version)
        return [UsedRow(*row) for row in self._rows(used.order_by(v.pathway, v.label))]

    def tokens(self) -> list[TokenRow]:
        return [TokenRow(*row) for row in self._rows(_TOKENS.where(t.access_token.c.revoked_at.is_(None)))]

    def processes(self) -> list[ProcessRow]:
        return processes.running(self._sql)

    def format(self) -> int:
        found: int | None = self._sql.execute(select(t.store_info.c.format)).scalar()
        return formats.OWN if found is None else found  # a store in memory is this program's alone

    def next_alarm(self) -> datetime | None:
        with legible():
            return self._sql.execute(_NEXT_ALARM, free(self.times().wall)).scalar()

    def seen_at(self) -> datetime | None:
        return self._sql.execute(_SEEN_AT).scalar()

    def alarm_and_seen(self) -> tuple[datetime | None, datetime | None]:
        with legible():
            alarm, seen = self._sql.execute(_ALARM_AND_SEEN, free(self.times().wall)).one()
        return alarm, seen


def leaving(wall: datetime) -> dict[str, datetime]:
    """Return what `MAY_LEAVE` is asked with when the wall shows this."""
    return {"wall": wall, "ahead": wall + LONGEST_WAIT}


def free(wall: datetime) -> dict[str, datetime]:
    """Return what is asked with for episodes that are not set aside when the wall shows this."""
    return {"wall": wall, "far": wall + LONGEST_ASIDE}


def _without_episode(episode_id: Column[str]) -> Select[Any]:
    return select(episode_id).distinct().where(~exists().where(t.episode.c.episode_id == episode_id))
