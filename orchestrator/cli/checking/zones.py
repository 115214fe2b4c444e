"""Are the rules of civil time recent? Countries change them with weeks' notice; old data put a reminder an hour off."""

from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH

from orchestrator.cli.checking import OK, WARN, Line

_OLDEST_YEARS = 2


def zones(timezone: str, today: date, folders: Sequence[str] = TZPATH) -> Line:
    """Return how old the time zone data are that this machine goes by. folders: where Python looks before its own."""
    found = next((said for folder in folders if (said := _version(Path(folder), timezone))), None) or _package()
    if not found[:4].isdigit():
        return Line(OK, "zone", f"{timezone}; the machine does not say of when its time zone data are")
    if today.year - int(found[:4]) > _OLDEST_YEARS:
        return Line(WARN, "zone", f"{timezone}, by time zone data of {found}: update the machine's tzdata")
    return Line(OK, "zone", f"{timezone}, by time zone data of {found}")


def _version(folder: Path, timezone: str) -> str | None:
    """Return of when a folder's data are, "unknown" where it does not say; None where the zone is not in it."""
    if not (folder / timezone).is_file():
        return None
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8") as said:
            return said.readline().removeprefix("# version ").strip()
    except (OSError, UnicodeDecodeError):
        return "unknown"


def _package() -> str:
    return version("tzdata")
