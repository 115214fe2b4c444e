"""How does everything come together? The composition root: the only file that knows every adapter.

Importing it costs half a second (SQLAlchemy); faces that answer without a store import it when they need it.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from orchestrator.audit.keys import Keyring
from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.errors import StoreError
from orchestrator.notify.channel import Channel
from orchestrator.notify.inbox import InboxChannel
from orchestrator.pathway.loader import Library, load_library, load_text
from orchestrator.service.access import Access
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.firing import Firing
from orchestrator.service.handlers import Desk, Handlers
from orchestrator.service.pulse import Pulse
from orchestrator.service.queries import Queries
from orchestrator.service.replay import Audit
from orchestrator.service.shelf import Shelf
from orchestrator.store import opening
from orchestrator.store.opening import Simulation
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.sqlite import SqliteStore

__all__ = ["Simulation", "System", "open_library", "open_system", "prepare_store", "throwaway_system"]


@dataclass(frozen=True)
class System:
    """One opened system: a store and the use cases over it. Close it when done; `with` does.

    simulation: None for a real store.   clock: this machine's view of the store's time; the store's own decides.
    """

    store: SqliteStore | PostgresStore
    keyring: Keyring
    library: Library
    clock: Clock
    simulation: Simulation | None
    desk: Desk
    handlers: Handlers
    enrolments: Enrolments
    queries: Queries
    firing: Firing
    deliveries: Deliveries
    replay: Audit
    pulse: Pulse
    access: Access

    @property
    def simulated(self) -> bool:
        """Tell whether the store is one for trying things out: whatever shows anything of it must say so."""
        return self.simulation is not None

    @property
    def channel(self) -> Channel:
        """The means by which notices go out."""
        return InboxChannel(self.deliveries)

    def close(self) -> None:
        """Close every connection of the store."""
        self.store.close()

    def __enter__(self) -> "System":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_library(settings: Settings) -> Library:
    """Return the pathway files. Raises PathwayError, with file and line."""
    return load_library(settings.workflows)


def prepare_store(settings: Settings, simulation: Simulation | None = None) -> None:
    """Make the store and its keys where they are not there, and bring the schema up to date. Raises StoreError."""
    if settings.embedded:
        _make_home(settings.home)
    opening.prepare(settings.database_url, settings.keys, simulation)


def open_system(settings: Settings) -> System:
    """Open the store that `prepare_store` has made. Raises StoreError or PathwayError."""
    library = open_library(settings)
    opened = opening.open_store(settings.database_url, settings.keys)
    return _assemble(opened.store, opened.keyring, library, opened.clock, opened.simulation)


def throwaway_system(workflows: Path | Library, clock: Clock) -> System:
    """Return a system on an empty store in memory, gone when it is closed: for scenarios and simulations.

    workflows: the folder, or pathways that were read before, which saves reading them for every story anew.
    """
    library = load_library(workflows) if isinstance(workflows, Path) else workflows
    store, keyring = opening.open_throwaway(clock)
    return _assemble(store, keyring, library, clock, None)


def _assemble(
    store: SqliteStore | PostgresStore, keyring: Keyring, library: Library, clock: Clock, simulation: Simulation | None
) -> System:
    desk = Desk(store, keyring, Shelf(library, load_text), EpisodeEngine())
    return System(
        store, keyring, library, clock, simulation, desk, Handlers(desk), Enrolments(desk), Queries(desk), Firing(desk),
        Deliveries(desk), Audit(desk), Pulse(desk), Access(store),
    )  # fmt: skip


def _make_home(home: Path) -> None:
    """Make the folder for its owner alone; one that is there stays as it is."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {home} cannot be made: {error.strerror}; choose another with CAREPATH_HOME"
        ) from None
