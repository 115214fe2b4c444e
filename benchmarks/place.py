"""Where are the PostgreSQL benchmarks run? On a server of their own with fsync on, in a store made for them."""

import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.generate import ROOT, connected
from orchestrator.bootstrap import System, open_system, prepare_store
from orchestrator.config import Settings, read
from orchestrator.pathway.loader import Library, load_library
from tests.servers.postgres import Postgres, new_cluster

SERVER = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "track_commit_timestamp": "on",
}
"""What any administrator sets before so many rows, and what tells when something was committed; fsync stays on."""


@dataclass(frozen=True)
class Place:
    """A server, and an empty store on it."""

    server: Postgres
    settings: Settings
    library: Library

    @property
    def url(self) -> str:
        """The store's address."""
        return self.settings.database_url

    def open(self) -> System:
        """Open the store, as one more process would."""
        return open_system(self.settings)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement that returns rows."""
        with connected(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()

    def run(self, *statements: str) -> None:
        """Run statements one after the other on one connection."""
        with connected(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def place(broker_url: str = "") -> Iterator[Place]:
    """Give a new store; nothing of it is left afterwards."""
    with new_cluster(durable=True) as cluster, tempfile.TemporaryDirectory() as home:
        cluster.start(**SERVER)
        server = cluster.server
        environ = {"CAREPATH_HOME": home, "CAREPATH_DATABASE_URL": server.url()}
        if broker_url:
            environ["CAREPATH_BROKER_URL"] = broker_url
        settings = read(environ)
        prepare_store(settings)
        made = Place(server, settings, load_library(ROOT / "workflows"))
        ((version,),), ((fsync,),) = made.sql("SHOW server_version"), made.sql("SHOW fsync")
        machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
        print(f"{machine}, PostgreSQL {version.split()[0]} (fsync {fsync}), {datetime.now(UTC):%Y-%m-%d}", flush=True)
        yield made


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median with the lowest and the highest."""
    median, low, high = (f"{each:,.{digits}f}" for each in (statistics.median(values), min(values), max(values)))
    return f"{median} ({low} to {high})"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
