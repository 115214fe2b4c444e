"""How are moments and quiet hours read that people write? In the hospital's own time, unless they name an offset."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from orchestrator.errors import InputError

_YEARS = 2000, 2200
_OUTSIDE = f"a day lies between the years {_YEARS[0]} and {_YEARS[1]}"
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


def instant_of(text: str, zone: tzinfo) -> datetime:
    """Return a moment in UTC: ISO 8601, with an offset, or else by the clocks on the wards.

    Of a time that these show twice in a night, the first is meant. Raises InputError for what is no moment, and for a
    time that the clocks pass over.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError("this is no moment: write it such as 2026-11-23T08:00") from None
    if len(text.strip()) <= len("2026-11-23"):
        raise InputError("a time of day is missing: write it such as 2026-11-23T08:00")
    if not _YEARS[0] <= read.year <= _YEARS[1]:
        raise InputError(_OUTSIDE)
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    found = read.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != read:
        raise InputError(f"{read:%H:%M} does not exist on {read:%Y-%m-%d}: the clocks go forward then")
    return found


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins on the wards, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_of(text: str) -> date:
    """Return a day from `2026-11-23`. Raises InputError, also for one at the ends of the calendar."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InputError("this is no day: write it such as 2026-11-23") from None
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise InputError(_OUTSIDE)
    return found


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def check_quiet(text: str) -> str:
    """Return quiet hours such as `22:00-06:30` as they are kept; empty for none. Raises InputError."""
    text = text.replace(" ", "").replace("–", "-")
    if text and (not _QUIET.fullmatch(text) or text[:5] == text[6:]):
        raise InputError("quiet hours are written such as 22:00-06:30")
    return text


def clock_of(at: datetime, zone: tzinfo) -> str:
    """Return what the clocks on the wards show at a moment, such as `06:30`."""
    return at.astimezone(zone).strftime("%H:%M")


def is_quiet(quiet: str, clock: str) -> bool:
    """Tell whether quiet hours are, by what the clocks show; their end is not one of them."""
    if not quiet:
        return False
    start, _, end = quiet.partition("-")
    return start <= clock < end if start < end else clock >= start or clock < end
