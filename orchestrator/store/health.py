"""How is a store? What `doctor` and the metrics ask of it, read in one snapshot; nothing here changes anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, false, func, text

from orchestrator.clock import HostClock
from orchestrator.service.overview.rows import SetAsideRow
from orchestrator.service.rows import Figures, Times
from orchestrator.store import backups
from orchestrator.store import figures as waiting
from orchestrator.store import tables as t
from orchestrator.store.connect import postgres_engine, sqlite_engines, sqlite_module
from orchestrator.store.faults import translate
from orchestrator.store.silence import PATIENCE_S
from orchestrator.store.walltime import walltime

_WAIT_S = 2.0
_FIGURES_PATIENCE_S = 4.0
"""Who gathers figures gives up after some 10 s, and would then not hear that the store is down."""
_NAMED = 5
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True, slots=True)
class Health(Figures):
    """How a store is. database: kind and version.   skew: by how much the store's wall is ahead of this machine's."""

    database: str
    episodes: int
    open_episodes: int
    skew: timedelta
    last_entry_at: datetime | None
    stuck: tuple[SetAsideRow, ...]
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
    with _snapshot(url, file, _FIGURES_PATIENCE_S) as connection:
        return waiting.figures(connection, _times(connection, now))


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
def _snapshot(url: str, file: Path | None, patience_s: float = PATIENCE_S) -> Iterator[Connection]:
    engine = postgres_engine(url, _WAIT_S, patience_s) if file is None else sqlite_engines(file, _WAIT_S)[1]
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN" if file is not None else _SNAPSHOT)
            yield connection
    except Exception as error:
        raise translate(error) or error from None
    finally:
        engine.dispose()


def _times(connection: Connection, now: datetime | None) -> Times:
    wall = walltime(connection)
    return Times(now or wall, wall)


def _health(connection: Connection, times: Times, skew: timedelta, backup: backups.BackupState) -> Health:
    e = t.episode.c
    found = waiting.figures(connection, times)
    return Health(
        **{each.name: getattr(found, each.name) for each in fields(Figures)},
        database=_database(connection),
        skew=skew,
        episodes=waiting.one(connection, func.count(e.episode_id)),
        open_episodes=waiting.one(connection, func.count(e.episode_id), e.closed == false()),
        last_entry_at=waiting.one(connection, func.max(e.at)),
        stuck=tuple(waiting.set_asides(connection, times, _NAMED)),
        backup=backup,
    )


def _database(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {sqlite_version()}"
    return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"
