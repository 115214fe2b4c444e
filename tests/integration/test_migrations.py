"""Goal: a store of an older schema is brought up to date with all that is in it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from orchestrator.clock import VirtualClock
from orchestrator.errors import CarepathError, StoreError
from orchestrator.service.releases import ReleaseRequest
from orchestrator.service.scenario.proof import Proof
from orchestrator.store import schema
from orchestrator.store.connect import sqlite_engines
from orchestrator.store.opening import open_store, prepare
from tests.contract.conftest import System, system
from tests.factories import T0, enrolment, record, small_pathway


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path, new_postgres_database: Callable[..., str]) -> str:
    """Where there is no store yet."""
    return f"sqlite:///{tmp_path / 'store.db'}" if request.param == "sqlite" else new_postgres_database()


def opened(address: str, folder: Path) -> System:
    made = open_store(address, folder / "keys.json")
    return system(made.store, made.keyring, VirtualClock(T0))


def revision(address: str) -> str | None:
    path = address.removeprefix("sqlite:///")
    engine = sqlite_engines(Path(path), 1.0)[0] if path != address else create_engine(address)
    with engine.connect() as connection:
        found = schema.revision(connection)
    engine.dispose()
    return found


def test_releases_come_to_a_store_with_patients_in_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "REVISIONS", ("0001",))
        prepare(address, tmp_path / "keys.json")
        sut = opened(address, tmp_path)
        episode_id = sut.enrolments.enrol(enrolment()).episode_id
        sut.handlers.execute(record(episode_id, a=1))
        sut.store.close()
    assert revision(address) == "0001"
    with pytest.raises(StoreError, match="schema 0001 is older than this program: run carepath db upgrade"):
        opened(address, tmp_path)
    prepare(address, tmp_path / "keys.json")
    assert revision(address) == schema.REVISIONS[-1]
    sut = opened(address, tmp_path)
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal
    assert sut.handlers.execute(record(episode_id, a=2)).accepted
    assert sut.releases.record() == []
    (used,) = sut.releases.standing(sut.library.pathways).unreleased
    assert (used.pathway, used.label, used.version) == ("small", "1", small_pathway().hash)
    made = sut.releases.release(ReleaseRequest(small_pathway(), "c-9", "on record now"), Proof("s", 1, ())).release
    assert (made.number, made.version) == (1, used.version)
    assert sut.releases.verify().whole
    for statement in ("DELETE FROM pathway_release", "UPDATE pathway_version SET text = '{}'"):
        with pytest.raises(CarepathError):
            sut.sql(statement)
    sut.store.close()
