"""Goal: the doctor tells a database server that may lose what was committed, and no process begins to fill one.

Its own PostgreSQL server, with its syncs: the one of the other tests is faster, and fails these checks.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from orchestrator import bootstrap, config
from orchestrator.errors import StoreError
from tests.integration.cli.conftest import Terminal
from tests.integration.installation import until
from tests.servers.postgres import USER, Postgres, running_postgres

Sql = Callable[..., None]
GRANT_AGAIN = "say the grants again, Install, in operations.md"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture
def sql(server: Postgres, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sql]:
    """A store in a database of its own; the function runs statements in it, each in a transaction of its own."""
    server.execute("CREATE DATABASE ward TEMPLATE template0")
    monkeypatch.setenv("CAREPATH_DATABASE_URL", server.url("ward"))
    monkeypatch.setenv("CAREPATH_KEYS", str(terminal.home / "ward.keys"))
    assert terminal("db", "upgrade").code == 0

    def run(*statements: str) -> None:
        with psycopg.connect(host=str(server.socket), user=USER, dbname="ward", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    yield run
    server.execute("ALTER SYSTEM RESET ALL")
    server.execute("SELECT pg_reload_conf()")
    server.execute("DROP DATABASE ward WITH (FORCE)")


def checks(terminal: Terminal) -> dict[str, tuple[str, str]]:
    return {each["check"]: (each["level"], each["text"]) for each in terminal("doctor", "--json").document["checks"]}


def test_a_server_that_keeps_what_it_is_given(terminal: Terminal, sql: Sql) -> None:
    terminal.enrol()
    assert terminal("keys", "backup", str(terminal.home / "copy")).code == 0
    with bootstrap.open_system(config.read()) as system:
        system.pulse.saw(datetime.now(UTC))
    found = checks(terminal)
    assert {name for name, (level, _) in found.items() if level != "ok"} == {"releases", "rights"}
    assert found["releases"][0] == "warn"  # nobody released the version that the patient is on
    assert "PostgreSQL" in found["store"][1]
    terminal.assert_sound()
    bootstrap.open_to_run(config.read()).close()


@pytest.mark.parametrize(
    ("check", "change", "says"),
    [
        ("durable", "ALTER SYSTEM SET fsync = off", "turn on fsync"),
        ("durable", "ALTER SYSTEM SET full_page_writes = off", "turn on full_page_writes"),
        ("durable", "ALTER DATABASE ward SET synchronous_commit = off", "turn on synchronous_commit"),
        ("primary", "ALTER DATABASE ward SET default_transaction_read_only = on", "name the primary"),
        ("logged", "ALTER TABLE log_pending SET UNLOGGED", "log_pending"),
    ],
)
def test_what_would_lose_data_fails_and_nothing_starts_on_it(
    terminal: Terminal, sql: Sql, check: str, change: str, says: str
) -> None:
    sql(change, "SELECT pg_reload_conf()")
    settings = config.read()
    _until_seen(settings, check)
    level, text = checks(terminal)[check]
    assert (level, says in text) == ("fail", True), text
    with pytest.raises(StoreError, match=says):
        bootstrap.open_to_run(settings)


def _until_seen(settings: config.Settings, check: str) -> None:
    """Wait until the server has read its settings again."""

    def seen() -> bool:
        return not all(each.well for each in bootstrap.examine_server(settings) if each.check == check)

    until(seen, f"the server says so of '{check}'")


@pytest.mark.parametrize(
    ("check", "change", "says"),
    [
        ("connections", "ALTER DATABASE ward CONNECTION LIMIT 10", "of 10 are taken: allow more"),
        ("vacuum", "ALTER SYSTEM SET autovacuum = off", "autovacuum is off"),
        ("vacuum", "ALTER TABLE entry SET (autovacuum_enabled = false)", "entry"),
    ],
)
def test_what_would_slow_it_down_is_a_warning(terminal: Terminal, sql: Sql, check: str, change: str, says: str) -> None:
    sql(change, "SELECT pg_reload_conf()")
    settings = config.read()
    _until_seen(settings, check)
    level, text = checks(terminal)[check]
    assert (level, says in text) == ("warn", True), text
    bootstrap.open_to_run(settings).close()


def test_a_store_that_takes_nothing_is_not_ready(sql: Sql) -> None:
    with bootstrap.open_system(config.read()) as system:
        system.store.ready()
        sql("ALTER DATABASE ward SET default_transaction_read_only = on")
        system.store.close()  # its connections are made anew
        with pytest.raises(StoreError, match="read-only"):
            system.store.ready()


def test_a_role_of_its_own_cannot_change_what_was_entered(
    terminal: Terminal, sql: Sql, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    level, text = checks(terminal)["rights"]
    assert (level, "entry" in text) == ("warn", True)
    sql(*GRANTS)
    try:
        monkeypatch.setenv("CAREPATH_DATABASE_URL", server.url("ward").replace(f"//{USER}@", "//carepath_app@"))
        assert checks(terminal)["rights"][0] == "ok"
        episode = terminal.enrol()
        assert terminal("record", episode, "weight_kg=70").code == 0
        with bootstrap.open_system(config.read()) as system:
            system.store.ready()
            assert not system.firing.fire_due().failed
        monkeypatch.setenv("PATH", str(server.binaries), prepend=":")
        assert terminal("backup", str(terminal.home / "backups" / "ward.store")).code == 0
        terminal.assert_sound()
        sql("REVOKE ALL ON guess FROM carepath_app")  # as of a table that an upgrade has made
        level, text = checks(terminal)["rights"]
        assert (level, text) == ("fail", f"the program's role may not read guess: {GRANT_AGAIN}")
        with pytest.raises(StoreError, match="may not read guess"):
            bootstrap.open_to_run(config.read())
        sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM carepath_app")
        level, text = checks(terminal)["store"]
        assert (level, text) == ("fail", f"the database role lacks a right that carepath needs: {GRANT_AGAIN}")
    finally:
        sql("DROP OWNED BY carepath_app", "DROP ROLE carepath_app")


def _grants() -> tuple[str, ...]:
    """Return the statements of docs/operations.md."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    block = page.split("```sql\n")[1].split("```")[0]
    return tuple(statement.strip() for statement in block.split(";") if statement.strip())


GRANTS = _grants()
