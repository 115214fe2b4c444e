"""Are the keys backed up? Records each copy of the key file, and proves that it still opens what is in use."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from orchestrator.errors import CarepathError
from orchestrator.store import keyfile
from orchestrator.store.tables import kek, key_backup
from orchestrator.store.walltime import walltime


@dataclass(frozen=True, slots=True)
class BackupState:
    """What `doctor` says of the keys. proved: a copy was read just now and opened every proof in the store."""

    covered: bool
    proved: bool
    latest: datetime | None
    text: str


def back_up(engine: Engine, keys: Path, destination: Path) -> None:
    """Copy the key file and record it in the store. Raises StoreError when a file is there already."""
    file = keyfile.back_up(keys, destination)
    place = keyfile.place_hash(str(destination.resolve()))
    with engine.connect() as connection:
        now = walltime(connection)
        rows = [
            {"backed_up_at": now, "fingerprint": key.fingerprint, "place_hash": place} for key in file.keys.values()
        ]
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        connection.execute(insert(key_backup), rows)
        connection.exec_driver_sql("COMMIT")


def state(engine: Engine, keys: Path) -> BackupState:
    """Return whether the latest backup covers every key in use, and whether it can be read and really opens them."""
    with engine.connect() as connection:
        needed = {row.fingerprint: (row.kek_id, row.proof) for row in connection.execute(select(kek))}
        latest, covered, place = _latest(connection)
    if latest is None:
        return BackupState(
            False, False, None, "the keys are not backed up: run carepath keys backup DEST; without them all is lost"
        )
    if not set(needed) <= covered:
        return BackupState(
            False, False, latest, "the latest backup lacks a key that is in use: run carepath keys backup DEST"
        )
    path = next((each for each in keyfile.load(keys).backups if keyfile.place_hash(each) == place), None)
    try:
        ring = None if path is None else keyfile.load(Path(path)).ring
    except CarepathError:
        ring = None
    if ring is None:
        return BackupState(
            True, False, latest, "the keys are backed up; the copy cannot be read from here, so it was not tried"
        )
    if not all(ring.proves(kek_id, proof) for kek_id, proof in needed.values()):
        return BackupState(
            False, False, latest, "the backup does not open the keys in use: run carepath keys backup DEST"
        )
    return BackupState(True, True, latest, "the keys are backed up, and the copy opens what is in the store")


def _latest(connection: Connection) -> tuple[datetime | None, set[str], str]:
    rows = list(connection.execute(select(key_backup).order_by(key_backup.c.backed_up_at)))
    if not rows:
        return None, set(), ""
    latest = rows[-1].backed_up_at
    return latest, {row.fingerprint for row in rows if row.backed_up_at == latest}, rows[-1].place_hash
