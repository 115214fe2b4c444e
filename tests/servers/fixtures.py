"""The fixtures that hand out real servers; each worker of a parallel run has servers of its own."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.cli import valkey
from orchestrator.store.opening import prepare
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.rabbitmq import find_server, running_rabbitmq


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A server for the session, with its folder of binaries (`psql`, `pg_dump`)."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """The URL of the session's maintenance database; what writes wants `postgres_database`."""
    return postgres_server.url()


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: Postgres) -> Callable[..., str]:
    """Return a function that makes a database, empty or a copy of `template`, and returns its URL.

    The name of a template is the last part of the URL that this function returned for it.
    """
    numbers = itertools.count(1)

    def make(template: str = "template0") -> str:
        name = f"test_{next(numbers)}"
        postgres_server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return postgres_server.url(name)

    return make


@pytest.fixture
def postgres_database(postgres_server: Postgres, new_postgres_database: Callable[..., str]) -> Iterator[str]:
    """The URL of an empty database for this test alone, dropped afterwards with whatever is still connected."""
    url = new_postgres_database()
    yield url
    _drop(postgres_server, url)


@pytest.fixture(scope="session")
def postgres_template(
    new_postgres_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The name of a database that is migrated and empty, and its key file; copying it is quicker than migrating."""
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    url = new_postgres_database()
    prepare(url, keys)
    return _name(url), keys


@pytest.fixture
def migrated_postgres(
    postgres_template: tuple[str, Path], postgres_server: Postgres, new_postgres_database: Callable[..., str]
) -> Iterator[tuple[str, Path]]:
    """The URL of a migrated, empty database for this test alone, and its key file; dropped afterwards as well."""
    name, keys = postgres_template
    url = new_postgres_database(name)
    yield url, keys
    _drop(postgres_server, url)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _drop(server: Postgres, url: str) -> None:
    server.execute(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


@pytest.fixture(scope="session")
def redis_server() -> Iterator[valkey.Valkey]:
    """The embedded broker of `carepath up`, for the session."""
    with tempfile.TemporaryDirectory(prefix="cp-vk-", dir="/tmp") as folder:
        server = valkey.start(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def redis_url(redis_server: valkey.Valkey) -> str:
    """The broker's address as Celery spells it; `redis_server.client_url` is redis-py's spelling."""
    return redis_server.url


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """The address of a RabbitMQ node for the session; tests that ask for it are skipped where there is no server."""
    server = find_server()
    if server is None:
        pytest.skip("RabbitMQ is not installed here (Debian: apt-get install rabbitmq-server)")
    with running_rabbitmq(server) as url:
        yield url
