"""Goal: a store of an older schema is brought up to date with all that is in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, create_engine, select

from orchestrator.clock import VirtualClock
from orchestrator.episode import formats
from orchestrator.errors import CarepathError, StoreError
from orchestrator.service.presence import Presence, Program
from orchestrator.service.releases import ReleaseRequest
from orchestrator.service.scenario.proof import Proof
from orchestrator.store import schema
from orchestrator.store.connect import memory_engine, sqlite_engines
from orchestrator.store.opening import open_store, open_throwaway, prepare
from orchestrator.store.tables import metadata
from orchestrator.store.types import to_micros
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
    with running(address) as connection:
        return schema.revision(connection)


def test_a_store_in_memory_has_the_same_tables_indexes_and_triggers() -> None:
    whole = memory_engine()
    metadata.create_all(whole)
    store, _ = open_throwaway(VirtualClock(T0))
    said = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    with whole.connect() as connection, store.read() as reader:
        there = connection.exec_driver_sql(said).all()
        assert {each.type for each in there} == {"table", "index", "trigger"}
        assert reader._sql.exec_driver_sql(said).all() == there
    store.close()
    whole.dispose()


SINCE_0001 = (
    "pathway_version", "patient", "patient_identifier", "open_enrolment", "episode", "entry", "log_pending", "item",
)  # fmt: skip


@pytest.fixture
def older(
    address: str, tmp_path: Path, new_postgres_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """The episode of a patient in a store of schema 0001. A present store made it: those rows are as they were."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "REVISIONS", ("0001",))
        patch.setattr(formats, "OWN", 1)
        prepare(address, tmp_path / "keys.json")
    present = f"sqlite:///{tmp_path / 'present.db'}" if address.startswith("sqlite") else new_postgres_database()
    prepare(present, tmp_path / "keys.json")
    sut = opened(present, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1))
    sut.store.close()
    with running(present) as source, running(address) as target:
        for name in SINCE_0001:
            rows = [dict(row._mapping) for row in source.execute(select(_reflected(name, source)))]
            target.execute(_reflected(name, target).insert(), rows)
        for name, row in (("outbox", WAITING), ("delivery", DELIVERED)):
            table = _reflected(name, target)
            target.execute(table.insert().values({**_readied(row, address), "episode_id": episode_id}))
    return episode_id


WAITING = {
    "seq": 2, "number": 1, "reminder": "late", "key": "late#/1", "rung": 1, "role": "lead", "ward": "w-1", "due_at": T0,
    "told_at": T0, "late": False, "next_try_at": T0, "attempts": 1, "lease_token": 1,
}  # fmt: skip
DELIVERED = {"seq": 2, "number": 0, "channel": "inbox", "result": "delivered", "attempts": 3, "done_at": T0}


def _readied(row: dict[str, Any], address: str) -> dict[str, Any]:
    if not address.startswith("sqlite"):
        return row
    return {name: to_micros(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _reflected(name: str, connection: Connection) -> Table:
    return Table(name, MetaData(), autoload_with=connection)


@contextmanager
def running(address: str) -> Iterator[Connection]:
    path = address.removeprefix("sqlite:///")
    engine = sqlite_engines(Path(path), 1.0)[0] if path != address else create_engine(address)
    with engine.connect() as connection, connection.begin():
        yield connection
    engine.dispose()


def test_releases_come_to_a_store_with_patients_in_it(address: str, tmp_path: Path, older: str) -> None:
    episode_id = older
    assert revision(address) == "0001"
    with pytest.raises(StoreError, match="schema 0001 is older than this program .* run carepath db upgrade"):
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


def test_what_was_on_its_way_to_the_inbox_stands_there_after_an_upgrade(
    address: str, tmp_path: Path, older: str
) -> None:
    prepare(address, tmp_path / "keys.json")
    sut = opened(address, tmp_path)
    (row,) = sut.queries.inbox().rows
    told = (row["episode_id"], row["key"], row["kind"], row["name"], row["about"], row["role"], row["rung"])
    assert told == (older, "2.1", "reminder", "late", "late#/1", "lead", 1)
    assert not sut.deliveries.waiting()
    sut.store.close()
    with running(address) as connection:
        (kept,) = connection.execute(select(_reflected("delivery", connection))).all()
    assert (kept.episode_id, kept.key, kept.route, kept.attempts) == (older, "2.0", "inbox", 3)


def test_a_step_that_takes_away_waits_until_older_programs_have_ended(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(address, tmp_path / "keys.json")
    sut = opened(address, tmp_path)
    here = Presence(sut.desk, Program("0.1.0", schema.REVISIONS[-1]))
    here.note("clock")
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9999"))
    monkeypatch.setattr(schema, "OLDEST", "9999")
    with pytest.raises(
        StoreError, match=r"serves no program before 9999, and there run clock \(0.1.0\): end them first"
    ):
        prepare(address, tmp_path / "keys.json")
    here.leave()
    sut.store.close()
    with pytest.raises(Exception, match="9999"):  # it goes on, to a step that is not there
        prepare(address, tmp_path / "keys.json")
