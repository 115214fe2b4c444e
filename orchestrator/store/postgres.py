"""How is an episode read and written on PostgreSQL? In two round trips: lock and read; write and commit.

The first sends BEGIN, the lock and, as statements of their own, the entry of the same cause and the clock: a
statement after the lock sees what was committed while it waited. The second sends one statement for all tables, for
one episode or a batch, and COMMIT.
"""

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine

from orchestrator.audit.seal import Sealed
from orchestrator.service.rows import EpisodeRow, ItemRow, Locked, NoticeRow, OutboxRow, Times, Write
from orchestrator.store.cold import ColdReader, sealed
from orchestrator.store.faults import translate
from orchestrator.store.rare import RareWrites
from orchestrator.store.schema import fits

_SELECT = (
    f"SELECT {', '.join(f'e.{name}' for name in EpisodeRow._fields[:-2])}, p.kek_id, p.wrapped_key"
    " FROM episode e JOIN patient p ON p.patient_id = e.patient_id"
)
_LOCK = f"{_SELECT} WHERE e.episode_id = %s FOR NO KEY UPDATE OF e"
_PRIOR = f"SELECT {', '.join(Sealed._fields)} FROM entry WHERE episode_id = %s AND cause_id = %s"
# now() is stable, so that the index of alarms is used; the limit stands in the text, for a plan that is cached without
# it takes a tenth of the table for granted; MATERIALIZED, for a subquery run again locks more than it was asked for.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT episode_id FROM episode
    WHERE next_due_at <= {now} AND (set_aside_until IS NULL OR set_aside_until <= now())
    ORDER BY next_due_at LIMIT {limit} FOR NO KEY UPDATE SKIP LOCKED)
{select} JOIN due ON due.episode_id = e.episode_id ORDER BY e.next_due_at
"""
_SAVE = """
WITH written AS (
    UPDATE episode e SET ward = i.ward, state = i.state, seq = i.seq, at = i.at, next_due_at = i.next_due_at,
        closed = i.closed, tag = i.tag, chain_hash = i.chain_hash, document = i.document,
        set_aside_until = NULL, attempts = 0
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::bool[],
        %s::text[], %s::bytea[], %s::bytea[])
        AS i(episode_id, ward, state, seq, at, next_due_at, closed, tag, chain_hash, document)
    WHERE e.episode_id = i.episode_id
    RETURNING e.patient_id, e.pathway, e.episode_id, e.closed),
ended AS (
    DELETE FROM open_enrolment o USING written w
    WHERE w.closed AND (o.patient_id, o.pathway, o.episode_id) = (w.patient_id, w.pathway, w.episode_id)),
{append}
SELECT 1
"""
_APPEND = """
entries AS (
    INSERT INTO entry (episode_id, seq, cause_id, header, commitment, body, hash)
    SELECT * FROM unnest(%s::text[], %s::int[], %s::bytea[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[])
    RETURNING episode_id, seq, hash),
logged AS (INSERT INTO log_pending (episode_id, seq, hash) SELECT episode_id, seq, hash FROM entries),
gone AS (
    DELETE FROM item USING unnest(%s::text[], %s::text[], %s::text[]) AS i(episode_id, kind, key)
    WHERE item.episode_id = i.episode_id AND item.kind = i.kind AND item.key = i.key),
changed AS (
    INSERT INTO item (episode_id, kind, key, name, role, ward, due_at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
    ON CONFLICT (episode_id, kind, key)
    DO UPDATE SET name = excluded.name, role = excluded.role, ward = excluded.ward, due_at = excluded.due_at),
told AS (
    INSERT INTO notice (episode_id, key, kind, name, about, role, ward, rung, due_at, told_at, late, skipped)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
        %s::timestamptz[], %s::timestamptz[], %s::bool[], %s::text[])),
leaving AS (
    INSERT INTO outbox (episode_id, key, route, since, next_try_at, attempts, lease_token)
    SELECT episode_id, key, route, since, since, 0, 0
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) AS i(episode_id, key, route, since))
"""
# A lock that only who may write is given, on the primary alone; whoever holds it is not waited for.
_WRITABLE = "SELECT kind FROM store_info FOR UPDATE SKIP LOCKED"
_SAVE_ALL = _SAVE.format(append=_APPEND.strip())
_ADD_ALL = f"WITH {_APPEND.strip()} SELECT 1"
_written = operator.attrgetter(
    "episode_id", "ward", "state", "seq", "at", "next_due_at", "closed", "tag", "chain_hash", "document"
)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _episode(row: Sequence[Any]) -> EpisodeRow:
    made = EpisodeRow(*row)
    return made._replace(
        at=made.at.astimezone(UTC),
        enrolled_at=made.enrolled_at.astimezone(UTC),
        next_due_at=_utc(made.next_due_at),
        set_aside_until=_utc(made.set_aside_until),
    )


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _appended(writes: Sequence[Write]) -> list[list[Any]]:
    entries = [(*e[:3], e.header.decode(), *e[4:]) for write in writes for e in write.entries]
    gone = [key for write in writes for key in write.gone]
    changed = [item for write in writes for item in write.changed]
    told = [notice for write in writes for notice in write.notices]
    leaving = [row for write in writes for row in write.outbox]
    return [
        *_columns(entries, 7),
        *_columns(gone, 3),
        *_columns(changed, len(ItemRow._fields)),
        *_columns(told, len(NoticeRow._fields)),
        *_columns(leaving, len(OutboxRow._fields)),
    ]


class PostgresReader(ColdReader):
    """Reads from one snapshot. clock: the SQL of the store's clock, made from `clock_timestamp()`."""

    def __init__(self, connection: Connection, clock: str) -> None:
        super().__init__(connection)
        self._times = f"SELECT {clock.format(wall='clock_timestamp()')}, clock_timestamp()"

    def times(self) -> Times:
        now, wall = self._sql.exec_driver_sql(self._times).one()
        return Times(now.astimezone(UTC), wall.astimezone(UTC))


class PostgresChange(PostgresReader, RareWrites):
    """One write transaction; see `service.ports.Change`. What `save` is given goes out with COMMIT."""

    def __init__(self, connection: Connection, clock: str) -> None:
        super().__init__(connection, clock)
        self._driver: Any = connection.connection.driver_connection
        self._due = clock.format(wall="now()")
        self._begun = False
        self._unsent: list[Write] = []

    def lock(self, episode_id: str, cause_id: bytes) -> Locked | None:
        with self._driver.pipeline():
            self._begin()
            row = self._driver.execute(_LOCK, (episode_id,), prepare=True)
            prior = self._driver.execute(_PRIOR, (episode_id, cause_id), prepare=True)
            clock = self._driver.execute(self._times, prepare=True)
        found, same, (now, wall) = row.fetchone(), prior.fetchone(), clock.fetchone()
        if found is None:
            return None
        times = Times(now.astimezone(UTC), wall.astimezone(UTC))
        return Locked(_episode(found), None if same is None else sealed(same), times)

    def claim_due(self, limit: int) -> tuple[list[EpisodeRow], Times]:
        claim = _CLAIM.format(now=self._due, limit=int(limit), select=_SELECT)
        with self._driver.pipeline():
            self._begin()
            rows = self._driver.execute(claim, prepare=True)
            clock = self._driver.execute(self._times, prepare=True)
        now, wall = clock.fetchone()
        return [_episode(row) for row in rows.fetchall()], Times(now.astimezone(UTC), wall.astimezone(UTC))

    def save(self, writes: Sequence[Write]) -> None:
        self._unsent += writes

    def add_episode(self, write: Write) -> None:
        self._add_episode_row(write.row)
        self._driver.execute(_ADD_ALL, _appended([write]))

    @property
    def _sql(self) -> Connection:
        self._begin()
        return self._connection

    def _begin(self) -> None:
        if not self._begun:
            self._driver.execute("BEGIN")
            self._begun = True

    def _commit(self) -> None:
        if not self._begun and not self._unsent:
            return
        with self._driver.pipeline():
            if self._unsent:
                rows = [_written(write.row) for write in self._unsent]
                self._driver.execute(_SAVE_ALL, [*_columns(rows, 10), *_appended(self._unsent)], prepare=True)
            self._driver.execute("COMMIT")

    def _undo(self) -> None:
        self._driver.execute("ROLLBACK")


class PostgresStore:
    """A store in one PostgreSQL database. clock: SQL with `{wall}` in it; just that for a real store."""

    def __init__(self, engine: Engine, clock: str = "{wall}") -> None:
        self._engine, self._clock = engine, clock

    def change(self) -> "_Transaction":
        """Return a write transaction on a connection of its own."""
        return _Transaction(self._engine, self._clock)

    @contextmanager
    def read(self) -> Iterator[ColdReader]:
        """Give a reader of one snapshot."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                try:
                    yield PostgresReader(connection, self._clock)
                finally:
                    if not connection.invalidated:  # else the server is gone, and its error is on its way
                        connection.exec_driver_sql("ROLLBACK")
        except Exception as error:
            _raise(error)

    def ready(self) -> None:
        """Raise StoreError unless the store can be read and written now, and its schema is this program's own."""
        with self.change() as change:
            fits(change._sql)
            change._sql.exec_driver_sql(_WRITABLE)
            change.next_alarm()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


class _Transaction:
    """`BEGIN` … `COMMIT`; if it cannot even undo, the server is gone: the whole pool is made anew."""

    def __init__(self, engine: Engine, clock: str) -> None:
        self._engine, self._clock = engine, clock

    def __enter__(self) -> PostgresChange:
        try:
            self._connection = self._engine.connect()
        except Exception as error:
            _raise(error)
        self._change = PostgresChange(self._connection, self._clock)
        return self._change

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._change._commit()
        except Exception as failure:
            error = failure
        if error is not None:
            self._abandon()
        self._connection.close()
        if error is not None:
            _raise(error)

    def _abandon(self) -> None:
        try:
            self._change._undo()
        except Exception:
            self._connection.invalidate()
            self._engine.dispose()


def _raise(error: BaseException) -> NoReturn:
    """Raise what the error means to people; one that is not the database's stays as it is."""
    said = translate(error)
    if said is not None:
        raise said from None
    raise error
