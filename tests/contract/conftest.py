"""The systems that the contract tests run against: each store, a small engine, a clock that the test moves."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.audit.keys import Keyring
from orchestrator.clock import VirtualClock
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.firing import Firing
from orchestrator.service.handlers import Handlers
from orchestrator.service.people.sight import Sight
from orchestrator.service.queries import Queries
from orchestrator.service.releases import Releases
from orchestrator.service.replay import Audit
from orchestrator.service.shelf import Shelf
from orchestrator.store.connect import sqlite_engines
from orchestrator.store.opening import open_store, open_throwaway, prepare
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.sqlite import SqliteStore
from tests.factories import HOUR, T0, SmallEngine, SmallLibrary, enrolment, record, small_text
from tests.servers.certificates import Authority, authority

STORES = ("sqlite", "memory", "postgres")


class SqlClock:
    """Moves a PostgreSQL store's clock, which is SQL: the test's instant stands in it."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.set(T0)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment
        self._store._clock = lambda: f"timestamptz '{moment.isoformat()}'"

    def advance(self, by: timedelta) -> None:
        self.set(self._now + by)


@dataclass
class System:
    """Everything from the use cases down."""

    store: SqliteStore | PostgresStore
    clock: VirtualClock | SqlClock
    engine: SmallEngine
    library: SmallLibrary
    desk: Desk

    @property
    def handlers(self) -> Handlers:
        return Handlers(self.desk)

    @property
    def enrolments(self) -> Enrolments:
        return Enrolments(self.desk)

    @property
    def firing(self) -> Firing:
        return Firing(self.desk)

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.desk)

    @property
    def queries(self) -> Queries:
        return Queries(self.desk)

    @property
    def releases(self) -> Releases:
        return Releases(self.desk)

    @property
    def audit(self) -> Audit:
        return Audit(self.desk)

    def change_files(self) -> None:
        """Begin anew on files that were changed and kept their version."""
        self.library = SmallLibrary(facts="another fact")
        self.desk = Desk(self.store, self.desk.keyring, Shelf(self.library, small_text), self.engine)

    def sql(self, statement: str) -> None:
        """Change the store behind the program's back."""
        with self.store.change() as change:
            change._sql.exec_driver_sql(statement)


def whole(sut: System, episode_id: str) -> bool:
    """Tell whether an episode's chain holds, and what is stored follows from its entries."""
    return sut.audit.verify(episode_id).whole and sut.audit.replay(episode_id).equal


def system(store: SqliteStore | PostgresStore, ring: Keyring, clock: VirtualClock | SqlClock) -> System:
    engine = SmallEngine()
    library = SmallLibrary()
    return System(store, clock, engine, library, Desk(store, ring, Shelf(library, small_text), engine))


def with_something_due(sut: System, number: int = 3) -> list[str]:
    """Enrol so many patients, of each of whom something was due an hour ago, and return their episodes."""
    ids = [sut.enrolments.enrol(enrolment(str(n))).episode_id for n in range(number)]
    for episode_id in ids:
        sut.handlers.execute(record(episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    return ids


@pytest.fixture(params=STORES)
def sut(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A system on each kind of store in turn."""
    made = BUILDERS[request.param](request, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def sight(sut: System) -> Sight:
    return Sight(sut.desk, sut.desk.keyring.look_mac)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the servers of a module."""
    return authority(tmp_path_factory.mktemp("ca"), "trusted")


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty store in a file and its keys; copying it is quicker than migrating anew."""
    folder = tmp_path_factory.mktemp("empty")
    prepare(f"sqlite:///{folder / 'store.db'}", folder / "keys.json")
    return folder


def _memory(_: pytest.FixtureRequest, __: Path) -> System:
    clock = VirtualClock(T0)
    store, ring = open_throwaway(clock)
    return system(store, ring, clock)


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> System:
    empty: Path = request.getfixturevalue("empty_sqlite")
    shutil.copytree(empty, folder, dirs_exist_ok=True)
    opened = open_store(f"sqlite:///{folder / 'store.db'}", folder / "keys.json")
    opened.store.close()
    clock = VirtualClock(T0)
    return system(SqliteStore(*sqlite_engines(folder / "store.db", 1.0), clock, wait_s=1.0), opened.keyring, clock)


def _postgres(request: pytest.FixtureRequest, _: Path) -> System:
    url, keys = request.getfixturevalue("migrated_postgres")
    opened = open_store(url, keys)
    assert isinstance(opened.store, PostgresStore)
    return system(opened.store, opened.keyring, SqlClock(opened.store))


BUILDERS: dict[str, Callable[[pytest.FixtureRequest, Path], System]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgres": _postgres,
}
