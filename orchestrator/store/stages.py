"""Where do stories play? In a store of their own that is gone afterwards, with a clock that the story moves."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

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
_PREFIX = "carepath_story_"
_LEFT = (
    f"SELECT nspname FROM pg_namespace WHERE nspname ~ '^{_PREFIX}[0-9a-f]{{16}}$'"
    " AND pg_get_userbyid(nspowner) = current_user"
)
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
        what = f"there is a file at {file} already: stories play in a new one, which is gone afterwards"
        raise InputError(f"{what}; remove it if a run that was killed left it")
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
    mark = secrets.token_hex(8)
    name = f"{_PREFIX}{mark}"
    engine = postgres_engine(url, _WAIT_S)

    @event.listens_for(engine, "connect")
    def _enter(connection: Any, _: object) -> None:  # noqa: ANN401  a driver's connection
        connection.execute(f"SET search_path TO {name}")

    try:
        with engine.connect() as keeper:  # whose lock says for as long as this process lives that somebody plays here
            _lock(keeper, mark)
            _clear_away(keeper)
            keeper.exec_driver_sql(f"CREATE SCHEMA {name}")
            try:
                ring = opening.furnish(engine, HostClock().now())
                yield lambda clock: (past_store(engine, clock), ring)
            finally:
                keeper.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
                _unlock(keeper, mark)
    finally:
        engine.dispose()


def _clear_away(keeper: Connection) -> None:
    """Remove the places of processes that were killed: of each the lock is free."""
    for (left,) in keeper.exec_driver_sql(_LEFT).all():
        mark = left.removeprefix(_PREFIX)
        if _lock(keeper, mark):
            with suppress(DBAPIError):  # who clears it away at the same time, or is no longer let
                keeper.exec_driver_sql(f"DROP SCHEMA IF EXISTS {left} CASCADE")
            _unlock(keeper, mark)


def _lock(keeper: Connection, mark: str) -> bool:
    """Take the lock of a place; False where somebody holds it."""
    return bool(keeper.exec_driver_sql(f"SELECT pg_try_advisory_lock({_number(mark)})").scalar())


def _unlock(keeper: Connection, mark: str) -> None:
    keeper.exec_driver_sql(f"SELECT pg_advisory_unlock({_number(mark)})")


def _number(mark: str) -> int:
    return int.from_bytes(bytes.fromhex(mark), signed=True)
