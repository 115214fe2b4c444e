"""Will the embedded store last? An SQLite without its fault, and room on the disk; PostgreSQL looks after its own."""

from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.errors import CarepathError

_LEAST_MB, _FEW_MB = 20, 200


def sqlite() -> Line:
    """Return whether this SQLite can be trusted with a store."""
    from orchestrator.bootstrap import sqlite_version  # noqa: PLC0415  not for --help

    try:
        return Line(OK, "sqlite", f"version {sqlite_version()}, without the WAL fault of 3.7.0 to 3.51.2")
    except CarepathError as error:
        return Line(FAIL, "sqlite", str(error))


def disk(file: Path) -> Iterator[Line]:
    """Yield how much room the file of the store has; nothing where its folder is not made yet."""
    if not file.parent.is_dir():
        return
    free = disk_usage(file.parent).free // 1_000_000
    level = FAIL if free < _LEAST_MB else WARN if free < _FEW_MB else OK
    advice = "" if level == OK else ": free some space, a full disk refuses everything"
    yield Line(level, "disk", f"{free} MB free{advice}")
