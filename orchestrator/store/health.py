"""How is a store? What `doctor` asks of it, read in one snapshot; nothing here changes anything."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, false, func, select, text

from orchestrator.clock import HostClock
from orchestrator.service.rows import Times
from orchestrator.store import backups
from orchestrator.store import tables as t
from orchestrator.store.connect import postgres_engine, sqlite_engines, sqlite_module
from orchestrator.store.faults import translate
from orchestrator.store.schema import revision

_WAIT_S = 2.0
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stuck:
    """An episode that is set aside because its timers fail. until: wall time of the next try."""

    episode_id: str
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How a store is. database: kind and version.   times: by the store's clock and the wall's, read at one moment.

    oldest_due: the earliest alarm that is due and not set aside.   leaving: notices that wait to leave the house, not
    counting dead letters; oldest_leaving: wall time since which one does.
    seen_at: when a clock process last looked (at most half a minute old while one runs); None: none ever did.
    """

    database: str
    schema: str
    episodes: int
    open_episodes: int
    times: Times
    last_entry_at: datetime | None
    seen_at: datetime | None
    oldest_due: datetime | None
    due: int
    set_aside: int
    stuck: tuple[Stuck, ...]
    leaving: int
    oldest_leaving: datetime | None
    dead_letters: int
    backup: backups.BackupState


def health(url: str, file: Path | None, keys: Path, now: datetime | None) -> Health:
    """Return how the store is. Raises StoreError.

    file: that of an SQLite store, None for PostgreSQL.   now: by the store's clock, where it is not the wall's.
    """
    engine = postgres_engine(url, _WAIT_S) if file is None else sqlite_engines(file, _WAIT_S)[1]
    try:
        backup = backups.state(engine, keys)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            wall = _wall(connection)
            return _read(connection, Times(now or wall, wall), backup)
    except Exception as error:
        raise translate(error) or error from None
    finally:
        engine.dispose()


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


def _wall(connection: Connection) -> datetime:
    if connection.dialect.name == "sqlite":
        return HostClock().now()
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def _read(connection: Connection, times: Times, backup: backups.BackupState) -> Health:
    e, o = t.episode.c, t.outbox.c
    due = (e.next_due_at <= times.now) & e.set_aside_until.is_(None)
    aside = e.set_aside_until.is_not(None)

    def one(what: Any, *where: Any) -> Any:  # noqa: ANN401  SQLAlchemy's own
        return connection.execute(select(what).where(*where)).scalar()

    stuck = select(e.episode_id, e.attempts, e.set_aside_until).where(aside).order_by(e.attempts.desc()).limit(_NAMED)
    return Health(
        database=_database(connection),
        schema=revision(connection) or "none",
        episodes=one(func.count(e.episode_id)),
        open_episodes=one(func.count(e.episode_id), e.closed == false()),
        times=times,
        last_entry_at=one(func.max(e.at)),
        seen_at=one(t.store_info.c.seen_at),
        oldest_due=one(func.min(e.next_due_at), due),
        due=one(func.count(e.episode_id), due),
        set_aside=one(func.count(e.episode_id), aside),
        stuck=tuple(Stuck(*row) for row in connection.execute(stuck)),
        leaving=one(func.count(o.episode_id), o.given_up_at.is_(None)),
        oldest_leaving=one(func.min(o.since), o.given_up_at.is_(None)),
        dead_letters=one(func.count(o.episode_id), o.given_up_at.is_not(None)),
        backup=backup,
    )


def _database(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {sqlite_version()}"
    return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"
