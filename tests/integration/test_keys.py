"""Goal: keys live in a file of their own, are never lost in silence, and a backup is proved by what it opens."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.clock import VirtualClock
from orchestrator.errors import StoreError
from orchestrator.store import backups, keyfile
from orchestrator.store.connect import sqlite_engines
from orchestrator.store.opening import open_store, prepare
from orchestrator.store.sqlite import SqliteStore
from tests.contract.conftest import system
from tests.disk import files_of_at_most
from tests.factories import T0, enrolment


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    prepare(url(tmp_path), tmp_path / "keys.json")
    return tmp_path / "keys.json"


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


def test_a_key_file_is_for_its_owner_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    made = keyfile.create(path, T0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keyfile.load(path) == made
    assert made.keys[made.active].fingerprint in path.read_text()
    with pytest.raises(StoreError, match="left as it is"):
        keyfile.create(path, T0)


def test_a_rotated_file_wraps_with_the_new_key_and_opens_with_the_old(keys: Path, tmp_path: Path) -> None:
    opened = open_store(url(tmp_path), keys)
    sut = system(opened.store, opened.keyring, VirtualClock(T0))
    before = sut.enrolments.enrol(enrolment("1")).episode_id
    opened.store.close()
    keyfile.rotate(keys, T0)
    prepare(url(tmp_path), keys)
    again = open_store(url(tmp_path), keys)
    sut = system(again.store, again.keyring, VirtualClock(T0))
    after = sut.enrolments.enrol(enrolment("2")).episode_id
    with again.store.read() as reader:
        rows = [reader.episode(before), reader.episode(after)]
    assert len({row.kek_id for row in rows if row}) == 2
    assert all(sut.audit.replay(each).equal for each in (before, after))
    again.store.close()


def test_a_backup_is_asked_for_made_and_proved(keys: Path, tmp_path: Path) -> None:
    engine = sqlite_engines(tmp_path / "store.db", 1)[0]
    assert "not backed up" in backups.state(engine, keys).text
    copy = tmp_path / "safe.json"
    backups.back_up(engine, keys, copy)
    state = backups.state(engine, keys)
    assert (state.covered, state.proved) == (True, True)
    with pytest.raises(StoreError, match="choose another place"):
        backups.back_up(engine, keys, copy)
    copy.unlink()
    state = backups.state(engine, keys)
    assert (state.covered, state.proved) == (True, False)
    assert "was not tried" in state.text
    engine.dispose()


def test_a_backup_older_than_a_key_in_use_does_not_cover(keys: Path, tmp_path: Path) -> None:
    engine = sqlite_engines(tmp_path / "store.db", 1)[0]
    backups.back_up(engine, keys, tmp_path / "safe.json")
    keyfile.rotate(keys, T0)
    assert backups.state(engine, keys).covered
    prepare(url(tmp_path), keys)
    assert "lacks a key" in backups.state(engine, keys).text
    engine.dispose()


def test_a_backup_of_other_keys_proves_nothing(keys: Path, tmp_path: Path) -> None:
    engine = sqlite_engines(tmp_path / "store.db", 1)[0]
    copy = tmp_path / "safe.json"
    backups.back_up(engine, keys, copy)
    copy.unlink()
    keyfile.create(copy, T0)
    state = backups.state(engine, keys)
    assert (state.covered, state.proved) == (False, False)
    engine.dispose()


def test_the_store_remembers_no_place(keys: Path, tmp_path: Path) -> None:
    engine = sqlite_engines(tmp_path / "store.db", 1)[0]
    backups.back_up(engine, keys, tmp_path / "in-the-safe.json")
    with engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM key_backup").all())
    assert "in-the-safe" not in rows
    engine.dispose()


def test_a_store_opens_again_after_it_was_closed(keys: Path, tmp_path: Path) -> None:
    opened = open_store(url(tmp_path), keys)
    assert isinstance(opened.store, SqliteStore)
    sut = system(opened.store, opened.keyring, VirtualClock(T0))
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    opened.store.close()
    assert sut.queries.show(episode_id)["seq"] == 1
    opened.store.close()


def test_a_disk_that_fills_up_leaves_no_half_key_file(tmp_path: Path) -> None:
    path, copy = tmp_path / "keys.json", tmp_path / "copy.json"
    with files_of_at_most(40), pytest.raises(StoreError, match="cannot be written"):
        keyfile.create(path, T0)
    assert list(tmp_path.iterdir()) == []
    made = keyfile.create(path, T0)
    attempts: list[Callable[[], object]] = [lambda: keyfile.back_up(path, copy), lambda: keyfile.rotate(path, T0)]
    for attempt in attempts:
        with files_of_at_most(40), pytest.raises(StoreError, match="cannot be written"):
            attempt()
        assert list(tmp_path.iterdir()) == [path]
    assert keyfile.load(path) == made
