"""How is a taper drawn? As steps over days: the planned dose as an outline, the given one as a filled area."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from orchestrator.report.axes import BOTTOM, HEIGHT, LEFT, LEGEND_Y, TOP, WIDTH, Frame, Named, days, grid, short
from orchestrator.report.moments import day_label, parse
from orchestrator.saying import Say, joined, said

CSS = (Path(__file__).parent / "style" / "chart.css").read_text(encoding="utf-8")

Step = tuple[dt.datetime, dt.datetime, Decimal]
Point = tuple[int, int]
_DIGIT = 8
"""So wide is a digit of a label, at most."""


def draw(
    course: Mapping[str, Any], zone: dt.tzinfo, *, prefix: str = "taper", say: Say = str,
    named: Named = day_label, now: dt.datetime | None = None,
) -> str:  # fmt: skip
    """Return a course's chart as an SVG element; empty for a course without one.

    zone: in which the days are named; prefix: begins the ids, which must differ between charts of one page.
    say, named: say the chart's own words, and days, in the language of the page. now: is marked, if the taper is on
    its way then.
    """
    chart = course["chart"]
    if chart is None:
        return ""
    planned, given = [_step(each) for each in chart["planned"]], [_step(each) for each in chart["given"]]
    scale, unit = _frame([*planned, *given]), chart["unit"] or ""
    quarters = [scale.high * quarter / 4 for quarter in range(5)]
    parts = [
        grid(scale, quarters, unit),
        days(scale, zone, named),
        _given(scale, given),
        _planned(scale, planned),
        _amounts(scale, planned),
        _now(scale, now, say),
        _legend(say),
    ]
    title = say(said("%(regimen)s: dose by day, planned and given", regimen=course["title"]))
    described = say(_description(planned, given, unit, lambda at: named(at, zone)))
    return (
        f'<svg class="chart" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-labelledby="{prefix}-title {prefix}-desc"><title id="{prefix}-title">{escape(title)}</title>'
        f'<desc id="{prefix}-desc">{escape(described)}</desc>{"".join(parts)}</svg>'
    )


def _frame(steps: Sequence[Step]) -> Frame:
    top = _nice_top(max(step[2] for step in steps))
    return Frame(min(step[0] for step in steps), max(step[1] for step in steps), Decimal(0), top)


def _step(step: Mapping[str, Any]) -> Step:
    return parse(step["at"]), parse(step["until"]), Decimal(step["amount"])


def _description(planned: Sequence[Step], given: Sequence[Step], unit: str, day: Callable[[dt.datetime], str]) -> str:
    def told(steps: Sequence[Step]) -> str:
        doses = [said("%(dose)s from %(day)s", dose=f"{each} {unit}", day=day(at)) for at, _, each in steps]
        return joined("; ", doses) or said("nothing yet")

    return said("Planned: %(planned)s. Given: %(given)s.", planned=told(planned), given=told(given))


def _nice_top(largest: Decimal) -> Decimal:
    """Return a round number at or above the largest amount: 1, 2, 2.5 or 5 times a power of ten, in four steps."""
    if largest <= 0:
        return Decimal(4)
    power = Decimal(10) ** (largest / 4).adjusted()
    quarter = next(
        each * power for each in map(Decimal, ("1", "1.5", "2", "2.5", "5", "10")) if each * power * 4 >= largest
    )
    return quarter * 4


def _outline(scale: Frame, steps: Sequence[Step]) -> list[Point]:
    points: list[Point] = []
    for at, until, amount in steps:
        points += [(scale.x(at), scale.y(amount)), (scale.x(until), scale.y(amount))]
    return points


def _planned(scale: Frame, steps: Sequence[Step]) -> str:
    points = [*_outline(scale, steps), (scale.x(steps[-1][1]), scale.y(Decimal(0)))]
    path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
    return f'<path class="planned" d="{path}"/>'


def _given(scale: Frame, steps: Sequence[Step]) -> str:
    base = scale.y(Decimal(0))
    parts = []
    for at, until, amount in steps:
        x, y = scale.x(at), scale.y(amount)
        width, height = max(scale.x(until) - x, 1), max(base - y, 0)
        parts.append(f'<rect class="given" x="{x}" y="{y}" width="{width}" height="{height}"/>')
        parts.append(f'<circle class="dose" cx="{x}" cy="{y}" r="3.5"/>')
    return "".join(parts)


def _amounts(scale: Frame, steps: Sequence[Step]) -> str:
    """Return each step's planned amount above it, wherever there is room: no step need be guessed between two lines."""
    parts = []
    for at, until, amount in steps:
        text = short(amount)
        if scale.x(until) - scale.x(at) >= _DIGIT * len(text):
            middle = (scale.x(at) + scale.x(until)) // 2
            parts.append(f'<text class="value middle" x="{middle}" y="{scale.y(amount) - 5}">{escape(text)}</text>')
    return "".join(parts)


def _now(scale: Frame, now: dt.datetime | None, say: Say) -> str:
    if now is None or not scale.first <= now <= scale.last:
        return ""
    x, anchor = scale.x(now), "end" if scale.x(now) > WIDTH // 2 else "start"
    label = f'<text class="tick {anchor}" x="{x + (-4 if anchor == "end" else 4)}" y="{HEIGHT - BOTTOM - 4}">'
    line = f'<path class="now" d="M{x} {TOP - 6}V{HEIGHT - BOTTOM}"/>'
    return f"{line}{label}{escape(say(said('now')))}</text>"


def _legend(say: Say) -> str:
    y = LEGEND_Y
    planned, given = say(said("planned")), say(said("given; a dot where a step was recorded"))
    return (
        f'<path class="planned" d="M{LEFT} {y - 4}h22"/>'
        f'<text class="tick" x="{LEFT + 28}" y="{y}">{escape(planned)}</text>'
        f'<rect class="given" x="{LEFT + 96}" y="{y - 10}" width="22" height="11"/>'
        f'<circle class="dose" cx="{LEFT + 96}" cy="{y - 10}" r="3.5"/>'
        f'<text class="tick" x="{LEFT + 124}" y="{y}">{escape(given)}</text>'
    )
