"""Goal: on PostgreSQL a command is two round trips, and the claim takes no more than it was asked for, by its index."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Close
from orchestrator.errors import StoreError
from orchestrator.service.handlers import Request, new_key
from orchestrator.store.connect import postgres_engine
from orchestrator.store.opening import open_store
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import System, system
from tests.factories import CLINICIAN, HOUR, T0, enrolment, record
from tests.integration.conftest import on
from tests.servers.postgres import Postgres


class Counter:
    """Passes bytes between one client and the server, and counts how often the client spoke after it had listened."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.trips = 0
        self._near, self._far = near, far
        self._listened = True

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self._near, self._far], [], [])
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if source is self._near:
                    self.trips += self._listened
                    self._listened = False
                else:
                    self._listened = True
                (self._far if source is self._near else self._near).sendall(data)


@contextmanager
def counted(server: Postgres, folder: Path) -> Iterator[Callable[[], int]]:
    """Listen where a server would, pass on to the real one; yield what reads the count of all connections."""
    counters: list[Counter] = []
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / ".s.PGSQL.5432"))
    door.listen()

    def serve() -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(server.socket / ".s.PGSQL.5432"))
            sockets.extend((near, far))
            counters.append(Counter(near, far))
            threads.append(threading.Thread(target=counters[-1].run))
            threads[-1].start()

    waiter = threading.Thread(target=serve)
    waiter.start()
    try:
        yield lambda: sum(each.trips for each in counters)
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        waiter.join()
        for thread in threads:
            thread.join()
        for each in sockets:
            each.close()


def test_a_command_is_two_round_trips(
    database: str, postgres_server: Postgres, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("p")
    with counted(postgres_server, folder) as trips:
        sut = on(database.partition("?")[0] + f"?host={folder}", tmp_path)
        episode_id = sut.enrolments.enrol(enrolment()).episode_id
        for number in range(8):  # until the statements are prepared
            sut.handlers.execute(record(episode_id, a=number))
        before = trips()
        sut.handlers.execute(record(episode_id, a=99))
        assert trips() - before == 2
        before = trips()
        assert sut.firing.fire_due().fired == 0
        assert trips() - before <= 2
        sut.store.close()


def test_a_claim_never_takes_more_than_it_was_asked_for_nor_what_others_hold(database: str, tmp_path: Path) -> None:
    sut = on(database, tmp_path)
    for number in range(6):
        sut.handlers.execute(record(sut.enrolments.enrol(enrolment(str(number))).episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    with sut.store.change() as first, sut.store.change() as second, sut.store.change() as third:
        taken = [
            {row.episode_id for row in each.claim_due(limit)[0]}
            for each, limit in ((first, 2), (second, 3), (third, 9))
        ]
    assert [len(each) for each in taken] == [2, 3, 1]
    assert len(set.union(*taken)) == 6
    sut.store.close()


def test_a_claim_goes_on_beside_another_whatever_isolation_the_server_prefers(database: str, tmp_path: Path) -> None:
    strict = f"{database}&options=-c%20default_transaction_isolation%3Dserializable"
    sut = on(strict, tmp_path)
    for number in range(2):
        sut.handlers.execute(record(sut.enrolments.enrol(enrolment(str(number))).episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    with sut.store.change() as slow:
        slow.next_alarm()  # from here on it would see nothing new
        assert sut.firing.fire_due(1).fired == 1
        rows, _ = slow.claim_due(2)
    assert len(rows) == 1
    sut.store.close()


def close(episode_id: str) -> Request:
    return Request(episode_id, Close("done"), CLINICIAN, new_key())


MANY = 50_000
_GROW = (
    "INSERT INTO patient SELECT 'x' || n, kek_id, wrapped_key, created_at"
    " FROM (SELECT * FROM patient LIMIT 1) p, generate_series(1, {many}) n",
    "INSERT INTO episode SELECT 'x' || n, 'x' || n, pathway, version, ward, state, seq, at, enrolled_at,"
    " now() + n * interval '1 minute', closed, tag, chain_hash, document, set_aside_until, attempts"
    " FROM (SELECT * FROM episode LIMIT 1) e, generate_series(1, {many}) n",
    "INSERT INTO entry SELECT 'x' || n, seq, cause_id, header, commitment, body, hash"
    " FROM (SELECT * FROM entry LIMIT 1) e, generate_series(1, {many}) n",
    "INSERT INTO item SELECT 'x' || n, kind, key, name, role, ward, due_at"
    " FROM (SELECT * FROM item LIMIT 1) i, generate_series(1, {many}) n",
)


def warmed(database: str, tmp_path: Path) -> System:
    """Return a system on one connection that has prepared every statement of the write path and keeps its plan."""
    sut = on(database, tmp_path)
    for number in range(7):
        episode_id = sut.enrolments.enrol(enrolment(str(number))).episode_id
        sut.handlers.execute(record(episode_id, a=1, alarm="1"))
        sut.handlers.execute_together([record(episode_id, a=2)])
        sut.clock.advance(2 * HOUR)
        assert sut.firing.fire_due(64).fired == 1
        sut.handlers.execute(close(episode_id))
    sut.handlers.execute(record(sut.enrolments.enrol(enrolment("8")).episode_id, a=1))
    together = [sut.enrolments.enrol(enrolment(f"t{number}")).episode_id for number in range(8)]
    for episode_id in together:
        sut.handlers.execute(record(episode_id, a=1, alarm="1"))
    sut.clock.advance(2 * HOUR)
    assert sut.firing.fire_due(64).fired == len(together)
    return sut


def plans(sut: System) -> dict[str, str]:
    """Return the plan that the connection keeps for each statement that it has prepared, by its text."""
    assert isinstance(sut.store, PostgresStore)
    found = {}
    with sut.store._engine.connect() as connection:
        connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        held = "SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements"
        for name, statement, takes in connection.exec_driver_sql(held).all():
            if not statement.startswith(("BEGIN", "COMMIT")):
                given = f"({', '.join(['NULL'] * takes)})" if takes else ""
                plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE {name}{given}").scalars()
                found[statement] = "\n".join(plan)
    return found


@pytest.mark.parametrize("analysed", [False, True], ids=["statistics of an empty store", "statistics of a full store"])
def test_every_statement_of_the_write_path_goes_by_an_index_however_the_store_grew(
    database: str, tmp_path: Path, analysed: bool
) -> None:
    address = database.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        for table in ("patient", "episode", "entry", "item", "notice", "log_pending", "open_enrolment"):
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
        connection.execute("ANALYZE")
        sut = warmed(database, tmp_path)
        for statement in _GROW:
            connection.execute(statement.format(many=MANY).encode())
        if analysed:
            connection.execute("ANALYZE")
        kept = plans(sut)
    assert len(kept) >= 10, "the whole write path"
    for statement, plan in kept.items():
        assert "Seq Scan" not in plan, (statement, plan)
    assert sum("unnest" in text for text in kept) >= 3, "what many episodes change and add, as columns"
    claims = {text: plan for text, plan in kept.items() if "LIMIT" in text}
    assert claims, "the clock of a test stands in the text, so that there is one for each moment"
    for claim, plan in claims.items():
        assert "using ix_episode_due" in plan, (claim, plan)
        assert "using pk_episode" in plan, (claim, plan)
    updates = {text: plan for text, plan in kept.items() if text.startswith("UPDATE episode")}
    assert sum("unnest" in text for text in updates) == 1
    assert len(updates) == 2, "of one episode, and of many"
    for text, plan in updates.items():
        assert "Index Scan using pk_episode" in plan, (text, plan)
    sut.store.close()


def test_a_real_stores_clock_is_the_databases(database: str, tmp_path: Path) -> None:
    opened = open_store(database, tmp_path / "keys.json")
    sut = system(opened.store, opened.keyring, VirtualClock(T0))
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    sut.enrolments.enrol(enrolment())
    with sut.store.read() as reader:
        times = reader.times()
    assert now is not None
    assert 0 <= (times.now - now).total_seconds() < 60
    assert 0 <= (times.wall - times.now).total_seconds() < 60, "both are the server's, read one after the other"
    sut.store.close()


def test_a_server_that_was_restarted_costs_one_command_and_loses_none(
    database: str, tmp_path: Path, postgres_server: Postgres
) -> None:
    sut = on(database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    name = database.partition("@/")[2].partition("?")[0]
    postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with pytest.raises(StoreError):
        sut.handlers.execute(record(episode_id, key="k", a=1))
    assert sut.handlers.execute(record(episode_id, key="k", a=1)).seq == 2
    assert sut.queries.show(episode_id)["seq"] == 2
    sut.store.close()


def test_a_server_that_ends_in_the_midst_of_a_read_says_so_and_the_next_read_is_whole(
    postgres_server: Postgres, database: str, tmp_path: Path
) -> None:
    sut = on(database, tmp_path)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    name = database.partition("@/")[2].partition("?")[0]
    end = f"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '{name}'"

    def read() -> None:
        with sut.store.read() as reader:
            postgres_server.execute(end)
            reader.episode(episode_id)

    with pytest.raises(StoreError, match="cannot be reached"):
        read()
    assert sut.queries.show(episode_id)["seq"] == 1
    sut.store.close()


def test_a_commit_that_the_server_turned_into_a_rollback_is_no_success(database: str, tmp_path: Path) -> None:
    sut = on(database, tmp_path)
    with pytest.raises(StoreError, match="nothing was written"):
        _go_on_after_a_failure(sut)
    sut.store.close()


def _go_on_after_a_failure(sut: System) -> None:
    with sut.store.change() as change:
        change.revoke_tokens(T0)
        with suppress(ProgrammingError):
            change._sql.exec_driver_sql("SELECT * FROM nowhere")


def test_a_line_that_is_lost_without_a_word_is_missed_soon(database: str) -> None:
    engine = postgres_engine(database, 1.0)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        told = {each.keyword: each.val for each in driver.pgconn.info}
    engine.dispose()
    silent = int(told[b"keepalives_idle"]) + int(told[b"keepalives_interval"]) * int(told[b"keepalives_count"])
    assert silent <= 30
    assert int(told[b"tcp_user_timeout"]) <= 30_000
