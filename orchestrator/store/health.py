"""How is a store? What `doctor` and the metrics ask of it, read in one snapshot; nothing here changes anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, select, text

from orchestrator.clock import HostClock
from orchestrator.service.rows import Times
from orchestrator.store import backups, processes
from orchestrator.store import tables as t
from orchestrator.store.connect import postgres_engine, sqlite_engines, sqlite_module
from orchestrator.store.faults import translate
from orchestrator.store.schema import revision

_WAIT_S = 2.0
_NAMED = 5
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True, slots=True)
class Stuck:
    """An episode that is set aside because its timers fail. until: wall time of the next try."""

    episode_id: str
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What waits in a store. times: by the store's clock and the wall's, read at one moment.

    oldest_due: the earliest alarm that is due and not set aside.   leaving: notices that wait to leave the house, not
    counting dead letters; oldest_leaving: wall time since which one does.
    seen_at: when a clock process last looked (at most half a minute old while one runs); None: none ever did.
    Each comes from an index or a table that is small while all is well: a store of any size is asked at no cost.
    """

    schema: str
    times: Times
    seen_at: datetime | None
    oldest_due: datetime | None
    due: int
    set_aside: int
    leaving: int
    oldest_leaving: datetime | None
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Health(Figures):
    """How a store is. database: kind and version.   skew: by how much the store's wall is ahead of this machine's."""

    database: str
    episodes: int
    open_episodes: int
    skew: timedelta
    last_entry_at: datetime | None
    stuck: tuple[Stuck, ...]
    backup: backups.BackupState


def health(url: str, file: Path | None, keys: Path, now: datetime | None) -> Health:
    """Return how the store is. Raises StoreError.

    file: that of an SQLite store, None for PostgreSQL.   now: by the store's clock, where it is not the wall's.
    """
    with _snapshot(url, file) as connection:
        backup = backups.state(connection.engine, keys)
        before = HostClock().now()
        times = _times(connection, now)
        between = before + (HostClock().now() - before) / 2
        return _health(connection, times, times.wall - between, backup)


def figures(url: str, file: Path | None, now: datetime | None) -> Figures:
    """Return what waits in the store, with the arguments of `health`. Raises StoreError."""
    with _snapshot(url, file) as connection:
        return _figures(connection, _times(connection, now))


def back_up_keys(url: str, file: Path | None, keys: Path, destination: Path) -> None:
    """Copy the key file and record it in the store. Raises StoreError."""
    engine = postgres_engine(url, _WAIT_S) if file is None else sqlite_engines(file, _WAIT_S)[0]
    try:
        backups.back_up(engine, keys, destination)
    except Exception as error:
        raise translate(error) or error from None
    finally:
        engine.dispose()


def sqlite_version() -> str:
    """Return the version of SQLite in use. Raises StoreError when there is none without the WAL fault."""
    return str(sqlite_module().sqlite_version)


@contextmanager
def _snapshot(url: str, file: Path | None) -> Iterator[Connection]:
    engine = postgres_engine(url, _WAIT_S) if file is None else sqlite_engines(file, _WAIT_S)[1]
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN" if file is not None else _SNAPSHOT)
            yield connection
    except Exception as error:
        raise translate(error) or error from None
    finally:
        engine.dispose()


def _times(connection: Connection, now: datetime | None) -> Times:
    wall = processes.wall(connection)
    return Times(now or wall, wall)


def _figures(connection: Connection, times: Times) -> Figures:
    e, o = t.episode.c, t.outbox.c
    due, aside = _due(times)
    return Figures(
        schema=revision(connection) or "none",
        times=times,
        seen_at=_one(connection, t.store_info.c.seen_at),
        oldest_due=_one(connection, func.min(e.next_due_at), due),
        due=_one(connection, func.count(e.episode_id), due),
        set_aside=_one(connection, func.count(e.episode_id), aside),
        leaving=_one(connection, func.count(o.episode_id), o.given_up_at.is_(None)),
        oldest_leaving=_one(connection, func.min(o.since), o.given_up_at.is_(None)),
        dead_letters=_one(connection, func.count(o.episode_id), o.given_up_at.is_not(None)),
    )


def _health(connection: Connection, times: Times, skew: timedelta, backup: backups.BackupState) -> Health:
    e = t.episode.c
    found, (_, aside) = _figures(connection, times), _due(times)
    stuck = select(e.episode_id, e.attempts, e.set_aside_until).where(aside).order_by(e.attempts.desc()).limit(_NAMED)
    return Health(
        **{each.name: getattr(found, each.name) for each in fields(Figures)},
        database=_database(connection),
        skew=skew,
        episodes=_one(connection, func.count(e.episode_id)),
        open_episodes=_one(connection, func.count(e.episode_id), e.closed == false()),
        last_entry_at=_one(connection, func.max(e.at)),
        stuck=tuple(Stuck(*row) for row in connection.execute(stuck)),
        backup=backup,
    )


def _due(times: Times) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return what is due and what is set aside; the latter is due too, so that the index of alarms finds it."""
    e = t.episode.c
    alarm = e.next_due_at <= times.now
    return alarm & e.set_aside_until.is_(None), alarm & e.set_aside_until.is_not(None)


def _one(connection: Connection, what: Any, *where: ColumnElement[bool]) -> Any:  # noqa: ANN401  SQLAlchemy's own
    return connection.execute(select(what).where(*where)).scalar()


def _database(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {sqlite_version()}"
    return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"
