"""Goal: the doctor finds what is wrong with an installation and says what to do; what is fine it calls fine."""

import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from orchestrator import bootstrap, config
from orchestrator.cli import valkey
from orchestrator.cli.valkey import Valkey
from orchestrator.store import connect
from orchestrator.store.types import to_micros
from tests.integration.cli.conftest import Terminal
from tests.integration.installation import until
from tests.servers.ports import free_port
from tests.servers.vouching import CLIENT, small_provider


def checks(terminal: Terminal, code: int = 0) -> dict[str, tuple[str, str]]:
    said = terminal("doctor", "--json")
    assert said.code == code, said
    return {each["check"]: (each["level"], each["text"]) for each in said.document["checks"]}


def sql(terminal: Terminal, statement: str, *values: object) -> None:
    connection = connect.sqlite_module().connect(terminal.home / "carepath.db", isolation_level=None)
    connection.execute(statement, values)
    connection.close()


def test_a_sound_installation(terminal: Terminal) -> None:
    look(terminal)
    found = checks(terminal)
    others = {"backup", "zone"}  # a copy is not made yet, and the machine's time zone data grow old by themselves
    assert {level for name, (level, _) in found.items() if name not in others} == {"ok"}
    assert found["zone"][1].startswith("UTC")
    assert found["store"][1].endswith("real; 0 episodes, 0 of them open")
    assert "without the WAL fault" in found["sqlite"][1]
    assert terminal("doctor").out.startswith("ok    pathways   ")


def test_the_hospitals_own_login(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look(terminal)
    assert "provider" not in checks(terminal), "where there is none nothing is said"
    with small_provider() as issuer:
        monkeypatch.setenv("CAREPATH_OIDC_ISSUER", issuer.address)
        monkeypatch.setenv("CAREPATH_OIDC_CLIENT_ID", CLIENT)
        level, text = checks(terminal)["provider"]
        assert level == "ok"
        assert text.startswith(f"{issuer.address} answers")
        monkeypatch.setenv("CAREPATH_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "away"))
        level, text = checks(terminal, code=1)["provider"]
        assert level == "fail"
        assert "away cannot be read" in text
    monkeypatch.delenv("CAREPATH_OIDC_CLIENT_SECRET_FILE")
    level, text = checks(terminal)["provider"]
    assert level == "warn"
    assert text.startswith("the provider cannot be reached: ")


def look(terminal: Terminal) -> None:
    """Do what a clock process does first."""
    with bootstrap.open_system(config.read()) as system:
        system.pulse.saw(datetime.now(UTC))


def test_a_store_that_no_clock_ever_looked_after(terminal: Terminal) -> None:
    level, text = checks(terminal)["ticking"]
    assert (level, text) == ("warn", "no clock process has ever looked: run carepath up, or clock")
    terminal.enrol()
    sql(terminal, "UPDATE episode SET next_due_at = ?", to_micros(datetime.now(UTC) - timedelta(seconds=5)))
    assert checks(terminal, code=1)["ticking"][0] == "fail"
    look(terminal)
    assert checks(terminal)["ticking"] == ("ok", "a clock process looks after the timers")


def test_a_hold_that_was_written_into_the_store(terminal: Terminal) -> None:
    episode = terminal.enrol()
    assert terminal("hold", episode, "--reason", "case 1").code == 0
    look(terminal)
    assert checks(terminal)["looks"] == ("ok", "the records of 1 look are whole, holds and merges as they say")
    sql(terminal, "DELETE FROM legal_hold")
    level, text = checks(terminal, code=1)["looks"]
    assert level == "fail"
    assert "by the record it is held, and it is not" in text
    said = terminal("audit", "verify", "--all")
    assert said.code != 0
    assert "by the record it is held, and it is not" in said.out
    assert "\n  by the record it is held" in terminal("seen", episode).out


def test_keys_that_are_not_backed_up(terminal: Terminal) -> None:
    terminal.enrol()
    level, text = checks(terminal)["backup"]
    assert level == "warn"
    assert "run carepath keys backup DEST" in text
    copy = terminal.home.parent / "copy.keys"
    assert terminal("keys", "backup", str(copy)).code == 0
    assert checks(terminal)["backup"][0] == "ok"
    assert copy.stat().st_mode & 0o077 == 0
    again = terminal("keys", "backup", str(copy))
    assert (again.code, "choose another place" in again.line) == (2, True)
    copy.unlink()
    assert checks(terminal)["backup"][0] == "warn"


def test_a_simulated_store_needs_no_backup(terminal: Terminal) -> None:
    settings = config.read(simulated=True)
    bootstrap.prepare_store(settings, bootstrap.Simulation(datetime.now(UTC), 60))
    said = terminal("doctor", "--json", "--simulated")
    (backup,) = [each for each in said.document["checks"] if each["check"] == "backup"]
    assert (backup["level"], backup["text"]) == ("ok", "none is needed: no real patient is in a simulated store")


def test_timers_that_nobody_fires(terminal: Terminal) -> None:
    episode = terminal.enrol()
    late = to_micros(datetime.now(UTC) - timedelta(hours=1))
    sql(terminal, "UPDATE episode SET next_due_at = ?", late)
    sql(terminal, "UPDATE store_info SET seen_at = ?", late)
    found = checks(terminal, code=1)
    assert found["timers"][0] == found["ticking"][0] == "fail"
    assert "run carepath up" in found["ticking"][1]
    sql(terminal, "UPDATE episode SET set_aside_until = ?, attempts = 3", to_micros(datetime.now(UTC)))
    level, text = checks(terminal, code=1)["set aside"]
    assert (level, f"{episode} (3 tries)" in text) == ("fail", True)


def test_notices_that_nobody_delivers(terminal: Terminal) -> None:
    terminal.enrol()
    assert checks(terminal)["notices"] == ("ok", "none waits to leave the house")
    since = to_micros(datetime.now(UTC) - timedelta(hours=1))
    leave = "INSERT INTO outbox (episode_id, key, route, since, next_try_at, attempts, lease_token)"
    sql(terminal, f"{leave} SELECT episode_id, key, 'leads', ?, 0, 0, 0 FROM notice", since)
    level, text = checks(terminal, code=1)["notices"]
    assert (level, "see that a worker runs" in text) == ("fail", True)
    sql(terminal, "UPDATE outbox SET given_up_at = ?", since)
    level, text = checks(terminal, code=1)["notices"]
    assert (level, "carepath deliveries --dead" in text) == ("fail", True)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE episode SET at = ?", "the last entry lies in the future"),
        ("UPDATE store_info SET seen_at = ?", "set it right; if it is right, the store was told a wrong time"),
        ("UPDATE store_info SET created_at = ?, seen_at = NULL", "the wall clock stands before"),
    ],
)
def test_a_clock_that_stands_behind(terminal: Terminal, statement: str, says: str) -> None:
    terminal.enrol()
    sql(terminal, statement, to_micros(datetime.now(UTC) + timedelta(minutes=5)))
    level, text = checks(terminal, code=1)["clock"]
    assert (level, says in text) == ("fail", True)


def test_a_store_that_cannot_be_used(terminal: Terminal) -> None:
    (terminal.home / "carepath.keys").unlink()
    said = terminal("doctor")
    assert said.code == 1
    assert "fail  store" in said.out
    assert said.line == "not as it should be: store; see the lines above"


def test_a_broker_that_evicts_or_is_away(
    terminal: Terminal, redis_server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    level, text = checks(terminal)["broker"]
    assert (level, "worker and clock by themselves need CAREPATH_BROKER_URL" in text) == ("ok", True), text
    monkeypatch.setenv("CAREPATH_BROKER_URL", redis_server.url)
    assert checks(terminal)["broker"] == ("ok", "it answers, and never evicts")
    with redis.Redis.from_url(redis_server.client_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert "set noeviction" in checks(terminal, code=1)["broker"][1]
        client.config_set("maxmemory-policy", "noeviction")
    monkeypatch.setenv("CAREPATH_BROKER_URL", "redis://:hidden-word@127.0.0.1:1/0")
    level, text = checks(terminal, code=1)["broker"]
    assert (level, "hidden-word" in text) == ("fail", False)


def test_a_broker_without_memory(terminal: Terminal, redis_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_BROKER_URL", redis_server.url)
    with redis.Redis.from_url(redis_server.client_url) as client:
        client.config_set("maxmemory", "8mb")
        try:
            level, text = checks(terminal, code=1)["broker"]
        finally:
            client.config_set("maxmemory", "0")
    assert (level, "is too little" in text) == ("fail", True)
    assert checks(terminal)["broker"][0] == "ok"


def test_a_broker_that_takes_no_jobs(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = valkey.start(tmp_path / "broker")
    try:
        monkeypatch.setenv("CAREPATH_BROKER_URL", server.url)
        with redis.Redis.from_url(server.client_url) as client:
            client.execute_command("REPLICAOF", "127.0.0.1", "1")
            assert "it is a replica" in checks(terminal, code=1)["broker"][1]
            client.execute_command("REPLICAOF", "NO", "ONE")
            assert checks(terminal)["broker"][0] == "ok"
            client.set("filling", "x" * 31_000_000)
            client.config_set("maxmemory", "32mb")
            assert "its memory is full" in checks(terminal, code=1)["broker"][1]
    finally:
        server.stop()


def test_a_broker_that_lets_us_not_in(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = valkey.start(tmp_path / "broker")
    try:
        with redis.Redis.from_url(server.client_url) as client:
            client.config_set("requirepass", "right-word")
        for url in (server.url, server.url.replace("://", "://:wrong-word@")):
            monkeypatch.setenv("CAREPATH_BROKER_URL", url)
            level, text = checks(terminal, code=1)["broker"]
            assert (level, "CAREPATH_BROKER_PASSWORD_FILE" in text, "wrong-word" in text) == ("fail", True, False)
    finally:
        server.stop()


def test_a_broker_that_is_a_cluster(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, nodes = free_port(), ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    server = subprocess.Popen(
        [str(valkey._binary()), "--port", str(port), "--bind", "127.0.0.1", *nodes, "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
    )
    try:
        monkeypatch.setenv("CAREPATH_BROKER_URL", f"redis://127.0.0.1:{port}/0")
        until(lambda: "does not answer" not in checks(terminal, code=1)["broker"][1], "it answers")
        assert "it is a Redis cluster" in checks(terminal, code=1)["broker"][1]
    finally:
        server.kill()
        server.wait()


def test_a_new_token_opens_and_the_old_one_no_longer(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = terminal("token").out.strip(), terminal("token", "--json").document["token"]
    with bootstrap.open_system(config.read()) as system:
        assert system.access.holder(second) is not None
        assert system.access.holder(first) is None
    monkeypatch.setenv("CAREPATH_ADMIN_TOKEN_FILE", str(terminal.home / "secret"))
    assert "change that file" in terminal("token").line
