"""How does a picture of a pathway become SVG? The one renderer: for reports, pages and documentation alike.

Every text is escaped; nothing is told by colour alone; light and dark come from variables that a page may set. The same
input gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from orchestrator.pathway.geometry import ICON_WIDTH, TITLE_LEADING, Box, Edge, Line, Picture, Point
from orchestrator.pathway.lettering import text_width
from orchestrator.pathway.model import CLOSED_STAGE
from orchestrator.saying import Say, joined, said

CSS = (Path(__file__).parent / "style" / "way.css").read_text(encoding="utf-8")
LEGEND = 30
BADGE_HEIGHT = 16
SHOWN_VISITS = 4
_CAUSES = (("timer", said("falls due")), ("person", said("a person confirms")), ("guard", said("the facts decide")))
_VISITS = (("been", said("visited, in the order of the numbers")), ("now", said("now")), ("", said("not visited")))


def draw(
    picture: Picture,
    way: Sequence[Mapping[str, Any]] = (),
    now: str | None = None,
    *,
    prefix: str = "way",
    style: bool = True,
    say: Say = str,
) -> str:
    """Return the picture as an SVG element.

    way: the stays of a story, in order, each with ``n``, ``state`` and ``from``; now: the state to highlight.
    prefix: begins the ids, which must differ between pictures of one page; style: carry the style sheet along.
    say: says the picture's own words in the language of the page.
    """
    parts = [*shapes(picture, way, now, say), _legend(picture, bool(way), say)]
    title = say(said("The way through %(title)s", title=picture.title))
    description = say(_description(picture, way, now))
    sheet = f"<style>{CSS}</style>" if style else ""
    size = f"{picture.width} {picture.height + LEGEND}"
    return (
        f'<svg class="way" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}"'
        f' aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(description)}</desc>'
        f"{sheet}{''.join(parts)}</svg>"
    )


def shapes(
    picture: Picture, way: Sequence[Mapping[str, Any]] = (), now: str | None = None, say: Say = str
) -> list[str]:
    """Return stages, edges and boxes as SVG elements, those below first."""
    visits = {box.state: [stay["n"] for stay in way if stay["state"] == box.state] for box in picture.boxes}
    taken = {edge: _taken(edge, way) for edge in picture.edges}
    parts = [_band(each.x, each.width, picture.height, _stage(each.title, say)) for each in picture.columns]
    parts += [_edge(edge, []) for edge, numbers in taken.items() if not numbers]
    parts += [_edge(edge, numbers) for edge, numbers in taken.items() if numbers]
    parts += [_box(box, visits[box.state], box.state == now, say) for box in picture.boxes]
    return parts + [_badge(edge.badge, _numbers(numbers)) for edge, numbers in taken.items() if numbers]


def _description(picture: Picture, way: Sequence[Mapping[str, Any]], now: str | None) -> str:
    titles = {box.state: f"{box.stage} ({box.title})" for box in picture.boxes}
    stays = [f"{stay['n']}. {titles.get(stay['state'], stay['state'])}" for stay in way]
    moves = [
        said("%(origin)s to %(target)s", origin=titles[each.origin], target=titles[each.target])
        for each in picture.edges
    ]
    told = [said("So far: %(stays)s.", stays=", ".join(stays))] if stays else []
    told += [said("Now: %(state)s.", state=titles.get(now, now))] if now else []
    return joined(" ", [*told, said("Possible moves: %(moves)s.", moves=joined("; ", moves))])


def _stage(title: str, say: Say) -> str:
    told = say(said(title.lower()))
    return title if told == title.lower() else f"{told[:1].upper()}{told[1:]}"


def _taken(edge: Edge, way: Sequence[Mapping[str, Any]]) -> list[int]:
    return [stay["n"] for stay in way if stay["from"] == edge.origin and stay["state"] == edge.target]


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(each) for each in numbers[:SHOWN_VISITS])
    return shown + ("…" if len(numbers) > SHOWN_VISITS else "")


def _band(x: int, width: int, height: int, title: str) -> str:
    return (
        f'<rect class="band" x="{x - 6}" y="4" width="{width + 12}" height="{height - 8}" rx="8"/>'
        f'<text class="stage" x="{x + width // 2}" y="22">{escape(title)}</text>'
    )


# boxes


def _box(box: Box, visits: Sequence[int], now: bool, say: Say) -> str:
    kind = "box now" if now else "box been" if visits else "box"
    closed = box.stage == CLOSED_STAGE
    middle, y = box.x + box.width // 2, box.y + (17 if closed else 22)
    lines = "".join(
        f'<text x="{middle}" y="{y + TITLE_LEADING * index}">{escape(line)}</text>'
        for index, line in enumerate(box.lines)
    )
    ring = _rect(box, 3, "ring") if now else ""
    foot = "" if closed or not visits else _foot(box, visits, now, say)
    return f'<g class="{kind}"><title>{escape(box.title)}</title>{_rect(box)}{ring}{lines}{foot}</g>'


def _rect(box: Box, out: int = 0, name: str = "") -> str:
    named = f' class="{name}"' if name else ""
    width, height = box.width + 2 * out, box.height + 2 * out
    return f'<rect{named} x="{box.x - out}" y="{box.y - out}" width="{width}" height="{height}" rx="{6 + out}"/>'


def _foot(box: Box, visits: Sequence[int], now: bool, say: Say) -> str:
    text = f"{_numbers(visits)} · {say(said('now'))}" if now else _numbers(visits)
    return f'<text class="foot" x="{box.x + box.width // 2}" y="{box.bottom - 9}">{escape(text)}</text>'


# edges


def _edge(edge: Edge, numbers: Sequence[int]) -> str:
    kind = "edge taken" if numbers else "edge passing" if edge.passing else "edge"
    ways = "; ".join(f"{way.name}: {way.words}" for way in edge.ways)
    path = " ".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(_shortened(edge.points)))
    return (
        f'<g class="{kind}"><title>{escape(ways)}</title><path d="{path}"/>{_head(edge.points)}'
        f"{''.join(_label(line) for line in edge.labels)}</g>"
    )


def _direction(points: Sequence[Point]) -> Point:
    (x1, y1), (x2, y2) = points[-2:]
    return (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)


def _shortened(points: Sequence[Point]) -> list[Point]:
    """Return the line without the room of its head."""
    dx, dy = _direction(points)
    return [*points[:-1], (points[-1][0] - 5 * dx, points[-1][1] - 5 * dy)]


def _head(points: Sequence[Point]) -> str:
    (dx, dy), (x, y) = _direction(points), points[-1]
    back_x, back_y = x - 8 * dx, y - 8 * dy
    return f'<path class="head" d="M{x} {y}L{back_x - 4 * dy} {back_y - 4 * dx}L{back_x + 4 * dy} {back_y + 4 * dx}Z"/>'


def _label(line: Line) -> str:
    text = f'<text class="label" x="{line.x + ICON_WIDTH}" y="{line.y}">{escape(line.text)}</text>'
    return icon(line.icon, line.x + 1, line.y - 9) + text


def icon(name: str, x: int, y: int) -> str:
    """Return a drawn icon of 10 by 10: timer, person or guard; nothing for another name."""
    shapes = {
        "timer": '<circle cx="5" cy="5" r="4.4"/><path d="M5 2.4V5L7 6.4"/>',
        "person": '<circle cx="5" cy="2.9" r="2.2"/><path d="M.9 9.6C1.2 6.9 2.8 6.2 5 6.2S8.8 6.9 9.1 9.6"/>',
        "guard": '<path d="M5 .6L9.4 5L5 9.4L.6 5Z"/>',
    }
    return f'<g class="icon" transform="translate({x} {y})">{shapes[name]}</g>' if name in shapes else ""


def _badge(at: Point, text: str) -> str:
    width = max(BADGE_HEIGHT, text_width(text, 10) + 8)
    x, y = at[0] - width // 2, at[1] - BADGE_HEIGHT // 2
    return (
        f'<g class="badge"><rect x="{x}" y="{y}" width="{width}" height="{BADGE_HEIGHT}" rx="{BADGE_HEIGHT // 2}"/>'
        f'<text x="{at[0]}" y="{at[1] + 4}">{escape(text)}</text></g>'
    )


# the legend


def _legend(picture: Picture, with_way: bool, say: Say) -> str:
    y, x = picture.height + 18, 12
    parts: list[str] = []
    for name, what in _CAUSES:
        text = say(what)
        parts.append(icon(name, x, y - 9) + f'<text x="{x + 15}" y="{y}">{escape(text)}</text>')
        x += 15 + text_width(text, 10) + 18
    if with_way:
        for kind, what in _VISITS:
            text = say(what)
            parts.append(f'<g class="box {kind}"><rect x="{x}" y="{y - 10}" width="18" height="12" rx="3"/></g>')
            parts.append(f'<text x="{x + 24}" y="{y}">{escape(text)}</text>')
            x += 24 + text_width(text, 10) + 18
    return f'<g class="legend">{"".join(parts)}</g>'
