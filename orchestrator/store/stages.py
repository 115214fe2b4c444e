"""Where do stories play? In a store of their own that is gone afterwards, with a clock that the story moves."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from orchestrator.audit.keys import Keyring
from orchestrator.clock import Clock, HostClock
from orchestrator.errors import InputError
from orchestrator.service.ports import Store
from orchestrator.store import opening
from orchestrator.store.connect import make_file, postgres_engine, sqlite_engines
from orchestrator.store.faults import translate
from orchestrator.store.past import past_store
from orchestrator.store.sqlite import SqliteStore

_WAIT_S = 5.0
Open = Callable[[Clock], tuple[Store, Keyring]]
"""Gives a story its store and keys, on the clock that it moves."""


@contextmanager
def stage(url: str | None) -> Iterator[Open]:
    """Give a place for stories: in memory for None, else in this database, and nothing of it is left afterwards.

    url: of PostgreSQL, where the place is a schema of its own; or of an SQLite file that is not there yet.
    Raises StoreError, and InputError for a file that is there.
    """
    if url is None:
        yield opening.open_throwaway
        return
    file = Path(url.partition(":///")[2].partition("?")[0]) if url.startswith("sqlite") else None
    try:
        with _in_file(file) if file is not None else _in_schema(url) as opened:
            yield opened
    except Exception as error:
        raise translate(error) or error from None


@contextmanager
def _in_file(file: Path) -> Iterator[Open]:
    if file.exists():
        raise InputError(f"there is a file at {file} already: stories play in a new one, which is gone afterwards")
    make_file(file)
    engines = sqlite_engines(file, _WAIT_S)
    ring = opening.furnish(engines[0], HostClock().now())
    last = SqliteStore(*engines, HostClock())

    def opened(clock: Clock) -> tuple[Store, Keyring]:
        nonlocal last
        last.close()  # each holds a connection of the few that there are; to leave that to the collector uses them up
        last = SqliteStore(*engines, clock)
        return last, ring

    try:
        yield opened
    finally:
        last.close()
        for ending in ("", "-wal", "-shm"):
            Path(f"{file}{ending}").unlink(missing_ok=True)


@contextmanager
def _in_schema(url: str) -> Iterator[Open]:
    name = f"carepath_story_{secrets.token_hex(8)}"
    engine = postgres_engine(url, _WAIT_S)

    @event.listens_for(engine, "connect")
    def _enter(connection: Any, _: object) -> None:  # noqa: ANN401  a driver's connection
        connection.execute(f"SET search_path TO {name}")

    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        ring = opening.furnish(engine, HostClock().now())
        yield lambda clock: (past_store(engine, clock), ring)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        engine.dispose()
