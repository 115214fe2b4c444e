"""When is the same day some months on?

Calendar arithmetic in the hospital's time zone; everything else is elapsed time.
"""

import calendar
import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone; raises ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"unknown time zone '{name[:40]}'") from None


def add_months(moment: dt.datetime, months: int, timezone: str) -> dt.datetime:
    """Return the UTC moment ``months`` calendar months after ``moment``, at the same local time.

    The day is kept, else the month's last day is taken (31 Jan -> 28 Feb); a local time that does not exist becomes the
    first that does, one that exists twice its first.
    """
    tz = zone(timezone)
    local = moment.astimezone(tz)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    wanted = local.replace(year=year, month=month + 1, day=day, tzinfo=None, fold=0)
    return _existing(wanted, tz)


def _existing(local: dt.datetime, tz: ZoneInfo) -> dt.datetime:
    made = local.replace(tzinfo=tz)
    utc = made.astimezone(dt.UTC)
    if utc.astimezone(tz).replace(tzinfo=None) == local:
        return utc
    before = local.replace(tzinfo=tz, fold=1).utcoffset()
    after = local.replace(tzinfo=tz, fold=0).utcoffset()
    if before is None or after is None:
        raise ValueError("a zone without offsets")
    gap = abs(after - before)
    # Inside a gap: what the clocks showed when they sprang forward is the first local time that exists.
    # Clocks spring at whole minutes: the search goes by those, wherever in its minute the wanted time lies.
    edge = (local - gap).replace(tzinfo=tz, second=0, microsecond=0).astimezone(dt.UTC)
    step = dt.timedelta(minutes=1)
    while (edge + step).astimezone(tz).replace(tzinfo=None) < local:
        edge += step
    return edge + step
