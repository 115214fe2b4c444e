"""How is written what is rare: enrolment, deliveries, notices, setting aside? The same for both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from orchestrator.audit.release import RELEASES, Release
from orchestrator.service.rows import (
    EpisodeRow,
    IdentifierRow,
    Lease,
    NoticeId,
    NoticeRow,
    OutboxRow,
    PathwayRow,
    PatientRow,
    TokenRow,
)
from orchestrator.store import tables as t
from orchestrator.store.cold import ColdReader

_FIRST_BACKOFF = timedelta(seconds=30)
_LONGEST_BACKOFF = timedelta(minutes=15)
_OUTBOX = [t.outbox.c[name] for name in OutboxRow._fields]


def backoff(attempts: int) -> timedelta:
    """Return how long to wait before trying again: 30 s, doubled with each try, a quarter of an hour at most."""
    return min(_FIRST_BACKOFF * (1 << min(attempts, 10)), _LONGEST_BACKOFF)


class RareWrites(ColdReader):
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

    def put_notices(self, rows: Sequence[NoticeRow]) -> None:
        if rows:
            self._sql.execute(self._unless_there(t.notice), [row._asdict() for row in rows])

    def saw(self, wall: datetime) -> None:
        seen = t.store_info.c.seen_at
        self._sql.execute(update(t.store_info).where(seen.is_(None) | (seen < wall)).values(seen_at=wall))

    def hint(self, limit: int) -> list[NoticeId]:
        wall = self.times().wall
        c = t.outbox.c
        due = select(c.episode_id, c.seq, c.number, c.attempts).where(c.next_try_at <= wall)
        rows = self._rows(due.order_by(c.next_try_at).limit(limit).with_for_update(skip_locked=True))
        for *key, attempts in rows:
            later = {"next_try_at": wall + backoff(attempts), "attempts": attempts + 1}
            self._sql.execute(update(t.outbox).where(_is(NoticeId(*key))).values(**later))
        return [NoticeId(*row[:3]) for row in rows]

    def lease(self, notice: NoticeId, seconds: int) -> Lease | None:
        wall = self.times().wall
        c = t.outbox.c
        free = c.lease_until.is_(None) | (c.lease_until < wall)
        taken = update(t.outbox).where(_is(notice), free)
        values: dict[str, Any] = {"lease_until": wall + timedelta(seconds=seconds), "lease_token": c.lease_token + 1}
        rows = self._sql.execute(taken.values(**values).returning(*_OUTBOX, c.attempts, c.lease_token)).all()
        return Lease(OutboxRow(*rows[0][:-2]), rows[0][-2], rows[0][-1]) if rows else None

    def finish(self, lease: Lease, channel: str, result: str) -> bool:
        held = t.outbox.delete().where(_is(lease.row), t.outbox.c.lease_token == lease.token)
        if not self._sql.execute(held).rowcount:
            return False
        done = {"channel": channel, "result": result, "attempts": lease.attempts, "done_at": self.times().wall}
        key = {"episode_id": lease.row.episode_id, "seq": lease.row.seq, "number": lease.row.number}
        self._sql.execute(insert(t.delivery).values(**key, **done))
        return True

    def give_back(self, lease: Lease, error: str) -> bool:
        held = update(t.outbox).where(_is(lease.row), t.outbox.c.lease_token == lease.token)
        values = {"lease_until": None, "last_error": error[:80]}
        return bool(self._sql.execute(held.values(**values)).rowcount)

    def _unless_there(self, table: Table) -> Insert:
        made = sqlite.insert if self._sql.dialect.name == "sqlite" else postgresql.insert
        return made(table).on_conflict_do_nothing()


def _is(notice: NoticeId | OutboxRow) -> ColumnElement[bool]:
    c = t.outbox.c
    return (c.episode_id == notice.episode_id) & (c.seq == notice.seq) & (c.number == notice.number)
