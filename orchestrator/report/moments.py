"""How does a moment read in a report? In the episode's own zone, with its offset from UTC beside it."""

import datetime as dt
from zoneinfo import ZoneInfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def zone(name: str) -> dt.tzinfo:
    """Return the IANA zone; UTC for one that this machine does not know, so that a story is always told."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return dt.UTC


def parse(text: str) -> dt.datetime:
    """Return a story's moment, aware, in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def moment(text: str, where: dt.tzinfo) -> str:
    """Return ``2 Mar 2026, 08:45``."""
    at = parse(text).astimezone(where)
    return f"{day_label(at, where)} {at.year}, {at:%H:%M}"


def offset(text: str, where: dt.tzinfo) -> str:
    """Return ``UTC+01:00``."""
    shift = parse(text).astimezone(where).utcoffset() or dt.timedelta(0)
    minutes = round(shift.total_seconds() / 60)
    sign = "+" if minutes >= 0 else "-"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def day_label(at: dt.datetime, where: dt.tzinfo) -> str:
    """Return ``2 Mar``."""
    local = at.astimezone(where)
    return f"{local.day} {MONTHS[local.month - 1]}"
