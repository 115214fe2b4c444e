"""Goal: a store that is destroyed comes back from its backup and its keys, with nothing done twice or left undone.

The drill as docs/operations.md has it: `carepath backup` while people work, more work after it, the machine gone, then
`carepath restore` on a new one. On a file, and on real PostgreSQL servers of the test's own, that ask for a password
(SCRAM) over TLS.
"""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from orchestrator import config
from orchestrator.bootstrap import Simulation, System, open_system, prepare_store
from orchestrator.config import Settings
from orchestrator.episode.commands import Record
from orchestrator.errors import Changed
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Answer, Request, new_key
from orchestrator.store import copies, keyfile
from orchestrator.store.connect import sqlite_module
from tests.integration.cli.conftest import Said, Terminal
from tests.integration.installation import CLINICIAN, PATHWAY, T0, until
from tests.servers.postgres import Postgres, find_binaries, guarded_postgres

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
LATER = timedelta(minutes=90)


@dataclass
class Machine:
    """Where a store lies, or will: a home, and a server of its own where the store is PostgreSQL's."""

    terminal: Terminal
    settings: Settings

    def __call__(self, *words: str) -> Said:
        home, database = str(self.settings.home.parent), self.settings.database_url
        return self.terminal(*words, "--simulated", "--home", home, "--database", database)


@contextmanager
def machine(kind: str, home: Path, terminal: Terminal) -> Iterator[Machine]:
    """Give a machine; afterwards it is gone with all that was on it."""

    def at(url: str | None) -> Machine:
        return Machine(terminal, config.read({}, home=home, simulated=True, database_url=url))

    try:
        if kind == "sqlite":
            yield at(None)
            return
        home.mkdir(exist_ok=True)
        with guarded_postgres(home.parent, "ward") as address:
            yield at(address)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Ward:
    """People who work on a store, and remember what they asked and what was answered."""

    system: System
    answers: list[tuple[Request, Answer]] = field(default_factory=list)

    def enrol(self, number: str) -> str:
        who = (Identifier("mrn", number),)
        return self.system.enrolments.enrol(
            EnrolRequest(PATHWAY, who, "w-1", "Europe/London", CLINICIAN, number)
        ).episode_id

    def record(self, episode_id: str, number: int) -> None:
        asked = Request(episode_id, Record(facts={"weight_kg": 50 + number % 50}), CLINICIAN, new_key())
        self.answers.append((asked, self.system.handlers.execute(asked)))

    @contextmanager
    def working(self, episodes: list[str]) -> Iterator[Callable[[], None]]:
        """Have people work on all episodes at once; gives a function that waits until they have done some more."""
        stop = threading.Event()

        def work(episode_id: str) -> None:
            while not stop.is_set():
                self.record(episode_id, len(self.answers))

        def some_more() -> None:
            so_far = len(self.answers)
            until(lambda: len(self.answers) >= so_far + 2 * len(episodes), "people work")

        with ThreadPoolExecutor(len(episodes)) as pool:
            done = [pool.submit(work, each) for each in episodes]
            try:
                yield some_more
            finally:
                stop.set()
        assert all(each.result() is None for each in done)


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PATH", str(find_binaries()), prepend=":")
    return str(request.param)


def test_the_drill(kind: str, tmp_path: Path, terminal: Terminal) -> None:
    copy, keys = tmp_path / "backups" / "store", tmp_path / "safe" / "carepath.keys"
    keys.parent.mkdir()
    with machine(kind, tmp_path / "first", terminal) as lost:
        prepare_store(lost.settings, Simulation(T0, 1))
        assert lost("keys", "backup", str(keys)).code == 0
        with open_system(lost.settings) as system:
            ward = Ward(system)
            episodes = [ward.enrol(f"{number}") for number in range(4)]
            with ward.working(episodes) as some_more:
                some_more()
                said = lost("backup", str(copy), "--json")
                some_more()
            assert (said.code, said.document["bytes"]) == (0, copy.stat().st_size)
            assert copy.stat().st_mode & 0o077 == 0
            late = ward.enrol("late")
            heads = {each: system.queries.show(each)["seq"] for each in episodes}
    with machine(kind, tmp_path / "second", terminal) as new:
        it_is_refused_without_its_keys(new, copy, keys)
        assert new("restore", str(copy), "--json").document["owners_told"] is True
        told = [row["role"] for row in new("inbox", "--json").document["notices"] if row["kind"] == "restored"]
        assert sorted(told) == ["administrator", "lead"]
        assert "already" in new("restore", str(copy)).line
        sound(new)
        with open_system(new.settings) as system:
            what_people_saw_is_not_taken_for_what_is_there(system, heads)
            what_the_backup_holds_is_answered_again_and_the_rest_is_done_anew(system, ward)
            assert Ward(system).enrol("late") == late
            let_pass(system, LATER)
        with open_system(new.settings) as system:
            what_fell_due_meanwhile_fires_at_once_and_once(system, [*episodes, late])
        sound(new)


def it_is_refused_without_its_keys(new: Machine, copy: Path, keys: Path) -> None:
    missing = new("restore", str(copy))
    assert missing.code == 2
    assert "put it back from its backup" in missing.line
    keyfile.create(new.settings.keys, T0)
    wrong = new("restore", str(copy))
    assert wrong.code == 2
    assert "does not hold the key" in wrong.line
    shutil.copy(keys, new.settings.keys)


def sound(new: Machine) -> None:
    """Ask what the page on operations asks after a restore."""
    checks = {each["check"]: each["level"] for each in new("doctor", "--json").document["checks"]}
    assert (checks["store"], checks["keys"]) == ("ok", "ok")
    assert checks["clock"] != "fail"  # on a busy machine a second may pass between two readings
    assert new("audit", "verify", "--all", "--json").document["whole"] is True
    assert new("audit", "replay", "--all", "--json").document["equal"] is True


def what_people_saw_is_not_taken_for_what_is_there(system: System, heads: dict[str, int]) -> None:
    for episode_id, seen in heads.items():
        there = system.queries.show(episode_id)["seq"]
        assert there < seen
        asked = Request(episode_id, Record(facts={"weight_kg": 70}), CLINICIAN, new_key(), seen)
        with pytest.raises(Changed, match=f"entry {seen} is not on record, the last one is {there}"):
            system.handlers.execute(asked)


def what_the_backup_holds_is_answered_again_and_the_rest_is_done_anew(system: System, ward: Ward) -> None:
    heads = {asked.episode_id: system.queries.show(asked.episode_id)["seq"] for asked, _ in ward.answers}
    kept = [pair for pair in ward.answers if pair[1].seq <= heads[pair[0].episode_id]]
    lost = [pair for pair in ward.answers if pair[1].seq > heads[pair[0].episode_id]]
    assert kept
    assert lost
    for asked, first in kept:
        assert system.handlers.execute(asked) == first._replace(repeated=True)
    for asked, _ in lost:
        anew = system.handlers.execute(asked)
        assert anew.accepted
        assert not anew.repeated


def let_pass(system: System, by: timedelta) -> None:
    """Let so much time pass by the store's clock while nothing runs."""
    sqlite = system.store.__class__.__name__ == "SqliteStore"
    later = f"{by // timedelta(microseconds=1)}" if sqlite else f"interval '{by.total_seconds()} seconds'"
    with system.store.change() as change:
        change._sql.exec_driver_sql(f"UPDATE store_info SET simulated_start = simulated_start + {later}")


def what_fell_due_meanwhile_fires_at_once_and_once(system: System, episodes: list[str]) -> None:
    assert system.firing.fire_due().fired == len(episodes)
    assert system.firing.fire_due().fired == 0
    for episode_id in episodes:
        told = [event for entry in system.queries.timeline(episode_id) for event in entry["events"]]
        rungs = [(each["name"], each.get("rung", 0)) for each in told if each["type"] == "reminder-told"]
        assert len(rungs) == len(set(rungs)) > 1
        assert all(each.get("late") for each in told if each.get("rung", 0) > 0)


def test_a_backup_is_never_written_over_or_laid_beside_the_keys(tmp_path: Path, terminal: Terminal) -> None:
    copy = tmp_path / "copy"
    assert terminal("backup", str(copy)).code == 0
    before = copy.read_bytes()
    assert "choose another place" in terminal("backup", str(copy)).line
    assert "is not protected" in terminal("backup", str(terminal.home / "copy")).line
    assert copy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_backup_that_cannot_be_written_is_told_of_the_backup_not_of_the_store(terminal: Terminal) -> None:
    said = terminal("backup", "/proc/ward.store")  # where nobody can make a file, not even root
    assert (said.code, "/proc/ward.store cannot be written" in said.line) == (2, True), said.line


def test_what_is_no_backup_is_refused(tmp_path: Path, terminal: Terminal) -> None:
    store = terminal.home / "carepath.db"
    copy = tmp_path / "copy"
    assert terminal("backup", str(copy)).code == 0
    assert "there is no backup at" in terminal("restore", str(tmp_path / "nowhere")).line
    assert f"there is {store} already" in terminal("restore", str(copy)).line
    kept = copy.read_bytes()
    for path in terminal.home.glob("carepath.db*"):
        path.unlink()
    (tmp_path / "text").write_text("no store")
    assert "is no backup of a store" in terminal("restore", str(tmp_path / "text")).line
    copy.write_bytes(kept[: len(kept) // 2])
    assert "damaged" in terminal("restore", str(copy)).line
    log = store.with_name("carepath.db-wal")
    log.touch()
    copy.write_bytes(kept)
    assert f"there is {log} already" in terminal("restore", str(copy)).line
    log.unlink()
    assert not store.exists()
    assert terminal("restore", str(copy)).code == 0
    terminal.assert_sound()


def test_a_copy_that_was_made_by_hand_is_restored_with_its_log(tmp_path: Path, terminal: Terminal) -> None:
    """Whoever copied the file and its log of a store that was killed restores them all the same."""
    episode = terminal.enrol()
    by_hand = tmp_path / "by-hand"
    by_hand.mkdir()
    connection = sqlite_module().connect(terminal.home / "carepath.db")  # while it is open, the log stays
    connection.execute("SELECT count(*) FROM episode").fetchone()
    seq = terminal.seq(episode)
    assert terminal("record", episode, "weight_kg=70").code == 0
    for path in terminal.home.glob("carepath.db*"):
        shutil.copy(path, by_hand / path.name)
    connection.close()
    for path in terminal.home.glob("carepath.db*"):
        path.unlink()
    assert (by_hand / "carepath.db-wal").stat().st_size
    assert terminal("restore", str(by_hand / "carepath.db")).code == 0
    assert terminal.seq(episode) == seq + 1


def test_no_password_stands_in_a_list_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$* $PGPASSWORD" >> {tmp_path}/seen\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    for address in ("postgresql://u:canary@/db?host=/s", "postgresql+psycopg://u@/db?password=canary&host=/s"):
        copies._run("pg_dump", url=address)
    assert (tmp_path / "seen").read_text().splitlines() == ["--dbname=postgresql://u@/db?host=%2Fs canary"] * 2


def shown(page: str, program: str, database: str) -> str:
    """Return the page's command of a container as it is run where the server is. database: in place of `carepath`."""
    (found,) = re.findall(rf"^docker compose exec -T postgres ({program} .*)$", page, re.MULTILINE)
    return str(found).replace("--dbname=carepath ", f"--dbname={database} ")


def test_what_is_copied_in_containers_comes_back_where_the_programs_own_role_is_not(
    postgres_server: Postgres,
    new_postgres_database: Callable[[], str],
    tmp_path: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As docs/operations.md has it, on a new server that knows neither the role nor what it was granted."""
    page = OPERATIONS.read_text(encoding="utf-8")
    first, second = new_postgres_database(), new_postgres_database()
    names = [make_url(each).database or "" for each in (first, second)]

    def run(command: str) -> None:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)  # noqa: S602  the page's own words

    monkeypatch.setenv("PATH", str(find_binaries()), prepend=":")
    monkeypatch.setenv("PGHOST", str(postgres_server.socket))
    assert terminal("db", "upgrade", "--database", first).code == 0
    (grants,) = re.findall(r"^```sql\n(CREATE ROLE carepath_app .*?)^```", page, re.MULTILINE | re.DOTALL)
    with psycopg.connect(first.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(grants.encode())
        try:
            run(shown(page, "pg_dump", names[0]))
        finally:
            connection.execute(b"DROP OWNED BY carepath_app; DROP ROLE carepath_app")
    run(shown(page, "pg_restore", names[1]))
    assert terminal("audit", "verify", "--all", "--database", second).code == 0


def test_without_postgresqls_programs_it_says_what_to_do(
    postgres_database: str, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = terminal("backup", str(tmp_path / "copy"), "--database", postgres_database)
    assert said.code == 2
    assert "there is no pg_dump on this machine: install" in said.line


def test_a_store_that_somebody_opens_meanwhile_is_copied_as_it_was(tmp_path: Path) -> None:
    settings = config.read({}, home=tmp_path)
    prepare_store(settings)
    file = settings.database_file
    assert file is not None
    assert not file.with_name(f"{file.name}-wal").exists(), "nobody has it open"
    with copies._reading(file, at_rest=False) as copying:
        copying.exec_driver_sql("BEGIN")
        copying.exec_driver_sql("SELECT count(*) FROM store_info")
        other = sqlite_module().connect(str(file), isolation_level=None)
        other.execute("UPDATE store_info SET seen_at = 1")
        (busy, *_) = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        other.close()
    assert busy, "what is being copied was changed under the copy"
