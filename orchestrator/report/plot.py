"""How is a number drawn over time? Each value that counts as a dot, joined by a line; the others as crosses."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

from orchestrator.report.axes import HEIGHT, LEFT, LEGEND_Y, TOP, WIDTH, Frame, Named, days, grid, levels, short
from orchestrator.report.moments import day_label, moment, parse
from orchestrator.saying import Say, joined, said

COUNTS = "counts"
LABEL_WIDTH, LABEL_HEIGHT = 34, 15
"""The room of a value beside its dot, and of its line."""
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Value:
    """One recording. counts: it is drawn as a dot, else as a cross; told: its title."""

    at: dt.datetime
    amount: Decimal
    counts: bool
    told: str


def draw(
    plot: Mapping[str, Any], zone: dt.tzinfo, *, prefix: str = "plot", say: Say = str, named: Named = day_label
) -> str:
    """Return a story's plot as an SVG element.

    zone: in which the days are named; prefix: begins the ids, which must differ between charts of one page.
    say: says the chart's own words in the language of the page.
    """
    values = [_value(each, zone, say) for each in plot["values"] if each["value"] is not None]
    frame = _frame(plot, values)
    parts = [grid(frame, levels(frame.low, frame.high), plot["unit"]), days(frame, zone, named)]
    parts += [
        _line(frame, values),
        *(_mark(frame, each) for each in values),
        *_labels(frame, values),
        _legend(values, say),
    ]
    title = say(said("%(what)s over time", what=plot["label"]))
    described = "; ".join(each.told for each in values)
    return (
        f'<svg class="chart" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{escape(title)}</title>'
        f'<desc id="{prefix}-desc">{escape(described)}.</desc>{"".join(parts)}</svg>'
    )


def _value(each: Mapping[str, Any], zone: dt.tzinfo, say: Say) -> _Value:
    counts = each["status"] == COUNTS
    told: str = said("%(what)s on %(day)s", what=each["words"], day=moment(each["at"], zone))
    told = say(told if counts else joined(", ", (told, said(each["status"]))))
    return _Value(parse(each["at"]), Decimal(each["value"]), counts, told)


def _frame(plot: Mapping[str, Any], values: Sequence[_Value]) -> Frame:
    """Return the frame over all values: the fact's range, or what was recorded where the range has no end."""
    amounts, moments = [each.amount for each in values], [each.at for each in values]
    low = Decimal(plot["low"]) if plot["low"] is not None else min(Decimal(0), *amounts)
    high = Decimal(plot["high"]) if plot["high"] is not None else max(amounts)
    last = max(*moments, min(moments) + dt.timedelta(days=1))
    return Frame(min(moments), last, low, high if high > low else low + 1)


def _line(frame: Frame, values: Sequence[_Value]) -> str:
    places = [_place(frame, each) for each in values if each.counts]
    path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(places))
    return f'<path class="course" d="{path}"/>' if len(places) > 1 else ""


def _place(frame: Frame, each: _Value) -> Point:
    return frame.x(each.at), frame.y(each.amount)


def _mark(frame: Frame, each: _Value) -> str:
    return f"<g><title>{escape(each.told)}</title>{_shape(*_place(frame, each), counts=each.counts)}</g>"


def _shape(x: int, y: int, *, counts: bool) -> str:
    if counts:
        return f'<circle class="dose" cx="{x}" cy="{y}" r="4"/>'
    return f'<path class="void" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8"/>'


def _labels(frame: Frame, values: Sequence[_Value]) -> list[str]:
    """Return the value beside each dot, where there is room; the table has them all."""
    made: list[str] = []
    taken = [_place(frame, each) for each in values if not each.counts]
    for each in values:
        x, y = _place(frame, each)
        at = (x, y - 9 if y > TOP + 6 else y + 18)
        if each.counts and all(abs(at[0] - a) >= LABEL_WIDTH or abs(at[1] - b) >= LABEL_HEIGHT for a, b in taken):
            taken.append(at)
            anchor = "start" if x < LEFT + LABEL_WIDTH / 2 else "end" if x > WIDTH - LABEL_WIDTH else "middle"
            made.append(f'<text class="value {anchor}" x="{x}" y="{at[1]}">{escape(short(each.amount))}</text>')
    return made


def _legend(values: Sequence[_Value], say: Say) -> str:
    y = LEGEND_Y
    counts = escape(say(said("counts")))
    parts = f'{_shape(LEFT + 4, y - 4, counts=True)}<text class="tick" x="{LEFT + 14}" y="{y}">{counts}</text>'
    if all(each.counts for each in values):
        return parts
    void = _shape(LEFT + 80, y - 4, counts=False)
    told = escape(say(said("corrected or retracted: does not count")))
    return f'{parts}{void}<text class="tick" x="{LEFT + 90}" y="{y}">{told}</text>'
