"""Goal: a store that is locked, full, read-only, newer or without its keys is one clear line; nothing is half-done."""

import os
import shutil
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, event

from orchestrator.clock import HostClock, VirtualClock
from orchestrator.errors import KeyMissing, StoreError
from orchestrator.store import connect, health, opening, schema
from orchestrator.store.connect import sqlite_engines, sqlite_module
from orchestrator.store.faults import translate
from orchestrator.store.opening import Simulation, open_store, prepare
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.sqlite import SqliteChange, SqliteStore
from tests.contract.conftest import System, system
from tests.factories import T0, enrolment, record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(url(tmp_path), tmp_path / "keys.json")
    return tmp_path


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o377])
def test_the_files_of_a_store_are_for_their_owner_alone(tmp_path: Path, mask: int) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(mask)
    try:
        prepare(url(tmp_path), tmp_path / "keys.json")
        sut = running(tmp_path)
        sut.enrolments.enrol(enrolment())
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("store.db*")}
    assert modes == dict.fromkeys(["store.db", "store.db-shm", "store.db-wal"], 0o600)
    sut.store.close()


def running(folder: Path, wait_s: float = 0.05) -> System:
    ring = open_store(url(folder), folder / "keys.json").keyring
    clock = VirtualClock(T0)
    return system(SqliteStore(*sqlite_engines(folder / "store.db", wait_s), clock, wait_s=wait_s), ring, clock)


def one_line(error: Exception) -> bool:
    return "\n" not in str(error) and len(str(error)) < 200


def test_a_store_that_another_program_holds_is_busy(folder: Path) -> None:
    sut = running(folder)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    other = sqlite_module().connect(str(folder / "store.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="busy") as told:
        sut.handlers.execute(record(episode_id, a=1))
    assert one_line(told.value)
    assert sut.queries.show(episode_id)["seq"] == 1
    other.execute("ROLLBACK")
    assert sut.handlers.execute(record(episode_id, a=1)).seq == 2


def test_a_turn_that_never_comes_is_busy(folder: Path) -> None:
    sut = running(folder)
    with sut.store.change(), pytest.raises(StoreError, match="busy"):
        sut.enrolments.enrol(enrolment())
    assert sut.enrolments.enrol(enrolment()).accepted


def test_a_full_disk_leaves_nothing_half_written(folder: Path) -> None:
    sut = running(folder)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.sql("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="disk is full") as told:
        sut.handlers.execute(record(episode_id, a="x" * 200_000))
    assert one_line(told.value)
    assert "xxx" not in str(told.value)
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal


def test_a_read_only_store_says_so(folder: Path) -> None:
    sut = running(folder)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="read-only"):
        sut.handlers.execute(record(episode_id, a=1))
    assert sut.queries.show(episode_id)["seq"] == 1


def test_a_schema_newer_than_the_program_is_left_alone(folder: Path) -> None:
    connection = sqlite_module().connect(str(folder / "store.db"))
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    running(folder).store.close()  # it only adds: whom it serves says the store
    prepare(url(folder), folder / "keys.json")
    connection.execute("UPDATE store_info SET oldest_revision = '9998'")
    connection.commit()
    for ask in (
        lambda: open_store(url(folder), folder / "keys.json"),
        lambda: prepare(url(folder), folder / "keys.json"),
    ):
        with pytest.raises(StoreError, match="newer than this program"):
            ask()


def test_a_store_that_was_never_made_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="carepath db upgrade"):
        open_store(url(tmp_path), tmp_path / "keys.json")


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database " * 1000)
    with pytest.raises(StoreError, match="no database"):
        prepare(url(tmp_path), tmp_path / "keys.json")


def test_a_missing_key_file_is_never_replaced_by_a_new_one(folder: Path) -> None:
    running(folder).enrolments.enrol(enrolment())
    shutil.move(folder / "keys.json", folder / "elsewhere.json")
    for ask in (
        lambda: open_store(url(folder), folder / "keys.json"),
        lambda: prepare(url(folder), folder / "keys.json"),
    ):
        with pytest.raises(KeyMissing, match="put it back from its backup"):
            ask()
    assert not (folder / "keys.json").exists()
    prepare(url(folder), folder / "elsewhere.json")


def test_the_keys_of_another_store_do_not_open_this_one(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    prepare(url(other), other / "keys.json")
    with pytest.raises(KeyMissing, match="put back its backup"):
        open_store(url(folder), other / "keys.json")


def test_a_key_file_that_others_can_read_is_refused(folder: Path) -> None:
    os.chmod(folder / "keys.json", 0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        open_store(url(folder), folder / "keys.json")


def test_a_damaged_key_file_is_told_from_a_missing_one(folder: Path) -> None:
    (folder / "keys.json").write_text('{"format": 1, "keys": []}')
    with pytest.raises(StoreError, match="damaged"):
        open_store(url(folder), folder / "keys.json")


@pytest.mark.parametrize("address", ["mysql://x", "sqlite:///", "nonsense"])
def test_an_address_that_is_none_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="address"):
        prepare(address, tmp_path / "keys.json")


def test_a_store_stays_of_the_kind_that_it_was_born(tmp_path: Path) -> None:
    fast = Simulation(T0, 3600)
    prepare(url(tmp_path), tmp_path / "keys.json", fast)
    opened = open_store(url(tmp_path), tmp_path / "keys.json")
    assert opened.simulation == fast
    with pytest.raises(StoreError, match="never becomes real"):
        prepare(url(tmp_path), tmp_path / "keys.json")
    opened.store.close()


def test_a_real_store_refuses_an_accelerated_clock(folder: Path) -> None:
    with pytest.raises(StoreError, match="real one"):
        prepare(url(folder), folder / "keys.json", Simulation(T0, 60))


@pytest.mark.parametrize(
    ("version", "good"),
    [((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True),
     ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 0), True), ((4, 0, 0), True)],
)  # fmt: skip
def test_only_a_library_without_the_wal_fault_is_trusted(version: tuple[int, ...], good: bool) -> None:
    assert connect.trusted(version) is good


@pytest.mark.parametrize("nth", range(1, 9))
def test_a_crash_before_any_statement_leaves_nothing_half_written(folder: Path, nth: int) -> None:
    sut = running(folder)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    with sut.store.change() as change:
        assert isinstance(change, SqliteChange)
        run = change._run

    def crash_at_nth(statement: str, *parameters: object) -> object:
        crash_at_nth.left -= 1  # type: ignore[attr-defined]
        if not crash_at_nth.left and statement != "ROLLBACK":  # type: ignore[attr-defined]
            raise RuntimeError("the process ends here")
        return run(statement, *parameters)

    crash_at_nth.left = nth  # type: ignore[attr-defined]
    change._run = crash_at_nth
    try:
        sut.handlers.execute(record(episode_id, key="k", a=1))
        written = 2
    except RuntimeError:
        written = 1
    change._run = run
    assert sut.queries.show(episode_id)["seq"] == written
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal
    assert sut.handlers.execute(record(episode_id, key="k", a=1)).seq == 2


def test_a_locked_episode_on_postgresql_is_busy(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_LOCK_WAIT_S", 0.05)
    sut = on_postgres(postgres_database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    with psycopg.connect(postgres_database.replace("+psycopg", "")) as other:
        other.execute("SELECT 1 FROM episode FOR UPDATE")
        with pytest.raises(StoreError, match="busy"):
            sut.handlers.execute(record(episode_id, a=1))
    assert sut.handlers.execute(record(episode_id, a=1)).seq == 2
    sut.store.close()


def test_a_read_only_postgresql_says_so(postgres_database: str, tmp_path: Path) -> None:
    sut = on_postgres(postgres_database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.store.close()
    sut = on_postgres(f"{postgres_database}&options=-c%20default_transaction_read_only%3Don", tmp_path, make=False)
    with pytest.raises(StoreError, match="read-only"):
        sut.handlers.execute(record(episode_id, a=1))
    sut.store.close()


def test_a_postgresql_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as told:
        prepare(f"postgresql://nobody@/none?host={tmp_path}", tmp_path / "keys.json")
    assert one_line(told.value)


@pytest.mark.parametrize(
    ("error", "what"),
    [(psycopg.errors.DataCorrupted(), "standby take over"), (psycopg.errors.IndexCorrupted(), "REINDEX")],
)
def test_a_damaged_postgresql_says_what_to_do(error: psycopg.Error, what: str) -> None:
    said = translate(error)
    assert isinstance(said, StoreError)
    assert what in str(said)


def test_a_store_is_born_by_its_own_time_whatever_the_machine_shows_that_makes_it(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = HostClock.now
    monkeypatch.setattr(HostClock, "now", lambda clock: right(clock) + timedelta(days=1))
    sut = on_postgres(postgres_database, tmp_path)
    health.back_up_keys(postgres_database, None, tmp_path / "keys.json", tmp_path / "safe.json")
    with sut.store.read() as reader:
        seen, wall = reader.seen_at(), reader.times().wall
    backup = health.health(postgres_database, None, tmp_path / "keys.json", None).backup
    sut.store.close()
    assert seen is not None
    assert backup.latest is not None
    assert seen <= wall, "no clock fires before what was seen"
    assert wall - timedelta(minutes=1) < backup.latest < wall + timedelta(minutes=1)


def on_postgres(address: str, folder: Path, *, make: bool = True) -> System:
    if make:
        prepare(address, folder / "keys.json")
    opened = open_store(address, folder / "keys.json")
    assert isinstance(opened.store, PostgresStore)
    return system(opened.store, opened.keyring, VirtualClock(T0))


def test_the_steps_and_the_tables_are_one_schema(
    folder: Path, new_postgres_database: Callable[..., str], tmp_path: Path
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from orchestrator.store.tables import metadata

    address = new_postgres_database()
    prepare(address, tmp_path / "pg-keys.json")
    for engine in (sqlite_engines(folder / "store.db", 1)[0], create_engine(address)):
        with engine.connect() as connection:
            assert schema.revision(connection) == schema.REVISIONS[-1]
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
        engine.dispose()


def test_a_column_says_what_it_holds() -> None:
    from orchestrator.store.tables import metadata

    assert [str(column) for table in metadata.tables.values() for column in table.c if not column.comment] == []


def test_a_per_episode_key_begins_with_the_episode() -> None:
    from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint

    from orchestrator.store.tables import metadata

    for table in metadata.tables.values():
        if "episode_id" not in table.c or table.name in {"open_enrolment", "look"}:  # those are per patient
            continue
        for constraint in table.constraints:
            if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
                assert next(iter(constraint.columns)).name == "episode_id", constraint
        assert not [index for index in table.indexes if index.unique]


def _let_in(door: socket.socket) -> None:
    """Let one client in, as PostgreSQL does, and say no more."""
    taken, _ = door.accept()
    with taken:
        taken.recv(1024)
        taken.sendall(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
        while taken.recv(1024):
            pass


def test_a_server_that_is_gone_without_a_word_is_missed_in_seconds_and_not_in_hours() -> None:
    found: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_let_in, args=(door,), daemon=True).start()
        place = f"127.0.0.1:{door.getsockname()[1]}"
        engine = connect.postgres_engine(f"postgresql://u@{place}/d?sslmode=disable&gssencmode=disable", 2.0)

        @event.listens_for(engine, "connect", insert=True)
        def look(made: psycopg.Connection[tuple[object, ...]], _: object) -> None:
            with socket.socket(fileno=os.dup(made.fileno())) as same:
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT):
                    found.append(same.getsockopt(socket.IPPROTO_TCP, option))
            made.close()
            raise InterruptedError

        with pytest.raises(InterruptedError):
            engine.connect()
    idle, interval, unheard_ms = found
    assert 0 < idle <= 10
    assert 0 < interval <= 5
    assert 0 < unheard_ms <= 15_000
