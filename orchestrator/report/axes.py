"""How are days and amounts laid out in a chart? One frame for all charts: time to the right, amounts upwards."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from html import escape

from orchestrator.report.moments import day_label

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 18, 46
LEGEND_Y = HEIGHT - 6
MAX_TICKS, MAX_TICKS_WITH_YEAR = 9, 6
MAX_LEVELS = 5
_DAYS = (1, 2, 7, 14, 28, 56, 182, 364)
_STEPS = tuple(map(Decimal, ("1", "2", "2.5", "5", "10")))


Named = Callable[[dt.datetime, dt.tzinfo], str]
"""Says a day of a zone, such as ``2 Mar``."""


@dataclass(frozen=True, slots=True)
class Frame:
    """From moments and amounts to places in the picture. first, last: aware; low below high."""

    first: dt.datetime
    last: dt.datetime
    low: Decimal
    high: Decimal

    def x(self, at: dt.datetime) -> int:
        """Return the place of a moment."""
        share = (at - self.first) / max(self.last - self.first, dt.timedelta(hours=1))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(self, amount: Decimal) -> int:
        """Return the height of an amount."""
        share = (amount - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - float(share) * (HEIGHT - TOP - BOTTOM))


def short(amount: Decimal) -> str:
    """Return an amount without needless digits: ``2.5``, ``100``."""
    return format(amount.normalize(), "f")


def levels(low: Decimal, high: Decimal) -> list[Decimal]:
    """Return at most MAX_LEVELS + 1 round amounts from low to high, evenly spaced."""
    power = Decimal(10) ** ((high - low) / MAX_LEVELS).adjusted()
    step = next(each * power for each in _STEPS if (high - low) / (each * power) <= MAX_LEVELS)
    begin = (low / step).to_integral_value(ROUND_CEILING)
    return [(begin + number) * step for number in range(MAX_LEVELS + 1) if (begin + number) * step <= high]


def grid(frame: Frame, amounts: Iterable[Decimal], unit: str) -> str:
    """Return a line across the chart for each amount, with the amount beside it."""
    parts = []
    for amount in amounts:
        y = frame.y(amount)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        label = escape(f"{short(amount)} {unit}".rstrip())
        parts.append(f'<text class="tick end" x="{LEFT - 8}" y="{y + 4}">{label}</text>')
    return "".join(parts)


def days(frame: Frame, zone: dt.tzinfo, named: Named = day_label) -> str:
    """Return the days below the chart, named in a zone; with the year where there are two."""
    count = max((frame.last - frame.first).days, 1)
    years = frame.first.astimezone(zone).year != frame.last.astimezone(zone).year
    most = MAX_TICKS_WITH_YEAR if years else MAX_TICKS
    every = next((each for each in _DAYS if count / each <= most), _DAYS[-1] * -(-count // (_DAYS[-1] * most)))
    parts = []
    for day in range(0, count + 1, every):
        at = frame.first + dt.timedelta(days=day)
        x = frame.x(at)
        if x > WIDTH - RIGHT:
            break
        anchor = "start" if day == 0 else "end" if x > WIDTH - RIGHT - 30 else "middle"
        parts.append(f'<path class="grid" d="M{x} {HEIGHT - BOTTOM}v5"/>')
        label = named(at, zone) + (f" {at.astimezone(zone).year}" if years else "")
        parts.append(f'<text class="tick {anchor}" x="{x}" y="{HEIGHT - BOTTOM + 18}">{escape(label)}</text>')
    return "".join(parts)
