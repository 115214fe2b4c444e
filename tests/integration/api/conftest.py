"""A ward's software as seen over HTTP: the application over a real store, with a clock that the test moves."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator import config
from orchestrator.api.app import PREFIX, create_app
from orchestrator.bootstrap import System, open_system, prepare_store
from orchestrator.clock import VirtualClock
from orchestrator.store.postgres import PostgresStore

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
PATHWAY = "post-viral-cerebellar-demyelination"


@dataclass
class Ward:
    """People at their screens: requests in a role, each with an idempotency key of its own."""

    system: System
    client: TestClient
    token: str
    now: datetime = T0
    keys: Iterator[int] = field(default_factory=itertools.count)

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(PREFIX + path, headers={**self._bearer(), **headers})

    def post(self, path: str, body: object, role: str = "lead", **headers: str) -> Response:
        """Post a body; headers are spelt with _ for -."""
        said = {"Carepath-Actor": f"u-{role}", "Carepath-Role": role, "Idempotency-Key": f"k-{next(self.keys)}"}
        said |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            said.setdefault("Content-Type", "application/json")
        return self.client.post(PREFIX + path, headers={**self._bearer(), **said}, **sent)

    def enrol(self, number: str = "0001", **headers: str) -> str:
        """Enrol a patient and return the path of the episode."""
        answer = self.post("/episodes", enrolment(number), **headers)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"]).removeprefix(PREFIX)

    def do(self, episode: str, verb: str, role: str = "lead", **body: object) -> Response:
        """Carry out a command that is accepted."""
        answer = self.post(f"{episode}/{verb}", body, role)
        assert answer.status_code == 200, answer.text
        return answer

    def advance(self, **by: float) -> None:
        """Move the store's clock; nothing fires by itself."""
        self.now += timedelta(**by)
        set_clock(self.system, self.now)

    def fire(self) -> None:
        """Do what clock and worker would do now."""
        while self.system.firing.fire_due().more:
            pass

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def enrolment(number: str = "0001", **other: object) -> dict[str, Any]:
    identifiers = [{"system": "hospital-number", "value": number}]
    return {"pathway": PATHWAY, "ward": "N2", "timezone": "Europe/London", "identifiers": identifiers} | other


def set_clock(system: System, now: datetime) -> None:
    """Make the store's clock show a moment: PostgreSQL's is SQL, SQLite's an object."""
    store = system.store
    if isinstance(store, PostgresStore):
        store._clock = lambda: f"timestamptz '{now.isoformat()}'"
    elif isinstance(store._clock, VirtualClock):
        store._clock.set(now)
    else:
        store._clock = VirtualClock(now)


def open_ward(settings: config.Settings) -> Iterator[Ward]:
    with open_system(settings) as system:
        set_clock(system, T0)
        token = system.access.first_token()
        assert token is not None
        with TestClient(create_app(system)) as client:
            yield Ward(system, client, token)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty store and its keys; copying it is quicker than migrating anew."""
    folder = tmp_path_factory.mktemp("empty")
    prepare_store(config.read({}, home=folder))
    return folder


@pytest.fixture
def ward(empty_store: Path, tmp_path: Path) -> Iterator[Ward]:
    """A ward on the embedded store."""
    home = tmp_path / "home"
    shutil.copytree(empty_store, home)
    yield from open_ward(config.read({}, home=home))


@pytest.fixture(params=["sqlite", "postgresql"])
def each_ward(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ward]:
    """A ward on each kind of store in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("ward")
        return
    url, keys = request.getfixturevalue("migrated_postgres")
    settings = config.read({}, home=tmp_path, database_url=url)
    shutil.copy(keys, settings.keys)
    yield from open_ward(settings)
