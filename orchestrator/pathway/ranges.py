"""May a value be set so? The range that a pathway gives to a local value: of times, of numbers, of a ladder's rungs."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestrator.pathway.fields import Fields, fits
from orchestrator.pathway.reader import Map, Seq
from orchestrator.pathway.terms import duration

_DURATION, _DURATIONS, _RUNGS = "a duration such as 12h", "a list of durations", "a list of rungs"
_WHOLE, _NUMBER = "a whole number", "a number"
Measure = dt.timedelta | Decimal
MOST_RUNGS = 10


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both included; of a list every member must lie within it.

    kind: what a value must be, in words.   low_text, high_text: as written.   count: how many durations a list holds.
    """

    kind: str
    low: Measure
    high: Measure
    low_text: str
    high_text: str
    count: int

    def fault(self, value: object) -> str:
        """Return what is wrong with a value, such as ``'90d' lies outside …``; empty when it may be set."""
        members = _members(self.kind, value)
        measures = [_measure(self.kind, each) for each in members]
        if not members or None in measures:
            return f"must be {self.kind}"
        for member, measure in zip(members, measures, strict=True):
            if not self._holds(measure):
                return f"must lie between {self.low_text} and {self.high_text}, and {member} does not"
        if self.kind == _RUNGS and len(members) > MOST_RUNGS:
            return f"must hold at most {MOST_RUNGS} rungs"
        if self.kind == _DURATIONS and len(members) != self.count:
            return f"must hold {self.count} durations"
        if self.kind == _DURATIONS and any(low >= high for low, high in zip(measures, measures[1:], strict=False)):  # type: ignore[operator]
            return "must hold its durations in ascending order"
        return ""

    def _holds(self, measure: Measure | None) -> bool:
        return measure is not None and self.low <= measure <= self.high  # type: ignore[operator]  # of one kind both


def take_range_of(ranges: Fields, key: str, default: object) -> Range:
    """Return the range under ``key`` of a ``local:`` mapping; ``default`` is the value that the file gives.

    Raises PathwayError when it is no range of that kind of value, or does not hold the default.
    """
    pair, kind = ranges.take(key, Seq), _kind(default)
    if kind is None:
        raise ranges.error(f"'{key}' is neither a time nor a number, and has no range", key)
    ends = [_measure(_DURATION if kind in (_DURATIONS, _RUNGS) else kind, each) for each in pair]
    low, high = ends if len(ends) == 2 else (None, None)
    if low is None or high is None or not low <= high:  # type: ignore[operator]  # of one kind both
        raise ranges.error(f"the range of '{key}' must be [LEAST, MOST], each written as the value is", key)
    count = len(default) if isinstance(default, Seq) else 1
    found = Range(kind, low, high, str(pair[0]), str(pair[1]), count)
    if fault := found.fault(default):
        raise ranges.error(f"the value of '{key}' in the pathway {fault}", key)
    return found


def text_of(value: object) -> str:
    """Return a value as people read it: ``24h``, ``7d, 14d``, ``clinician 0h, lead 4h``."""
    if not isinstance(value, Seq):
        return str(value)
    return ", ".join(
        f"{each.get('role')} {each.get('after')}" if isinstance(each, Map) else str(each) for each in value
    )


def _kind(default: object) -> str | None:
    """Return what a value must be that takes the place of ``default``; None when nothing may."""
    for kind in (_WHOLE, _NUMBER, _DURATION, _DURATIONS, _RUNGS):
        members = _members(kind, default)
        if members and all(_measure(kind, each) is not None for each in members):
            return kind
    return None


def _members(kind: str, value: object) -> Sequence[object]:
    """Return what must lie within the range; empty when the value is of another shape."""
    if kind == _RUNGS:
        plain = isinstance(value, Seq) and all(isinstance(each, Map) for each in value)
        return [each.get("after") for each in value] if plain else ()  # type: ignore[attr-defined]
    if kind == _DURATIONS:
        return value if isinstance(value, Seq) else ()
    return [value]


def _measure(kind: str, value: object) -> Measure | None:
    if kind in (_WHOLE, _NUMBER):
        fit = fits(value, int if kind == _WHOLE else Decimal)
        return Decimal(str(value)) if fit else None
    try:
        return duration(value) if isinstance(value, str) else None
    except ValueError:
        return None
