"""What does `carepath doctor` check? One part of an installation, one file; each gives its lines."""

from datetime import datetime, timedelta
from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"
_LATE, _VERY_LATE = timedelta(minutes=1), timedelta(minutes=10)


class Line(NamedTuple):
    """One check. level: ok, warn or fail."""

    level: str
    check: str
    text: str


def at(moment: datetime) -> str:
    """Return how a line says a moment. moment: in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def lateness(age: timedelta) -> str:
    """Return the level of what waits. age: since it was due, by the wall."""
    return FAIL if age > _VERY_LATE else WARN if age > _LATE else OK
