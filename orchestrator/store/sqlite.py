"""How is an episode read and written on SQLite? One writing connection a process, prebuilt statements."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine

from orchestrator.audit.seal import Sealed
from orchestrator.clock import Clock, HostClock
from orchestrator.errors import StoreBusy, StoreDamaged
from orchestrator.service.rows import LONGEST_ASIDE, EpisodeRow, ItemRow, Locked, NoticeRow, Times, Write
from orchestrator.store.cold import ColdReader, sealed
from orchestrator.store.faults import BUSY, legible, raise_translated
from orchestrator.store.rare import RareWrites
from orchestrator.store.schema import fits
from orchestrator.store.together import Together
from orchestrator.store.types import from_any_micros, from_micros, to_micros

_STORED = EpisodeRow._fields[:-2]
_PRIOR = ", ".join(f"n.{name}" for name in Sealed._fields)
_SELECT = (
    f"SELECT {', '.join(f'e.{name}' for name in _STORED)}, p.kek_id, p.wrapped_key"
    " FROM episode e JOIN patient p ON p.patient_id = e.patient_id"
)
_LOCK = (
    f"{_SELECT.replace(' FROM', f', {_PRIOR} FROM')}"
    " LEFT JOIN entry n ON n.episode_id = e.episode_id AND n.cause_id = ? WHERE e.episode_id = ?"
)
_CLAIM = (
    f"{_SELECT} WHERE e.next_due_at <= ?"
    " AND (e.set_aside_until IS NULL OR e.set_aside_until <= ? OR e.set_aside_until > ?)"
    " ORDER BY e.next_due_at LIMIT ?"
)
_UPDATE = (
    "UPDATE episode SET state = ?, seq = ?, at = ?, next_due_at = ?, tag = ?, chain_hash = ?, document = ?,"
    " set_aside_until = NULL, attempts = 0 WHERE episode_id = ?"
)
# By itself: SQLite writes an index anew for every column that is named, changed or not, and these change once or never.
_MOVED = "UPDATE episode SET ward = ?, closed = ? WHERE episode_id = ? AND (ward <> ? OR closed <> ?)"
_ENTRY = "INSERT INTO entry (episode_id, seq, cause_id, header, commitment, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LOG = "INSERT INTO log_pending (episode_id, seq, hash) VALUES (?, ?, ?)"
_GONE = "DELETE FROM item WHERE episode_id = ? AND kind = ? AND key = ?"
_ITEM = (  # not INSERT OR REPLACE: that would remove the old row, and with it who has taken it upon himself
    f"INSERT INTO item ({', '.join(ItemRow._fields)}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (episode_id, kind, key)"
    " DO UPDATE SET name = excluded.name, role = excluded.role, ward = excluded.ward, due_at = excluded.due_at"
)
_NOTICE = f"INSERT INTO notice ({', '.join(NoticeRow._fields)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OUTBOX = (
    "INSERT INTO outbox (episode_id, key, route, since, next_try_at, attempts, lease_token)"
    " VALUES (?, ?, ?, ?, ?, 0, 0)"
)
_CLOSED = "DELETE FROM open_enrolment WHERE patient_id = ? AND pathway = ? AND episode_id = ?"


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _until(micros: int | None) -> datetime | None:
    return None if micros is None else from_any_micros(micros)


def _episode(row: Sequence[Any]) -> EpisodeRow:
    with legible():
        return EpisodeRow(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], from_micros(row[7]), from_micros(row[8]),
            _moment(row[9]), bool(row[10]), row[11], row[12], row[13], _until(row[14]), row[15], row[16], row[17],
        )  # fmt: skip


class SqliteReader(ColdReader):
    """Reads from one snapshot."""

    def __init__(self, connection: Connection, clock: Clock, wall: Clock) -> None:
        super().__init__(connection)
        self._clock, self._wall = clock, wall

    def times(self) -> Times:
        return Times(self._clock.now(), self._wall.now())


class SqliteChange(SqliteReader, RareWrites):
    """The one write transaction of this process; see `service.ports.Change`."""

    def __init__(self, connection: Connection, clock: Clock, wall: Clock) -> None:
        super().__init__(connection, clock, wall)
        driver: Any = connection.connection.driver_connection
        self._run, self._run_many = driver.execute, driver.executemany

    def lock(self, episode_id: str, cause_id: bytes) -> Locked | None:
        row = self._run(_LOCK, (cause_id, episode_id)).fetchone()
        if row is None:
            return None
        return Locked(_episode(row), None if row[18] is None else sealed(row[18:]), self.times())

    def lock_free(self, wanted: Sequence[tuple[str, bytes]]) -> list[Locked | None]:
        return [self.lock(*each) for each in wanted]

    def claim_due(self, limit: int) -> tuple[list[EpisodeRow], Times]:
        times = self.times()
        free = to_micros(times.wall), to_micros(times.wall + LONGEST_ASIDE)
        rows = self._run(_CLAIM, (to_micros(times.now), *free, limit)).fetchall()
        return [_episode(row) for row in rows], times

    def save(self, writes: Sequence[Write]) -> None:
        for write in writes:
            self._save(write)

    def _save(self, write: Write) -> None:
        row = write.row
        due = None if row.next_due_at is None else to_micros(row.next_due_at)
        changed = (row.state, row.seq, to_micros(row.at), due, row.tag, row.chain_hash, row.document)
        self._run(_UPDATE, (*changed, row.episode_id))
        self._run(_MOVED, (row.ward, row.closed, row.episode_id, row.ward, row.closed))
        self._append(write)
        if row.closed:
            self._run(_CLOSED, (row.patient_id, row.pathway, row.episode_id))

    def add_episode(self, write: Write) -> None:
        self._add_episode_row(write.row)
        self._append(write)

    def _append(self, write: Write) -> None:
        for entry in write.entries:
            self._run(_ENTRY, (entry[0], entry[1], entry[2], entry[3].decode(), entry[4], entry[5], entry[6]))
            self._run(_LOG, (entry.episode_id, entry.seq, entry.hash))
        if write.gone:
            self._run_many(_GONE, write.gone)
        if write.changed:
            self._run_many(_ITEM, [(*item[:6], to_micros(item.due_at)) for item in write.changed])
        if write.notices:
            self._run_many(_NOTICE, [_notice(each) for each in write.notices])
        if write.outbox:
            self._run_many(
                _OUTBOX, [(*each[:3], to_micros(each.since), to_micros(each.since)) for each in write.outbox]
            )


def _notice(row: NoticeRow) -> tuple[Any, ...]:
    return (*row[:8], to_micros(row.due_at), to_micros(row.told_at), row.late, row.skipped)


class SqliteStore(Together[SqliteChange]):
    """A store in one SQLite file, or in memory where `reader` is None: then all share the one connection."""

    def __init__(
        self, writer: Engine, reader: Engine | None, clock: Clock, *, wait_s: float = 10.0, wall: Clock | None = None
    ) -> None:
        super().__init__()
        self._writer, self._reader = writer, reader
        self._clock, self._wall, self._wait_s = clock, wall or HostClock(), wait_s
        self._turn = threading.RLock() if reader is None else threading.Lock()
        self._change: SqliteChange | None = None

    def change(self) -> AbstractContextManager[SqliteChange]:
        """Return a write transaction; entering waits its turn and raises StoreError when that takes too long."""
        held = self._held()
        return _Transaction(self) if held is None else nullcontext(held)

    @contextmanager
    def read(self) -> Iterator[ColdReader]:
        """Give a reader of one snapshot; within a transaction of this thread, of what stands in it."""
        if (held := self._held()) is not None:
            yield held
            return
        try:
            if self._reader is None:
                with self._turn:
                    yield self._open()
                return
            with self._reader.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                try:
                    yield SqliteReader(connection, self._clock, self._wall)
                finally:
                    connection.exec_driver_sql("ROLLBACK")
        except Exception as error:
            raise_translated(error)

    def ready(self) -> None:
        """Raise StoreError unless the store can be read and written now, and its schema is this program's own."""
        with self.change() as change:  # BEGIN IMMEDIATE takes the right to write
            if self._reader is not None:  # one in memory is of this program's own making
                fits(change._sql)
        with suppress(StoreDamaged), self.change() as change:  # who is on other pages can be served
            change.next_alarm()

    def close(self) -> None:
        """Close every connection; the store may be used again, and opens anew."""
        with self._turn:
            if self._change is not None:
                self._change._connection.close()
                self._change = None
        self._writer.dispose()
        if self._reader is not None:
            self._reader.dispose()

    def _open(self) -> SqliteChange:
        if self._change is None:
            self._change = SqliteChange(self._writer.connect(), self._clock, self._wall)
        return self._change


class _Transaction:
    """`BEGIN IMMEDIATE` … `COMMIT`, a turn at a time within the process. (A class: a generator costs twice.)"""

    __slots__ = ("_change", "_store")

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __enter__(self) -> SqliteChange:
        store = self._store
        if not (store._turn.acquire(blocking=False) or store._turn.acquire(timeout=store._wait_s)):
            raise StoreBusy(BUSY)
        try:
            self._change = store._open()
            self._change._run("BEGIN IMMEDIATE")
        except BaseException as error:
            store._turn.release()
            raise_translated(error)
        return self._change

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._change._run("COMMIT")
                return
        except BaseException as failure:
            error = failure
        finally:
            try:
                if error is not None:
                    self._undo()
            finally:
                self._store._turn.release()
        raise_translated(error)

    def _undo(self) -> None:
        """Roll back; a connection that SQLAlchemy gave up, as it does when the process is told to end, is made anew."""
        connection = self._change._connection
        if connection.invalidated:
            self._store._change = None
        elif connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            self._change._run("ROLLBACK")
