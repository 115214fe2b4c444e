"""How is a taper drawn? As steps over days: the planned dose as an outline, the given one as a filled area."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from orchestrator.report.moments import day_label, parse

CSS = (Path(__file__).parent / "style" / "chart.css").read_text(encoding="utf-8")
WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 18, 46
LEGEND_Y = HEIGHT - 6
MAX_TICKS = 9

Step = tuple[dt.datetime, dt.datetime, Decimal]
Point = tuple[int, int]


class _Scale:
    """From moments and amounts to places in the picture."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.first = min(step[0] for step in steps)
        self.last = max(step[1] for step in steps)
        self.top = _nice_top(max(step[2] for step in steps))

    def x(self, at: dt.datetime) -> int:
        """Return the place of a moment."""
        share = (at - self.first) / max(self.last - self.first, dt.timedelta(hours=1))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(self, amount: Decimal) -> int:
        """Return the height of an amount."""
        return round(HEIGHT - BOTTOM - float(amount / self.top) * (HEIGHT - TOP - BOTTOM))


def draw(course: Mapping[str, Any], zone: dt.tzinfo, *, prefix: str = "taper") -> str:
    """Return a course's chart as an SVG element; empty for a course without one.

    zone: in which the days are named; prefix: begins the ids, which must differ between charts of one page.
    """
    chart = course["chart"]
    if chart is None:
        return ""
    planned, given = [_step(each) for each in chart["planned"]], [_step(each) for each in chart["given"]]
    scale, unit = _Scale([*planned, *given]), chart["unit"] or ""
    parts = [_grid(scale, unit), _days(scale, zone), _given(scale, given), _planned(scale, planned), _legend()]
    title = f"{course['regimen']}: dose by day, planned and given"
    return (
        f'<svg class="chart" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-labelledby="{prefix}-title {prefix}-desc"><title id="{prefix}-title">{escape(title)}</title>'
        f'<desc id="{prefix}-desc">{escape(_description(planned, given, unit, zone))}</desc>{"".join(parts)}</svg>'
    )


def _step(step: Mapping[str, Any]) -> Step:
    return parse(step["at"]), parse(step["until"]), Decimal(step["amount"])


def _description(planned: Sequence[Step], given: Sequence[Step], unit: str, zone: dt.tzinfo) -> str:
    def told(steps: Sequence[Step]) -> str:
        return "; ".join(f"{amount} {unit} from {day_label(at, zone)}" for at, _, amount in steps) or "nothing yet"

    return f"Planned: {told(planned)}. Given: {told(given)}."


def _nice_top(largest: Decimal) -> Decimal:
    """Return a round number at or above the largest amount: 1, 2, 2.5 or 5 times a power of ten, in four steps."""
    if largest <= 0:
        return Decimal(4)
    power = Decimal(10) ** (largest / 4).adjusted()
    quarter = next(
        each * power for each in map(Decimal, ("1", "1.5", "2", "2.5", "5", "10")) if each * power * 4 >= largest
    )
    return quarter * 4


def _grid(scale: _Scale, unit: str) -> str:
    parts = []
    for quarter in range(5):
        amount = scale.top * quarter / 4
        y = scale.y(amount)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text class="tick end" x="{LEFT - 8}" y="{y + 4}">{escape(_short(amount))} {escape(unit)}</text>'
        )
    return "".join(parts)


def _short(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _days(scale: _Scale, zone: dt.tzinfo) -> str:
    days = max((scale.last - scale.first).days, 1)
    every = next(each for each in (1, 2, 7, 14, 28, 56, 182, 364) if days / each <= MAX_TICKS or each == 364)
    parts = []
    for day in range(0, days + 1, every):
        at = scale.first + dt.timedelta(days=day)
        anchor = "start" if day == 0 else "end" if scale.x(at) > WIDTH - RIGHT - 30 else "middle"
        parts.append(f'<path class="grid" d="M{scale.x(at)} {HEIGHT - BOTTOM}v5"/>')
        label = escape(day_label(at, zone))
        parts.append(f'<text class="tick {anchor}" x="{scale.x(at)}" y="{HEIGHT - BOTTOM + 18}">{label}</text>')
    return "".join(parts)


def _outline(scale: _Scale, steps: Sequence[Step]) -> list[Point]:
    points: list[Point] = []
    for at, until, amount in steps:
        points += [(scale.x(at), scale.y(amount)), (scale.x(until), scale.y(amount))]
    return points


def _planned(scale: _Scale, steps: Sequence[Step]) -> str:
    points = [*_outline(scale, steps), (scale.x(steps[-1][1]), scale.y(Decimal(0)))]
    path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
    return f'<path class="planned" d="{path}"/>'


def _given(scale: _Scale, steps: Sequence[Step]) -> str:
    base = scale.y(Decimal(0))
    parts = []
    for at, until, amount in steps:
        x, y = scale.x(at), scale.y(amount)
        width, height = max(scale.x(until) - x, 1), max(base - y, 0)
        parts.append(f'<rect class="given" x="{x}" y="{y}" width="{width}" height="{height}"/>')
        parts.append(f'<circle class="dose" cx="{x}" cy="{y}" r="3.5"/>')
    return "".join(parts)


def _legend() -> str:
    y = LEGEND_Y
    return (
        f'<path class="planned" d="M{LEFT} {y - 4}h22"/><text class="tick" x="{LEFT + 28}" y="{y}">planned</text>'
        f'<rect class="given" x="{LEFT + 96}" y="{y - 10}" width="22" height="11"/>'
        f'<circle class="dose" cx="{LEFT + 96}" cy="{y - 10}" r="3.5"/>'
        f'<text class="tick" x="{LEFT + 124}" y="{y}">given; a dot where a step was recorded</text>'
    )
