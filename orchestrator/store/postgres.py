"""How is an episode read and written on PostgreSQL? In two round trips: lock and read; write and commit.

The first sends BEGIN, the lock and, as statements of their own, the entry of the same cause and the clock: a
statement after the lock sees what was committed while it waited. The second sends what is written, of one episode or
many, and COMMIT.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC
from functools import lru_cache
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine

from orchestrator.audit.seal import Sealed
from orchestrator.errors import OutcomeUnknown, StoreDamaged
from orchestrator.service.rows import LONGEST_ASIDE, EpisodeRow, ItemRow, Locked, NoticeRow, Times, Write
from orchestrator.store import tables as t
from orchestrator.store.cold import ColdReader, sealed
from orchestrator.store.faults import UNKNOWN, raise_translated
from orchestrator.store.pipeline import (
    BYTES,
    INSTANT,
    TEXT,
    Call,
    Pipeline,
    Statement,
    array,
    columns,
    insert,
    insert_many,
    kinds,
)
from orchestrator.store.rare import RareWrites
from orchestrator.store.schema import fits
from orchestrator.store.together import Together

_STORED = EpisodeRow._fields[:-2]
_EPISODE = (*kinds(t.episode, _STORED), *kinds(t.patient, EpisodeRow._fields[-2:]))
_SELECT = (
    f"SELECT {', '.join(f'e.{name}' for name in _STORED)}, p.kek_id, p.wrapped_key"
    " FROM episode e JOIN patient p ON p.patient_id = e.patient_id"
)
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; " + "; ".join(
    f"SET LOCAL {way} = on" for way in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")
)
_BEGIN = Statement("BEGIN ISOLATION LEVEL READ COMMITTED")  # whatever the server's administrator likes better
_COMMIT = Statement("COMMIT", tag=b"COMMIT")  # of a transaction that failed before the server makes a ROLLBACK
_LOCK = Statement(f"{_SELECT} WHERE e.episode_id = $1 FOR NO KEY UPDATE OF e", (TEXT,), _EPISODE)
_LOCK_FREE = Statement(f"{_SELECT} WHERE e.episode_id = $1 FOR NO KEY UPDATE OF e SKIP LOCKED", (TEXT,), _EPISODE)
_PRIOR = Statement(
    f"SELECT {', '.join(Sealed._fields)} FROM entry WHERE episode_id = $1 AND cause_id = $2",
    (TEXT, BYTES),
    kinds(t.entry, Sealed._fields),
)
# now() is stable, so that the index of alarms is used; the limit stands in the text, for a plan that is cached without
# it takes a tenth of the table for granted; MATERIALIZED, for a subquery run again locks more than it was asked for.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT episode_id FROM episode
    WHERE next_due_at <= {now}
    AND (set_aside_until IS NULL OR set_aside_until <= now() OR set_aside_until > now() + interval '{longest}')
    ORDER BY next_due_at LIMIT {limit} FOR NO KEY UPDATE SKIP LOCKED)
{select} JOIN due ON due.episode_id = e.episode_id ORDER BY e.next_due_at
"""
# A lock that only who may write is given, on the primary alone; whoever holds it is not waited for.
_WRITABLE = "SELECT kind FROM store_info FOR UPDATE SKIP LOCKED"
_CHANGED = ("ward", "state", "seq", "at", "next_due_at", "closed", "tag", "chain_hash", "document")
_KEYED = ("episode_id", *_CHANGED)
_UPDATE = Statement(
    f"UPDATE episode SET {', '.join(f'{name} = ${number}' for number, name in enumerate(_CHANGED, start=2))},"
    " set_aside_until = NULL, attempts = 0 WHERE episode_id = $1",
    kinds(t.episode, _KEYED),
)
_UPDATES = Statement(
    f"UPDATE episode SET {', '.join(f'{name} = new.{name}' for name in _CHANGED)}, set_aside_until = NULL, attempts = 0"
    f" FROM {columns(kinds(t.episode, _KEYED))} AS new ({', '.join(_KEYED)}) WHERE episode.episode_id = new.episode_id",
    [array(kind) for kind in kinds(t.episode, _KEYED)],
)
_changed = operator.attrgetter(*_KEYED)
_ENTRY = Statement(
    f"WITH made AS ({insert(t.entry, Sealed._fields).text.decode()} RETURNING episode_id, seq, hash)"
    " INSERT INTO log_pending (episode_id, seq, hash) SELECT episode_id, seq, hash FROM made",
    kinds(t.entry, Sealed._fields),
)
_ENTRIES = Statement(
    f"WITH made AS ({insert_many(t.entry, Sealed._fields).text.decode()} RETURNING episode_id, seq, hash)"
    " INSERT INTO log_pending (episode_id, seq, hash) SELECT episode_id, seq, hash FROM made",
    [array(kind) for kind in kinds(t.entry, Sealed._fields)],
)
_GONE = Statement("DELETE FROM item WHERE episode_id = $1 AND kind = $2 AND key = $3", (TEXT, TEXT, TEXT))
_OR_ELSE = (
    " ON CONFLICT (episode_id, kind, key)"
    " DO UPDATE SET name = excluded.name, role = excluded.role, ward = excluded.ward, due_at = excluded.due_at"
)
_LEAVING = ("episode_id", "key", "route", "since", "next_try_at", "attempts", "lease_token")
_ITEM, _ITEMS = insert(t.item, ItemRow._fields, _OR_ELSE), insert_many(t.item, ItemRow._fields, _OR_ELSE)
_NOTICE, _NOTICES = insert(t.notice, NoticeRow._fields), insert_many(t.notice, NoticeRow._fields)
_OUTBOX, _OUTBOXES = insert(t.outbox, _LEAVING), insert_many(t.outbox, _LEAVING)
_MANY = 4
"""From so many episodes on, what is appended goes as columns: a statement for a table instead of one for a row."""
_CLOSED = Statement(
    "DELETE FROM open_enrolment WHERE patient_id = $1 AND pathway = $2 AND episode_id = $3", (TEXT, TEXT, TEXT)
)


@lru_cache
def _clock(times: str) -> Statement:
    return Statement(times, (), (INSTANT, INSTANT))


@lru_cache
def _claim(now: str, limit: int) -> Statement:
    return Statement(_CLAIM.format(now=now, limit=limit, select=_SELECT, longest=LONGEST_ASIDE), (), _EPISODE)


def _calls(writes: Sequence[Write]) -> Iterator[Call]:
    """Yield the statements of the changes of some episodes, each of which is there once."""
    yield from _rows(_UPDATE, _UPDATES, [_changed(write.row) for write in writes], many=len(writes) >= _MANY)
    for write in writes:
        for key in write.gone:
            yield _GONE, key
        if write.row.closed:
            yield _CLOSED, (write.row.patient_id, write.row.pathway, write.row.episode_id)
    yield from _appended(writes)


def _appended(writes: Sequence[Write]) -> Iterator[Call]:
    """Yield the statements of what is added."""
    many = len(writes) >= _MANY
    entries = [(*each[:3], each.header.decode(), *each[4:]) for write in writes for each in write.entries]
    yield from _rows(_ENTRY, _ENTRIES, entries, many=many)
    yield from _rows(_ITEM, _ITEMS, [each for write in writes for each in write.changed], many=many)
    yield from _rows(_NOTICE, _NOTICES, [each for write in writes for each in write.notices], many=many)
    leaving = [(*each, each.since, 0, 0) for write in writes for each in write.outbox]
    yield from _rows(_OUTBOX, _OUTBOXES, leaving, many=many)


def _rows(one: Statement, all_of_them: Statement, rows: Sequence[Sequence[Any]], *, many: bool) -> Iterator[Call]:
    """Yield what writes the rows: a statement for each, or for many a single one that is given columns."""
    if many and rows:
        yield all_of_them, list(zip(*rows, strict=True))
    else:
        yield from ((one, row) for row in rows)


def _locked(found: Sequence[Sequence[Any]], prior: Sequence[Sequence[Any]], times: Times) -> Locked | None:
    return Locked(EpisodeRow(*found[0]), sealed(prior[0]) if prior else None, times) if found else None


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
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._pipeline = Pipeline(driver.pgconn, connection.info.setdefault("prepared", set()), driver.patience_s)
        self._clock, self._due = _clock(self._times), clock.format(wall="now()")
        self._begun = False
        self._unsent: list[Call] = []

    def lock(self, episode_id: str, cause_id: bytes) -> Locked | None:
        cause = episode_id, cause_id
        found, prior, ((now, wall),) = self._run((_LOCK, (episode_id,)), (_PRIOR, cause), (self._clock, ()))
        return _locked(found, prior, Times(now, wall))

    def lock_free(self, wanted: Sequence[tuple[str, bytes]]) -> list[Locked | None]:
        locks: list[Call] = [(_LOCK_FREE, (episode_id,)) for episode_id, _ in wanted]
        *found, ((now, wall),) = self._run(*locks, *((_PRIOR, each) for each in wanted), (self._clock, ()))
        pairs = zip(found[: len(wanted)], found[len(wanted) :], strict=True)
        return [_locked(rows, prior, Times(now, wall)) for rows, prior in pairs]

    def claim_due(self, limit: int) -> tuple[list[EpisodeRow], Times]:
        rows, ((now, wall),) = self._run((_claim(self._due, int(limit)), ()), (self._clock, ()))
        return [EpisodeRow(*row) for row in rows], Times(now, wall)

    def save(self, writes: Sequence[Write]) -> None:
        self._unsent += _calls(writes)

    def add_episode(self, write: Write) -> None:
        self._add_episode_row(write.row)
        self._run(*_appended([write]))

    @property
    def _sql(self) -> Connection:
        self._begin()
        return self._connection

    def _begin(self) -> None:
        if not self._begun:
            self._run()

    def _run(self, *calls: Call) -> list[list[tuple[Any, ...]]]:
        """Return the rows of each call, all made in one round trip; the first of a transaction begins it."""
        begin: list[Call] = [] if self._begun else [(_BEGIN, ())]
        self._begun = True
        return self._pipeline.run([*begin, *calls])[len(begin) :]

    def _commit(self) -> None:
        if self._begun or self._unsent:
            self._run(*self._unsent, (_COMMIT, ()))

    @property
    def _lost(self) -> bool:
        return bool(self._driver.broken)


class PostgresStore(Together[PostgresChange]):
    """A store in one PostgreSQL database.

    clock: gives each transaction the SQL of its time, with `{wall}` in it; just that for a real store.
    """

    def __init__(self, engine: Engine, clock: Callable[[], str]) -> None:
        super().__init__()
        self._engine, self._clock = engine, clock

    def change(self) -> AbstractContextManager[PostgresChange]:
        """Return a write transaction on a connection of its own."""
        held = self._held()
        return _Transaction(self._engine, self._clock()) if held is None else nullcontext(held)

    @contextmanager
    def read(self) -> Iterator[ColdReader]:
        """Give a reader of one snapshot; within a transaction of this thread, of what stands in it."""
        if (held := self._held()) is not None:
            yield held
            return
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(_SNAPSHOT)
                try:
                    yield PostgresReader(connection, self._clock())
                finally:
                    if not connection.invalidated:  # else the server is gone, and its error is on its way
                        connection.exec_driver_sql("ROLLBACK")
        except Exception as error:
            raise_translated(error)

    def ready(self) -> None:
        """Raise StoreError unless the store can be read and written now, and its schema is this program's own."""
        with self.change() as change:
            fits(change._sql)
            change._sql.exec_driver_sql(_WRITABLE)
        with suppress(StoreDamaged), self.change() as change:  # who is on other pages can be served
            change.next_alarm()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


class _Transaction:
    """`BEGIN` … `COMMIT`; if it cannot even undo, the server is gone, and no connection of before is lent again."""

    def __init__(self, engine: Engine, clock: str) -> None:
        self._engine, self._clock = engine, clock

    def __enter__(self) -> PostgresChange:
        try:
            self._connection = self._engine.connect()
        except Exception as error:
            raise_translated(error)
        self._change = PostgresChange(self._connection, self._clock)
        return self._change

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._change._commit()
        except Exception as failure:  # what the server says no to it has not kept; where it says nothing it may have
            error = OutcomeUnknown(UNKNOWN) if self._change._lost else failure
        if error is not None:
            self._abandon()
        self._connection.close()
        if error is not None:
            raise_translated(error)

    def _abandon(self) -> None:
        try:
            self._connection.exec_driver_sql("ROLLBACK")  # by SQLAlchemy, which knows a lost server by how this fails
        except Exception:
            self._connection.invalidate()
