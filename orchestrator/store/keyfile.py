"""Where do the key-encryption keys live? In one file outside the database, for its owner alone, and in its backups."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from orchestrator.audit.keys import KeyEncryptionKey, Keyring
from orchestrator.audit.seal import instant
from orchestrator.errors import KeyMissing, StoreError

_FORMAT = 1
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a key file holds. lookup: the key of identifier hashes.   backups: paths to which the file was copied."""

    keys: dict[str, KeyEncryptionKey]
    active: str
    lookup: bytes
    backups: tuple[str, ...] = ()

    @property
    def ring(self) -> Keyring:
        """Return the keys, ready for use."""
        return Keyring(self.keys, self.active, self.lookup)


def create(path: Path, now: datetime) -> KeyFile:
    """Make a key file with one new key; refuses to touch a file that is there."""
    key = _new_key(now, 1)
    made = KeyFile({key.id: key}, key.id, os.urandom(_SECRET_BYTES))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, _dump(made))
    except FileExistsError:
        raise StoreError(f"there is a key file at {path} already: it is left as it is") from None
    except OSError as error:
        raise StoreError(f"the key file {path} cannot be written: {error.strerror}") from None
    return made


def load(path: Path) -> KeyFile:
    """Return what a key file holds. Raises KeyMissing when it is not there, StoreError when it cannot be read."""
    try:
        if os.stat(path).st_mode & 0o077:
            raise StoreError(f"the key file {path} is open to others: chmod 600 it")
        return _parse(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        raise KeyMissing(
            f"the key file {path} is missing: put it back from its backup; without it nothing in this store can be read"
        ) from None
    except OSError as error:
        raise StoreError(f"the key file {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"the key file {path} is damaged: put it back from its backup") from None


def rotate(path: Path, now: datetime) -> KeyFile:
    """Add a new key that wraps patients from now on; the old ones go on opening what they wrapped."""
    old = load(path)
    key = _new_key(now, len(old.keys) + 1)
    made = KeyFile({**old.keys, key.id: key}, key.id, old.lookup, old.backups)
    _replace(path, _dump(made))
    return made


def back_up(path: Path, destination: Path) -> KeyFile:
    """Copy the key file to a place that is not there yet, read the copy back, and remember the place in the file."""
    held = load(path)
    made = KeyFile(held.keys, held.active, held.lookup, (*held.backups, str(destination.resolve())))
    try:
        _write_new(destination, _dump(made))
    except FileExistsError:
        raise StoreError(f"there is a file at {destination} already: choose another place") from None
    except OSError as error:
        raise StoreError(f"the backup {destination} cannot be written: {error.strerror}") from None
    if load(destination) != made:
        raise StoreError(f"the backup {destination} does not read back as it was written")
    _replace(path, _dump(made))
    return made


def place_hash(place: str) -> str:
    """Return what the store remembers of a backup's place: not the place."""
    return hashlib.sha256(place.encode()).hexdigest()


def _new_key(now: datetime, number: int) -> KeyEncryptionKey:
    return KeyEncryptionKey(f"{now:%Y%m%d}-{number}", instant(now), os.urandom(_SECRET_BYTES))


def _dump(file: KeyFile) -> bytes:
    keys = [
        {"id": key.id, "created_at": key.created_at, "key": key.secret.hex(), "fingerprint": key.fingerprint}
        for key in file.keys.values()
    ]
    held = {
        "format": _FORMAT,
        "keys": keys,
        "active": file.active,
        "lookup": file.lookup.hex(),
        "backups": file.backups,
    }
    return orjson.dumps(held, option=orjson.OPT_INDENT_2)


def _parse(held: dict[str, Any]) -> KeyFile:
    keys = [KeyEncryptionKey(each["id"], each["created_at"], bytes.fromhex(each["key"])) for each in held["keys"]]
    file = KeyFile({key.id: key for key in keys}, held["active"], bytes.fromhex(held["lookup"]), tuple(held["backups"]))
    wrong = [key.id for key, each in zip(keys, held["keys"], strict=True) if key.fingerprint != each["fingerprint"]]
    if held["format"] != _FORMAT or wrong or file.active not in file.keys:
        raise ValueError("no key file of this format")
    return file


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all: half a key file would be taken for a damaged one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        _write_new(fresh, content)
        os.replace(fresh, path)
        _sync(path.parent)
    except OSError as error:
        raise StoreError(f"the key file {path} cannot be written: {error.strerror}") from None


def _sync(folder: Path) -> None:
    """See that a folder's new entry is on the disk: the store is told next which keys there are.

    A share or a stick that cannot do that is written to all the same.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
