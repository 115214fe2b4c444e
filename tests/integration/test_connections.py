"""Goal: a connection to PostgreSQL is as the write path needs it, whatever stands in the environment or befalls it."""

from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.store.connect import postgres_engine
from tests.contract.conftest import System
from tests.factories import enrolment, record
from tests.integration.conftest import on


def test_text_is_the_same_for_all_readers_whatever_encoding_the_environment_names(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    sut = on(database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment(ward="Übergang")).episode_id
    sut.handlers.execute(record(episode_id, a=1))
    with sut.store.read() as reader:
        row = reader.episode(episode_id)
    assert row is not None
    assert row.ward == "Übergang"
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal
    sut.store.close()


def test_nothing_is_compiled_for_a_table_of_one_row(database: str) -> None:
    engine = postgres_engine(database, 1.0)
    with engine.connect() as connection:
        told = connection.exec_driver_sql("EXPLAIN (ANALYZE) UPDATE store_info SET seen_at = seen_at").scalars().all()
    engine.dispose()
    assert not [line for line in told if "JIT" in line], told


def test_the_server_ends_what_is_slow_before_it_counts_as_silent(database: str) -> None:
    engine = postgres_engine(database, 1.0, patience_s=10.0)
    with engine.connect() as connection:
        ends = connection.exec_driver_sql("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
        assert 5_000 < ends.scalar_one() < 10_000
    engine.dispose()


def test_a_connection_whose_statements_were_forgotten_prepares_them_anew(database: str, tmp_path: Path) -> None:
    sut = on(database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1))
    with pytest.raises(StoreError, match="pooler"):
        _forget(sut)
    assert sut.handlers.execute(record(episode_id, a=2)).seq == 3
    sut.store.close()


def _forget(sut: System) -> None:
    """Do what a pooler does when it lends a connection to another."""
    with sut.store.change() as change:
        change._sql.exec_driver_sql("DEALLOCATE ALL")
