"""How does a moment read on a page? In the hospital's zone, in the reader's language; near ones in words beside it."""

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from babel.dates import format_date, format_datetime, format_timedelta
from markupsafe import Markup, escape

Words = Callable[[str], str]
_MINUTE = 60
_CLOCK = "HH:mm"
"""How a pattern asks for the time of day."""


class Moments:
    """Writes moments. now: by the store's clock; zone: the hospital's; language: a code that Babel knows."""

    def __init__(self, now: dt.datetime, zone: dt.tzinfo, language: str, words: Words) -> None:
        self.now, self._zone, self._language, self._words = now, zone, language, words

    @property
    def zone(self) -> str:
        """The zone in which moments are written, and how far it is ahead of UTC now: `Europe/London (UTC+01:00)`."""
        ahead = self.now.astimezone(self._zone).strftime("%z")
        return str(self._zone) if str(self._zone) == "UTC" else f"{self._zone} (UTC{ahead[:3]}:{ahead[3:]})"

    def moment(self, text: str | None) -> Markup:
        """Return a moment as a time element, such as `Mon 2 Mar 2026, 08:45`; a dash where there is none."""
        if not text:
            return Markup("–")
        at = self.read(text)
        return _element(at, self._written(at))

    def clock(self, text: str) -> Markup:
        """Return the time of day alone, with the day beside it where it is not today."""
        at = self.read(text)
        shown = f"{at:%H:%M}"
        if at.date() != self.now.astimezone(self._zone).date():
            shown = f"{_day(at.date(), self._words('d MMM'), self._language)} {shown}"
        return _element(at, shown)

    def day(self, at: dt.datetime, zone: dt.tzinfo) -> str:
        """Return a day of a zone, without its year."""
        return _day(at.astimezone(zone).date(), self._words("d MMM"), self._language)

    def away(self, text: str) -> str:
        """Return how far off a moment is, in words: `in 2 hours`, `3 hours late`."""
        left = self.read(text) - self.now
        if abs(left) < dt.timedelta(minutes=1):
            return self._words("now")
        span = self.span(abs(left).total_seconds())
        return (self._words("in %(span)s") if left > dt.timedelta(0) else self._words("%(span)s late")) % {"span": span}

    def soon(self, text: str) -> bool:
        """Return whether a moment lies within a day from now, or has passed."""
        return self.read(text) - self.now < dt.timedelta(days=1)

    def ago(self, text: str) -> str:
        """Return how long ago a moment was, in words."""
        gone = self.now - self.read(text)
        if gone < dt.timedelta(minutes=1):
            return self._words("just now")
        span = self.span(gone.total_seconds())
        return self._words("%(span)s ago") % {"span": span}

    def span(self, seconds: float) -> str:
        """Return a length of time in words, rounded: `4 minutes`; from a minute on without seconds."""
        least: Literal["second", "minute"] = "second" if seconds < _MINUTE else "minute"
        long = dt.timedelta(seconds=seconds)
        return format_timedelta(long, granularity=least, locale=self._language, threshold=1.5)

    def read(self, text: str) -> dt.datetime:
        """Return a moment as the service writes it, in the hospital's zone."""
        return dt.datetime.fromisoformat(text).astimezone(self._zone)

    def _written(self, at: dt.datetime) -> str:
        pattern = self._words("EEE d MMM y, HH:mm")
        before, has_clock, after = pattern.partition(_CLOCK)
        if not has_clock:
            return format_datetime(at, pattern, locale=self._language)
        day = at.date()
        return f"{_day(day, before, self._language)}{at:%H:%M}{_day(day, after, self._language)}"


@lru_cache(maxsize=4096)
def _day(day: dt.date, pattern: str, language: str) -> str:
    """Return a day as it is written; remembered, for a page shows the same few again and again."""
    return format_date(day, pattern, locale=language) if pattern else ""


def _element(at: dt.datetime, shown: str) -> Markup:
    return Markup(f'<time datetime="{at.astimezone(dt.UTC).isoformat()}">{escape(shown)}</time>')  # noqa: S704  escaped
