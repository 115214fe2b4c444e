"""How is a database reached, and which ones can be trusted? Engines, settings, checks of versions."""

import importlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import StaticPool

from orchestrator.errors import StoreError
from orchestrator.store.silence import PATIENCE_S, SERVERS_SHARE, Waiting

_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
"""Releases of SQLite in which the WAL fault of 3.7.0 to 3.51.2 is mended: two connections could corrupt the file."""
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READER = ("query_only=ON", "synchronous=FULL")
_NOTICES_SILENCE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
"""A server that is gone without a word is missed within some 10 s: by itself the system would wait for up to two hours,
and a clock with it. One that is there and says nothing: see `silence`."""


def sqlite_module() -> Any:  # noqa: ANN401  a module
    """Return a DB-API module over an SQLite without the WAL fault. Raises StoreError when there is none."""
    for name in ("pysqlite3.dbapi2", "sqlite3.dbapi2"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if trusted(module.sqlite_version_info):
            return module
    raise StoreError("this SQLite can corrupt a store (versions 3.7.0 to 3.51.2): install pysqlite3 0.6 or newer")


def trusted(version: tuple[int, ...]) -> bool:
    """Tell whether a version of SQLite is free of the WAL fault: a mended one, or a later patch of the same line."""
    return version >= _FIXED[-1] or any(version[:2] == fixed[:2] and version >= fixed for fixed in _FIXED)


def sqlite_engines(path: Path, wait_s: float) -> tuple[Engine, Engine]:
    """Return the engine that writes a file and the one that only reads it; both wait `wait_s` for another process."""
    busy = f"busy_timeout={int(wait_s * 1000)}"
    return _sqlite(f"sqlite:///{path}", (busy, *_WRITER)), _sqlite(f"sqlite:///{path}", (busy, *_READER))


def make_file(path: Path) -> None:
    """Make an SQLite store's file for its owner alone, whatever the umask; one that is there keeps its rights.

    SQLite gives the files that it lays beside it the same rights. What cannot be made SQLite itself says, on opening.
    """
    if path.exists():
        return
    with suppress(OSError):
        made = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(made, 0o600)
        os.close(made)


def memory_engine() -> Engine:
    """Return an engine over one connection to a database in memory, gone when it is closed."""
    return _sqlite("sqlite://", ("foreign_keys=ON", "synchronous=OFF"), poolclass=StaticPool)


def postgres_engine(url: str, lock_wait_s: float, patience_s: float | None = PATIENCE_S) -> Engine:
    """Return an engine over psycopg 3. Waiting for a lock: `lock_wait_s` seconds.

    patience_s: for how long the server may say nothing; None: for as long as it likes, for work that takes its time.
    """
    address = make_url("postgresql+psycopg://" + url.partition("://")[2])
    waits = f"-c lock_timeout={int(lock_wait_s * 1000)} -c idle_in_transaction_session_timeout=60000"
    if patience_s is not None:
        waits += f" -c statement_timeout={int(patience_s * SERVERS_SHARE * 1000)}"
    # A plan is kept for as long as the connection: one that was made while a table was small would read or sort all of
    # it when it has grown. The statements of the write path all go by an index, in its order; readers may choose again.
    # What has no index to go by, in a table of one row, is reckoned as costly beyond measure, and would be compiled.
    plans = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
    options = f"-c timezone=UTC {plans} {waits} {address.query.get('options', '')}"
    engine = create_engine(
        address,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=8,
        max_overflow=16,
        pool_use_lifo=True,  # the one used last knows its statements and plans already
        pool_pre_ping=False,
        connect_args={
            "options": options,
            "application_name": "carepath",
            "connect_timeout": 5,
            **_NOTICES_SILENCE,
            "client_encoding": "utf8",  # as the write path packs text, whatever the database or its user prefers
            "prepare_threshold": None,  # the write path prepares its own: see store.pipeline
        },
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_: object, record: object, words: list[Any], named: dict[str, Any]) -> Waiting:
        made = Waiting.connect(*words, **named)
        made.patience_s = patience_s
        return made

    return engine


def _sqlite(address: str, pragmas: tuple[str, ...], **settings: Any) -> Engine:  # noqa: ANN401  SQLAlchemy's own
    engine = create_engine(
        address,
        module=sqlite_module(),
        isolation_level="AUTOCOMMIT",  # BEGIN and COMMIT are ours to say
        hide_parameters=True,
        connect_args={"check_same_thread": False, "cached_statements": 256},
        **settings,
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401  a driver's connection
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    return engine
