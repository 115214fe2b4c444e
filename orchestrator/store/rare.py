"""How is written what is rare: enrolment, deliveries, notices, setting aside? The same for both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, Table, bindparam, exists, insert, null, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from orchestrator.audit.release import RELEASES, Release
from orchestrator.service.demo import MADE, MAKING
from orchestrator.service.rows import (
    EpisodeRow,
    IdentifierRow,
    Lease,
    NoticeRow,
    OutboxRow,
    OutgoingId,
    PathwayRow,
    PatientRow,
    ProcessRow,
    TokenRow,
)
from orchestrator.store import tables as t
from orchestrator.store.answers import AnswerWrites
from orchestrator.store.cold import MAY_LEAVE, ColdReader, leaving
from orchestrator.store.rewrapping import RewrapWrites
from orchestrator.store.roster import RosterWrites
from orchestrator.store.worklist import WorklistWrites

_LONGEST_ERROR = 80
_DAY = timedelta(days=1)
_NOTICE = [t.notice.c[name] for name in NoticeRow._fields]
_ITS_NOTICE = (t.notice.c.episode_id == t.outbox.c.episode_id) & (t.notice.c.key == t.outbox.c.key)
_WAITS = (
    select(t.outbox.c.episode_id, t.outbox.c.key, t.outbox.c.route, t.outbox.c.last_error)
    .where(MAY_LEAVE)
    .order_by(t.outbox.c.next_try_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_MAY_BE_TAKEN = _WAITS.where(exists().where(_ITS_NOTICE))
"""One whose notice somebody removed by hand says nothing to anybody, and keeps no other from leaving."""
_O, _N = t.outbox.c, t.notice.c
# What is said of each notice that leaves is made once: to make it anew costs more than to say it.
_IT = (_O.episode_id == bindparam("of")) & (_O.key == bindparam("its")) & (_O.route == bindparam("by"))
_HELD = _IT & (_O.lease_token == bindparam("token")) & _O.given_up_at.is_(None)
"""Fences out whoever holds an older token, and whoever was told of a dead letter."""
_TAKE_IT = (
    update(t.outbox)
    .where(_IT)
    .values(attempts=_O.attempts + 1, lease_token=_O.lease_token + 1, next_try_at=bindparam("until"), last_error=null())
    .returning(_O.attempts, _O.lease_token)
)
_ITS_WORDS = select(*_NOTICE).where(_N.episode_id == bindparam("of"), _N.key == bindparam("its"))
_LET_GO = t.outbox.delete().where(_HELD)
_FINISH = _LET_GO.returning(_O.attempts)
_GIVE_BACK = update(t.outbox).where(_HELD).values(next_try_at=bindparam("again"), last_error=bindparam("error"))
_RELEASE = (
    update(t.outbox)
    .where(_HELD)
    .values(next_try_at=bindparam("wall"), attempts=_O.attempts - 1, last_error=bindparam("error"))
)
_GIVE_UP = (
    update(t.outbox)
    .where(_HELD)
    .values(next_try_at=null(), given_up_at=bindparam("wall"), last_error=bindparam("error"))
)
_DONE = insert(t.delivery)
_SEEN = t.store_info.c.seen_at
_SAW = (
    update(t.store_info)
    .where(_SEEN.is_(None) | (bindparam("wall", type_=_SEEN.type) > _SEEN))
    .values(seen_at=bindparam("wall", type_=_SEEN.type))
)
_OF_KIND = _WAITS.where(exists().where(_ITS_NOTICE, t.notice.c.kind == bindparam("kind")))


class RareWrites(ColdReader, AnswerWrites, RosterWrites, WorklistWrites, RewrapWrites):
    """Writes within the transaction of one connection; see `service.ports.Change`."""

    def add_patient(self, patient: PatientRow) -> None:
        self._sql.execute(insert(t.patient).values(**patient._asdict()))

    def add_identifiers(self, rows: Sequence[IdentifierRow]) -> None:
        if rows:
            self._sql.execute(insert(t.patient_identifier), [row._asdict() for row in rows])

    def keep_pathway(self, row: PathwayRow) -> None:
        self._sql.execute(self._unless_there(t.pathway_version).values(**row._asdict()))

    def add_release(self, row: Release) -> None:
        self._sql.execute(insert(t.pathway_release).values(**row._asdict()))
        self._sql.execute(insert(t.log_pending).values(episode_id=RELEASES, seq=row.number, hash=row.hash))

    def _add_episode_row(self, row: EpisodeRow) -> None:
        values = row._asdict()
        del values["kek_id"], values["wrapped_key"]
        self._sql.execute(insert(t.episode).values(**values))
        self._sql.execute(
            insert(t.open_enrolment).values(patient_id=row.patient_id, pathway=row.pathway, episode_id=row.episode_id)
        )

    def add_token(self, row: TokenRow) -> None:
        self._sql.execute(insert(t.access_token).values(**row._asdict()))

    def revoke_tokens(self, at: datetime) -> None:
        live = update(t.access_token).where(t.access_token.c.revoked_at.is_(None))
        self._sql.execute(live.values(revoked_at=at))

    def set_aside(self, episode_id: str, until: datetime, attempts: int) -> None:
        values = {"set_aside_until": until, "attempts": attempts}
        self._sql.execute(update(t.episode).where(t.episode.c.episode_id == episode_id).values(**values))

    def put_notices(self, rows: Sequence[NoticeRow]) -> list[NoticeRow]:
        if not rows:
            return []
        made = self._unless_there(t.notice).returning(t.notice.c.episode_id, t.notice.c.key)
        new = {tuple(row) for row in self._sql.execute(made, [row._asdict() for row in rows])}
        return [row for row in rows if (row.episode_id, row.key) in new]

    def put_outbox(self, rows: Sequence[OutboxRow]) -> None:
        if rows:
            fresh = {"attempts": 0, "lease_token": 0}
            self._sql.execute(insert(t.outbox), [{**row._asdict(), "next_try_at": row.since, **fresh} for row in rows])

    def note_process(self, row: ProcessRow) -> None:
        c = t.process.c
        self._sql.execute(t.process.delete().where((c.process_id == row.process_id) | (c.seen_at < row.seen_at - _DAY)))
        self._sql.execute(insert(t.process).values(**row._asdict()))

    def forget_process(self, process_id: str) -> None:
        self._sql.execute(t.process.delete().where(t.process.c.process_id == process_id))

    def set_format(self, number: int) -> None:
        self._sql.execute(update(t.store_info).values(format=number))

    def saw(self, wall: datetime) -> None:
        self._sql.execute(_SAW, {"wall": wall})

    def begin_now(self) -> None:
        times = self.times()
        born = {"created_at": times.wall, "simulated_start": times.now, "demo": MADE}
        self._sql.execute(update(t.store_info).where(t.store_info.c.demo == MAKING).values(**born))

    def take(self, limit: int, seconds: int, kind: str = "", since: timedelta = timedelta()) -> list[Lease]:
        wall = self.times().wall
        free, asked = (_OF_KIND, {"kind": kind}) if kind else (_MAY_BE_TAKEN, {})
        rows = list(self._sql.execute(free, {**asked, **leaving(wall), "wall": wall - since, "most": limit}))
        until = wall + timedelta(seconds=seconds)
        return [self._lease(OutgoingId(*outgoing), until, error) for *outgoing, error in rows]

    def _lease(self, outgoing: OutgoingId, until: datetime, before: str | None) -> Lease:
        """Lease one. What is tried has no last error: by that it is told from what waits for one, see `hurry`."""
        it = {"of": outgoing.episode_id, "its": outgoing.key}
        attempts, token = self._sql.execute(_TAKE_IT, {**it, "by": outgoing.route, "until": until}).one()
        return Lease(NoticeRow(*self._sql.execute(_ITS_WORDS, it).one()), outgoing.route, attempts, token, before)

    def finish(self, lease: Lease, channel: str) -> bool:
        gone = self._sql.execute(_FINISH, _fence(lease)).first()
        if gone is not None:
            self._done(
                OutgoingId(lease.notice.episode_id, lease.notice.key, lease.route),
                gone.attempts,
                channel=channel,
                result="delivered",
            )
        return gone is not None

    def give_back(self, lease: Lease, seconds: float, error: str) -> bool:
        again = self.times().wall + timedelta(seconds=seconds)
        said = {**_fence(lease), "again": again, "error": error[:_LONGEST_ERROR]}
        return bool(self._sql.execute(_GIVE_BACK, said).rowcount)

    def let_go(self, lease: Lease) -> bool:
        return bool(self._sql.execute(_LET_GO, _fence(lease)).rowcount)

    def hurry(self, error: str) -> int:
        c = t.outbox.c
        waits = update(t.outbox).where(c.last_error == error, c.given_up_at.is_(None))
        return self._sql.execute(waits.values(next_try_at=self.times().wall)).rowcount

    def release(self, lease: Lease) -> bool:
        said = {**_fence(lease), "wall": self.times().wall, "error": lease.before}
        return bool(self._sql.execute(_RELEASE, said).rowcount)

    def give_up(self, lease: Lease, error: str) -> bool:
        said = {**_fence(lease), "wall": self.times().wall, "error": error[:_LONGEST_ERROR]}
        return bool(self._sql.execute(_GIVE_UP, said).rowcount)

    def resend(self, ids: Sequence[OutgoingId], wards: frozenset[str] | None = None) -> list[OutgoingId]:
        again = {"next_try_at": self.times().wall, "given_up_at": None, "attempts": 0}
        dead = t.outbox.c.given_up_at.is_not(None) & _of(wards)
        one = update(t.outbox).where(dead).values(**again)
        return [each for each in ids if self._sql.execute(one.where(_is(each))).rowcount]

    def drop(self, outgoing: OutgoingId, by: str, reason: str, wards: frozenset[str] | None = None) -> bool:
        c = t.outbox.c
        dead = t.outbox.delete().where(_is(outgoing), c.given_up_at.is_not(None), _of(wards))
        gone = self._sql.execute(dead.returning(c.attempts)).first()
        if gone is not None:
            self._done(outgoing, gone.attempts, channel="", result="dropped", dropped_by=by, reason=reason)
        return gone is not None

    def _done(self, outgoing: OutgoingId, attempts: int, **fate: str) -> None:
        values = {**outgoing._asdict(), "attempts": attempts, "done_at": self.times().wall, **fate}
        self._sql.execute(_DONE, values)

    def _unless_there(self, table: Table) -> Insert:
        made = sqlite.insert if self._sql.dialect.name == "sqlite" else postgresql.insert
        return made(table).on_conflict_do_nothing()


def _fence(lease: Lease) -> dict[str, Any]:
    """Return what `_HELD` is asked with."""
    return {"of": lease.notice.episode_id, "its": lease.notice.key, "by": lease.route, "token": lease.token}


def _is(outgoing: OutgoingId) -> ColumnElement[bool]:
    c = t.outbox.c
    return (c.episode_id == outgoing.episode_id) & (c.key == outgoing.key) & (c.route == outgoing.route)


def _of(wards: frozenset[str] | None) -> ColumnElement[bool]:
    """Tell whether a notice is of one of these wards, or of none; whatever it is of where they are None."""
    return true() if wards is None else exists().where(_ITS_NOTICE, t.notice.c.ward.in_(["", *wards]))
