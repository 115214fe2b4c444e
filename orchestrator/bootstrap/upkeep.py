"""How is a store as a whole, and what is done to it as a whole? Figures, findings, copies."""

import datetime as dt
from pathlib import Path

from orchestrator.bootstrap.stores import see_to_home, there
from orchestrator.bootstrap.system import System
from orchestrator.config import Settings
from orchestrator.errors import Conflict
from orchestrator.service.people.recording import Author, note
from orchestrator.service.presence import named
from orchestrator.service.rewrapping import Rewrapped, rewrap
from orchestrator.service.rows import Figures
from orchestrator.store import copies, health, opening, server
from orchestrator.store.health import Health
from orchestrator.store.server import Finding


def examine(settings: Settings, system: System) -> Health:
    """Return how an opened store is, for `carepath doctor`. Raises StoreError."""
    now = system.clock.now() if system.simulated else None
    return health.health(settings.database_url, settings.database_file, settings.keys, now)


def examine_server(settings: Settings) -> tuple[Finding, ...]:
    """Return how the database server is set; nothing for SQLite. Raises StoreError."""
    return () if settings.database_file is not None else server.findings(settings.database_url)


def figures(settings: Settings, system: System) -> Figures:
    """Return what waits in an opened store, for the metrics: at no cost, whatever its size. Raises StoreError."""
    now = system.clock.now() if system.simulated else None
    return health.figures(settings.database_url, settings.database_file, now)


def check_ready(settings: Settings) -> None:
    """Raise StoreError unless the store can be opened and written now, for whoever holds no System of its own."""
    opened = opening.open_store(settings.database_url, settings.keys, patience_s=settings.database_patience)
    try:
        opened.store.ready()
    finally:
        opened.store.close()


def sqlite_version() -> str:
    """Return the version of SQLite in use. Raises StoreError when there is none without the WAL fault."""
    return health.sqlite_version()


def back_up_keys(settings: Settings, destination: Path) -> None:
    """Copy the key file to a place that is not there yet, and record it in the store. Raises StoreError."""
    health.back_up_keys(settings.database_url, settings.database_file, settings.keys, destination)


def rotate_keys(settings: Settings, system: System, by: Author) -> str:
    """Add a key that wraps patients from now on; return its name. The others go on opening what they wrapped.

    Who added it stands in the record of accounts, chained by the keys that were there before.
    Raises Conflict while a process runs: it would not have the new one, nor open what another wraps with it.
    """
    if rows := system.presence.running():
        later = "one that was killed is forgotten after two minutes"
        raise Conflict(f"end first what would not have the new key: there run {named(rows)}; {later}")
    key = opening.rotate(settings.database_url, settings.keys)
    with system.store.change() as change:
        note(change, system.keyring.look_mac, by, "keys-rotated", about="", detail={"key": key})
    return key


def rewrap_keys(system: System) -> Rewrapped:
    """Bring every patient's key, and the secrets of second factors, under the newest key. Raises StoreError."""
    return rewrap(system.store, system.keyring)


def back_up_store(settings: Settings, destination: Path) -> int:
    """Copy the store, not its keys, to a place that is not there yet, while it runs; return the copy's bytes.

    Raises StoreError.
    """
    return copies.back_up(there(settings).database_url, settings.database_file, settings.keys, destination)


def restore_store(settings: Settings, source: Path) -> dt.datetime | None:
    """Put a copy back where no store is, its keys being there already; return when its last entry was made.

    Raises StoreError.
    """
    see_to_home(settings)
    return copies.restore(settings.database_url, settings.database_file, settings.keys, source)
