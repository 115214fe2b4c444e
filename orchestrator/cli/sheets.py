"""How do the wards' sheets come onto the disk? Each whole or as it was, for their owner alone, again and again."""

import hashlib
import logging
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import orjson

from orchestrator.bootstrap import System
from orchestrator.config import Settings
from orchestrator.errors import CarepathError, InputError
from orchestrator.report.sheet import Listed, Made, index, sheet

_log = logging.getLogger(__name__)
EVERY, AGAIN = timedelta(minutes=15), timedelta(minutes=1)
"""How often they are made, and how soon after a run that failed: whatever broke it may come back, and last longer."""
INDEX, STATE = "index.html", "sheets.json"


class Stop(Protocol):
    """Says when to end: `threading.Event`."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float) -> object: ...


def write(settings: Settings, system: System, folder: Path, every: timedelta = EVERY) -> list[Listed]:
    """Write the sheet of every ward, and the index; return what was written.

    A ward that had a sheet and has no patients any more gets an empty one. Whatever fails, each file is as it was
    before or whole. Raises CarepathError.
    """
    now = datetime.now(UTC)
    made = Made(system.sheets.times(), now, now + every, ZoneInfo(settings.timezone), system.simulated)
    wards = system.sheets.wards()
    before = _written(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        listed = []
        for ward in sorted({*wards, *before}):
            ids = wards.get(ward, [])
            _put(folder / _file(ward), sheet(ward, len(ids), system.sheets.patients(ids), made))
            listed.append(Listed(ward, _file(ward), len(ids)))
        _put(folder / INDEX, [index(listed, made)])
        state = {"made_at": now.isoformat(), "wards": [each.ward for each in listed]}
        _put(folder / STATE, [orjson.dumps(state).decode()])
    except OSError as error:
        raise InputError(f"the sheets cannot be written to {folder}: {error.strerror}") from None
    return listed


def made_at(folder: Path) -> datetime | None:
    """Return when the sheets in a folder were made, None where there are none."""
    try:
        return datetime.fromisoformat(orjson.loads((folder / STATE).read_bytes())["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(settings: Settings, system: System, folder: Path, every: timedelta, stop: Stop) -> None:
    """Write the sheets again and again, until told to stop. A run that fails leaves the last good ones."""
    while not stop.is_set():
        done = _tried(settings, system, folder, every)
        stop.wait((every if done else min(every, AGAIN)).total_seconds())


def _tried(settings: Settings, system: System, folder: Path, every: timedelta) -> bool:
    try:
        write(settings, system, folder, every)
    except Exception as error:
        said = str(error) if isinstance(error, CarepathError) else type(error).__name__
        _log.error("the sheets were not made, the last ones stay: %s", said, extra={"event": "sheets-failed"})
        return False
    return True


def _written(folder: Path) -> list[str]:
    try:
        return [str(each) for each in orjson.loads((folder / STATE).read_bytes())["wards"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _file(ward: str) -> str:
    """Return a file's name: as much of the ward's as any disk takes, and enough of its hash to be nobody else's."""
    plain = re.sub(r"[^a-z0-9]+", "-", ward.lower()).strip("-")[:40]
    return f"ward-{plain}-{hashlib.sha256(ward.encode()).hexdigest()[:8]}.html"


def _put(path: Path, pieces: Iterable[str]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)  # what somebody else put there would keep its rights, or lead elsewhere
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
