"""A store in a database of PostgreSQL that a test has for itself, and the use cases opened over it."""

import shutil
from pathlib import Path

import pytest

from orchestrator.store.opening import open_store
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import SqlClock, System, system


@pytest.fixture
def database(migrated_postgres: tuple[str, Path], tmp_path: Path) -> str:
    """Return the address of a database in which an empty store is; its keys lie in the test's folder."""
    url, keys = migrated_postgres
    shutil.copy(keys, tmp_path / "keys.json")
    return url


def on(address: str, folder: Path) -> System:
    """Open that store. folder: where its keys lie."""
    opened = open_store(address, folder / "keys.json")
    assert isinstance(opened.store, PostgresStore)
    return system(opened.store, opened.keyring, SqlClock(opened.store))
