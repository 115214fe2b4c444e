"""Goal: what is said to be written outlives a power cut, and what was not written whole stands in nobody's way."""

import errno
import os
import stat
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.store import copies, disk, keyfile
from orchestrator.store.opening import prepare
from tests.factories import T0

KEPT, NAMED = "kept", "named"


class Power:
    """Notes in which order the disk is asked to keep what files and folders hold, and files get their names.

    folders: the error with which a folder is refused; 0 for none.   files: the same of files that hold anything.
    """

    def __init__(self, patch: pytest.MonkeyPatch, *, folders: int = 0, files: int = 0) -> None:
        self.done: list[tuple[str, int]] = []
        self.sizes: dict[int, int] = {}
        fsync, replace = os.fsync, os.replace

        def kept(descriptor: int) -> None:
            found = os.fstat(descriptor)
            refused = folders if stat.S_ISDIR(found.st_mode) else files
            if refused and found.st_size:
                raise OSError(refused, os.strerror(refused))
            fsync(descriptor)
            self.sizes[found.st_ino] = found.st_size
            self.done.append((KEPT, found.st_ino))

        def named(source: Path, target: Path) -> None:
            replace(source, target)
            self.done.append((NAMED, os.stat(target).st_ino))

        patch.setattr(os, "fsync", kept)
        patch.setattr(os, "replace", named)

    def survives(self, path: Path) -> bool:
        """Tell whether a file would be there under its name, whole, if the power failed now."""
        file, folder = path.stat().st_ino, path.parent.stat().st_ino
        steps = [place for place, (_, which) in enumerate(self.done) if which == file]
        whole = self.done[steps[0]][0] == KEPT and self.sizes[file] == path.stat().st_size
        return whole and (KEPT, folder) in self.done[steps[-1] :]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    prepare(url(tmp_path), tmp_path / "home" / "keys.json")
    return tmp_path / "home" / "keys.json"


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'home' / 'store.db'}"


def back_up(folder: Path, keys: Path) -> Path:
    """Copy the store, and return where to."""
    copies.back_up(url(folder), folder / "home" / "store.db", keys, folder / "copies" / "store")
    return folder / "copies" / "store"


def test_new_keys_survive_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    power = Power(monkeypatch)
    keyfile.create(tmp_path / "keys.json", T0)
    assert power.survives(tmp_path / "keys.json")


def test_a_copy_of_the_keys_and_where_it_lies_survive_a_power_cut(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    power = Power(monkeypatch)
    keyfile.back_up(keys, tmp_path / "safe.json")
    assert power.survives(tmp_path / "safe.json")
    assert power.survives(keys)


def test_a_backup_survives_a_power_cut(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copies").mkdir()
    power = Power(monkeypatch)
    assert power.survives(back_up(tmp_path, keys))


def test_what_a_process_left_that_was_killed_is_in_nobodys_way(keys: Path, tmp_path: Path) -> None:
    """In a container every process may have the same number."""
    (tmp_path / "copies").mkdir()
    for place in (keys, tmp_path / "copies" / "store"):
        place.with_name(f"{place.name}.{os.getpid()}.part").write_text("half of it")
    keyfile.back_up(keys, tmp_path / "safe.json")
    assert keyfile.load(keys).backups == (str(tmp_path / "safe.json"),)
    assert back_up(tmp_path, keys).stat().st_size > 0
    assert list(tmp_path.rglob("*.part")) == []


def test_what_the_disk_did_not_take_whole_is_not_left_behind(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys.read_bytes()
    with monkeypatch.context() as patched:
        Power(patched, files=errno.ENOSPC)
        with pytest.raises(StoreError, match="No space left"):
            keyfile.back_up(keys, tmp_path / "safe.json")
        with pytest.raises(StoreError, match="No space left"):
            keyfile.rotate(keys, T0)
        with pytest.raises(StoreError, match="No space left"):
            back_up(tmp_path, keys)
    assert [
        path.name for path in tmp_path.rglob("*") if path.name in {"safe.json", "store"} or path.suffix == ".part"
    ] == []
    assert keys.read_bytes() == before
    keyfile.back_up(keys, tmp_path / "safe.json")


def test_what_was_interrupted_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        keyfile.create(tmp_path / "keys.json", T0)
    assert list(tmp_path.iterdir()) == [], "half a key file, which the next who makes one would leave as it is"


def test_what_cannot_be_taken_away_hides_no_cause(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the cause"):
        _lose(tmp_path / "share")


def _lose(share: Path) -> None:
    share.mkdir()
    with disk.becoming(share / "file"):
        share.rmdir()
        share.touch()
        raise StoreError("the cause")


def test_nothing_stays_open(keys: Path, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    keyfile.back_up(keys, tmp_path / "safe.json")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("said", [errno.EINVAL, errno.EBADF])
def test_a_share_that_keeps_no_folder_on_request_takes_copies(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: int
) -> None:
    Power(monkeypatch, folders=said)
    keyfile.back_up(keys, tmp_path / "safe.json")
    assert back_up(tmp_path, keys).exists()


def test_a_folder_that_the_disk_cannot_keep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Power(monkeypatch, folders=errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        disk.write_new(tmp_path / "file", b"content")
