"""What does `carepath doctor` check? One part of an installation, one file; each gives its lines."""

from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"


class Line(NamedTuple):
    """One check. level: ok, warn or fail."""

    level: str
    check: str
    text: str
