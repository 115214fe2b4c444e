"""Goal: a store that cannot be used says why and what to do in one line, with exit code 2; nothing is half-written."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from orchestrator.store import connect, opening
from orchestrator.store.faults import translate
from tests.disk import files_of_at_most
from tests.integration.cli.conftest import Terminal
from tests.servers.postgres import guarded_postgres

UNUSABLE = 2


@pytest.fixture
def episode(terminal: Terminal) -> str:
    """An episode in the workup."""
    return terminal.enrol()


def sql(terminal: Terminal, *statements: str) -> None:
    """Change the store behind the program's back."""
    connection = connect.sqlite_module().connect(terminal.home / "carepath.db", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def fails(terminal: Terminal, says: str, *words: str) -> None:
    said = terminal(*words)
    assert (said.code, said.out) == (UNUSABLE, "")
    assert says in said.line, said.line


@pytest.fixture
def pragmas() -> Iterator[list[str]]:
    """What each connection is told after it has been set up."""
    told: list[str] = []

    def tell(connection: Any, _: object) -> None:  # noqa: ANN401  a driver's
        for pragma in told:
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(Engine, "connect", tell)
    yield told
    event.remove(Engine, "connect", tell)


def test_a_store_that_is_locked(terminal: Terminal, episode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_WAIT_S", 0.05)
    other = connect.sqlite_module().connect(terminal.home / "carepath.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fails(terminal, "the store is busy: another program holds it; try again", "record", episode, "severity=mild")
    assert terminal("show", episode).code == 0  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert terminal("record", episode, "severity=mild").code == 0
    terminal.assert_sound()


def test_a_store_that_is_full(terminal: Terminal, episode: str, pragmas: list[str]) -> None:
    pragmas.append("max_page_count=1")  # no page more than there is
    reason = "".join(os.urandom(1).hex() for _ in range(2000))
    says = "the disk is full: nothing was written; free some space"
    for _ in range(40):  # until the pages that are there are used up
        said = terminal("record", episode, "severity=mild", "--reason", reason)
        if said.code != 0:
            break
    assert (said.code, said.out) == (UNUSABLE, "")
    assert said.line == says
    pragmas.clear()
    terminal.assert_sound()


def test_a_disk_so_full_that_the_store_cannot_be_opened(terminal: Terminal, episode: str) -> None:
    with files_of_at_most(100):
        fails(terminal, "the disk is full, or fails: nothing was written; free some space", "show", episode)
    terminal.assert_sound()


def test_a_store_that_is_read_only(terminal: Terminal, episode: str, pragmas: list[str]) -> None:
    pragmas.append("query_only=ON")
    fails(terminal, "the store is read-only: nothing was written", "record", episode, "severity=mild")
    assert terminal("show", episode).code == 0
    pragmas.clear()
    terminal.assert_sound()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written(terminal: Terminal, episode: str) -> None:
    (terminal.home / "carepath.db").chmod(0o400)
    said = terminal("record", episode, "severity=mild")
    assert (said.code, said.line != "") == (UNUSABLE, True)


def test_a_schema_that_is_newer(terminal: Terminal, episode: str) -> None:
    sql(terminal, "UPDATE alembic_version SET version_num = '9999'")
    sql(terminal, "UPDATE store_info SET oldest_revision = '9999'")
    says = "the store's schema 9999 is newer than this program"
    for words in (["show", episode], ["record", episode, "severity=mild"], ["db", "upgrade"], ["token"]):
        fails(terminal, says, *words)


def test_a_key_file_that_is_missing(terminal: Terminal, episode: str) -> None:
    keys = terminal.home / "carepath.keys"
    keys.rename(terminal.home / "elsewhere")
    for words in (["show", episode], ["record", episode, "severity=mild"], ["db", "upgrade"]):
        fails(terminal, "is missing: put it back from its backup", *words)
    assert not keys.exists()  # no new one in its place: it would open nothing
    (terminal.home / "elsewhere").rename(keys)
    terminal.assert_sound()


def test_keys_that_are_others(terminal: Terminal, episode: str, tmp_path: Path) -> None:
    keys = terminal.home / "carepath.keys"
    keys.chmod(0o644)
    fails(terminal, "is open to others: chmod 600 it", "show", episode)
    keys.chmod(0o600)
    other = tmp_path / "other"
    assert terminal("db", "upgrade", "--home", str(other)).code == 0
    keys.write_bytes((other / "carepath.keys").read_bytes())
    fails(terminal, "does not hold the key", "show", episode)
    keys.write_bytes(b"{}")
    fails(terminal, "is damaged: put it back from its backup", "show", episode)


def test_a_file_that_is_no_store(terminal: Terminal) -> None:
    (terminal.home / "carepath.db").write_bytes(b"x" * 5000)
    fails(terminal, "the store's file is no database", "worklist")


def test_no_store_at_all(terminal: Terminal, tmp_path: Path) -> None:
    home = tmp_path / "nowhere"
    fails(terminal, "run carepath up, or carepath db upgrade", "worklist", "--home", str(home))
    assert not home.exists()
    (tmp_path / "file").write_text("")
    fails(terminal, "cannot be made", "db", "upgrade", "--home", str(tmp_path / "file" / "below"))


def test_an_upgrade_makes_no_real_store_where_the_simulated_one_belongs(terminal: Terminal) -> None:
    home = terminal.home / "simulated"
    says = "carepath up --simulated makes one"
    fails(terminal, says, "db", "upgrade", "--simulated")
    assert not home.exists()
    home.mkdir()
    (home / "carepath.db").touch()
    fails(terminal, says, "db", "upgrade", "--simulated")
    assert [each.name for each in home.iterdir()] == ["carepath.db"]
    real = f"sqlite:///{terminal.home / 'carepath.db'}"
    fails(terminal, "this store is a real one", "db", "upgrade", "--simulated", "--database", real)


def test_an_upgrade_makes_no_real_store_in_a_database_meant_for_a_simulated_one(
    terminal: Terminal, postgres_database: str
) -> None:
    for words in (["db", "upgrade"], ["worklist"]):
        says = "carepath up --simulated makes one" if words[0] == "db" else "no tables yet"
        fails(terminal, says, *words, "--simulated", "--database", postgres_database)


def test_a_database_that_lets_nobody_in_says_why(terminal: Terminal, tmp_path: Path) -> None:
    with guarded_postgres(tmp_path, "ward") as address:
        word = str(make_url(address).password)
        bound, checked = address.partition("&channel_binding")[0], address.partition("&sslrootcert")[0]
        for url, says in (
            (address.replace(word, "another-word"), "refuses user or password"),
            (address.replace(f":{word}@", "@"), "asks for a password"),
            (address.replace("/ward?", "/nowhere?"), "no such database"),
            (bound.replace("verify-full", "disable"), "pg_hba.conf"),
            (f"{checked}&sslrootcert={tmp_path / 'nowhere'}", "certificate"),
            (f"{address}&colour=red", "a parameter that PostgreSQL does not know"),
        ):
            said = terminal("worklist", "--database", url)
            assert (said.code, says in said.line, word in said.line) == (UNUSABLE, True, False), said.line


@pytest.mark.parametrize(
    "said",
    [
        "FATAL:  sorry, too many clients already",
        'FATAL:  too many connections for database "ward"',
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ],
)
def test_a_database_that_takes_no_more_connections_says_so(said: str) -> None:
    error = translate(psycopg.OperationalError(f"connection failed: {said}"))
    assert "raise max_connections" in str(error)


def test_a_database_that_is_not_there(terminal: Terminal) -> None:
    url = "postgresql://somebody:hidden-word@127.0.0.1:1/carepath"
    said = terminal("worklist", "--database", url)
    assert said.code == UNUSABLE
    assert "cannot be reached" in said.line
    assert "hidden-word" not in said.line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CAREPATH_TIMEZONE", "Mars/Olympus", "there is no time zone"),
        ("CAREPATH_TIMEZONE", "localtime", "that is the same on every machine; name one such as"),
        ("CAREPATH_PORT", "many", "the port must be a number"),
        ("CAREPATH_BROKER_URL", "kafka://x", "CAREPATH_BROKER_URL must begin with"),
        ("CAREPATH_DATABASE_URL", "mysql://x", "must begin with sqlite:/// or postgresql://"),
        ("CAREPATH_DATABASE_URL", "sqlite://", "must name a file"),
    ],
)
def test_settings_that_cannot_be_right(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    fails(terminal, says, "worklist")


def test_a_password_file_that_cannot_be_read(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_DATABASE_URL", "postgresql://somebody@127.0.0.1:1/carepath")
    monkeypatch.setenv("CAREPATH_DATABASE_PASSWORD_FILE", str(terminal.home / "nowhere"))
    fails(terminal, "CAREPATH_DATABASE_PASSWORD_FILE: the file", "worklist")


def test_a_chain_that_was_changed_is_found(terminal: Terminal, episode: str) -> None:
    terminal("record", episode, "severity=mild")
    sql(
        terminal,
        "DROP TRIGGER entry_no_update",
        "UPDATE entry SET header = replace(header, '\"n1\"', '\"n2\"') WHERE seq = 1",
    )
    said = terminal("audit", "verify", "--all")
    assert said.code == 1
    assert said.out.startswith("chain BROKEN: 1 episode,")
    assert f"{episode} entry 1" in said.out
    assert "is broken" in said.line


def test_a_row_that_does_not_follow_is_found(terminal: Terminal, episode: str) -> None:
    sql(terminal, "UPDATE episode SET ward = 'elsewhere'")
    said = terminal("audit", "replay", "--all")
    assert said.code == 1
    assert f"{episode}: ward" in said.out


@pytest.mark.parametrize(
    "damage",
    [
        ("UPDATE episode SET document = zeroblob(40) WHERE {it}",),
        ("UPDATE episode SET version = 'x' WHERE {it}",),
        ("UPDATE episode SET patient_id = (SELECT max(patient_id) FROM episode WHERE NOT {it}) WHERE {it}",),
        ("UPDATE episode SET patient_id = 'x' WHERE {it}",),
        ("UPDATE episode SET at = 9000000000000000000 WHERE {it}",),
        (
            "UPDATE patient SET wrapped_key = zeroblob(60)"
            " WHERE patient_id = (SELECT patient_id FROM episode WHERE {it})",
        ),
        (
            "UPDATE entry SET seq = 9 WHERE seq = 1 AND {it}",
            "UPDATE entry SET seq = 1 WHERE seq = 2 AND {it}",
            "UPDATE entry SET seq = 2 WHERE seq = 9 AND {it}",
        ),
        ("UPDATE entry SET header = 'x' WHERE seq = 2 AND {it}",),
        ("DELETE FROM entry WHERE {it}",),
        ("DELETE FROM entry WHERE {it}", "UPDATE episode SET patient_id = 'x' WHERE {it}"),
    ],
)
def test_a_damaged_episode_is_named_and_the_others_are_still_looked_at(
    terminal: Terminal, damage: tuple[str, ...]
) -> None:
    episodes = sorted(terminal.enrol(number) for number in ("1", "2", "3"))
    damaged, last = episodes[0], episodes[-1]
    terminal("record", damaged, "severity=mild")
    unguard(terminal)
    sql(terminal, *(each.format(it=f"episode_id = '{damaged}'") for each in damage))
    sql(terminal, f"UPDATE episode SET ward = 'elsewhere' WHERE episode_id = '{last}'")
    said = terminal("audit", "replay", "--all", "--json")
    assert said.code == 1, said
    assert said.document["episodes"] == len(episodes)
    assert [each["episode_id"] for each in said.document["differing"]] == [damaged, last]
    checked = terminal("audit", "verify", "--all", "--json")
    assert (checked.code, checked.document["episodes"]) in {(0, 3), (1, 3)}
    assert {each["episode_id"] for each in checked.document["faults"]} <= {damaged}


def test_an_episode_whose_key_was_destroyed_is_counted_and_no_fault(terminal: Terminal, episode: str) -> None:
    terminal.enrol("2")
    chosen = f"patient_id = (SELECT patient_id FROM episode WHERE episode_id = '{episode}')"
    sql(terminal, f"UPDATE patient SET wrapped_key = NULL WHERE {chosen}")
    said = terminal("audit", "replay", "--all", "--json")
    assert (said.code, said.document["equal"], said.document["unread"]) == (0, True, 1)
    assert "1 episode could not be read" in terminal("audit", "replay", "--all").out
    fails(terminal, "key was destroyed", "audit", "replay", episode)


def test_an_episode_that_was_removed_is_found_by_what_is_queued_of_it(terminal: Terminal, episode: str) -> None:
    terminal.enrol("2")
    unguard(terminal)
    tables = ("entry", "episode", "item", "open_enrolment")
    sql(terminal, *(f"DELETE FROM {table} WHERE episode_id = '{episode}'" for table in tables))
    said = terminal("audit", "verify", "--all")
    assert said.code == 1
    assert f"{episode} entry 1: every entry up to this one is gone" in said.out
    assert "not found until there is a log of all entries" in said.out
    assert terminal("audit", "verify", episode).code == 1
    assert f"{episode}: its row" in terminal("audit", "replay", "--all").out


def unguard(terminal: Terminal) -> None:
    """Take away what keeps entries as they were written."""
    sql(terminal, "DROP TRIGGER entry_no_update", "DROP TRIGGER entry_no_delete")
