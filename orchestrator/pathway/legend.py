"""How does a diagram say what its numbers mean? Pure geometry: below the picture what time brings, then every move.

The numbers are those beside the edges of a picture laid out with ``numbered``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.pathway.geometry import BOX_WIDTH, Picture
from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.language.grammar import listed, together
from orchestrator.pathway.layout import MARGIN, lay_out
from orchestrator.pathway.lettering import wrap
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tables.moving import CAUSES

LEADING = 17
SIZE, SMALL = 13, 11
ICON = 18
"""Room of an icon before a text."""
GUTTER = 36
"""Between two columns of the legend, and between the stages and the legend."""
NUMBER = 48
"""Room of icon and number before a move."""
NARROWEST = 1080
BOLD = 113
"""How wide bold letters are, in percent of the others."""
_ICONS = {"due": "timer", "confirmation": "person", "any": "guard"}
_ENOUGH = 99

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caption:
    """One line of lettering below the picture. x, y: where its base line begins; icon: beside it, at ``x - ICON``.

    kind: head, number, name, words, soft or clock.
    """

    text: str
    x: int
    y: int
    size: int
    kind: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture with its captions, on one canvas."""

    picture: Picture
    captions: tuple[Caption, ...]
    initial: str
    width: int
    height: int


def diagram(pathway: Pathway, told: Json) -> Diagram:
    """Return the pathway's diagram. told: the pathway in words, as ``tables`` has it."""
    picture = lay_out(pathway, numbered=True)
    width = max(picture.width, NARROWEST)
    clocks = list(_clocks(picture, told["states"]))
    top = max([each.y for each in clocks], default=picture.height) + GUTTER
    head = list(_head(top, width - 2 * MARGIN))
    moves = list(_moves(told["moves"], width, head[-1].y + GUTTER))
    captions = (*clocks, *head, *moves)
    return Diagram(picture, captions, pathway.initial, width, max(each.y for each in captions) + MARGIN + 6)


# what time brings, below its stage


def _clocks(picture: Picture, states: Iterable[Json]) -> Iterator[Caption]:
    said = {state["stage"]: state["clocks"] for state in states}
    lefts = [column.x for column in picture.columns]
    for column, right in zip(picture.columns, [*lefts[1:], picture.width], strict=True):
        width = min(right - column.x - ICON - 8, BOX_WIDTH + 40)
        y = picture.height + LEADING
        for text in said.get(column.stage, ()):
            for index, line in enumerate(wrap(text, width, SMALL, lines=_ENOUGH)):
                yield Caption(line, column.x + ICON, y, SMALL, "clock", "timer" if index == 0 else "")
                y += LEADING - 3
            y += 4


# what the numbers mean


def _head(y: int, width: int) -> Iterator[Caption]:
    yield Caption("The moves", MARGIN, y, SIZE + 3, "head")
    x, y = MARGIN + ICON, y + LEADING + 6
    for cause in ("confirmation", "due", "any"):
        yield Caption(_LEGEND[cause], x, y, SIZE, "soft", _ICONS[cause])
        x += 230
    for line in wrap(_CLOSING, width, SIZE, lines=_ENOUGH):
        y += LEADING
        yield Caption(line, MARGIN, y, SIZE, "soft")


_LEGEND = {cause: f"{words[0].upper()}{words[1:]}" for cause, words in CAUSES.items()}
_CLOSING = (
    "A dashed arrow is only passed through, in the same moment. From every stage a person may close the episode "
    f"({CLOSED_STAGE})."
)


def _moves(moves: Sequence[Json], width: int, top: int) -> Iterator[Caption]:
    """Yield the moves in two columns of about the same height."""
    room = (width - 2 * MARGIN - GUTTER) // 2
    entries = [tuple(_entry(move, room - NUMBER)) for move in moves]
    heights = [_height(entry) for entry in entries]
    x, y, filled = MARGIN, top, 0
    for entry, height in zip(entries, heights, strict=True):
        if x == MARGIN and filled and filled + height // 2 > sum(heights) // 2:
            x, y = MARGIN + room + GUTTER, top
        yield from (replace(each, x=each.x + x, y=each.y + y) for each in entry)
        y += height
        filled += height


def _height(entry: Sequence[Caption]) -> int:
    return entry[-1].y + LEADING + 10


def _entry(move: Json, width: int) -> Iterator[Caption]:
    """Yield one move, as if it stood at (0, 0)."""
    yield Caption(str(move["n"]), ICON, 0, SIZE, "number", _ICONS[move["on"]])
    y = 0
    for kind, text in _said(move):
        room = width if kind != "name" else width * 100 // BOLD
        for line in wrap(text, room, SIZE, lines=_ENOUGH):
            yield Caption(line, NUMBER, y, SIZE, kind)
            y += LEADING


def _said(move: Json) -> Iterator[tuple[str, str]]:
    through = f", through {move['through']}" if move["through"] else ""
    yield "name", f"{listed(move['from'], 'or')} → {move['to']}{through}: {move['name'].replace('-', ' ')}"
    if move["when"]:
        yield "words", f"when {together(move['when'])}"
    if move["unless"]:
        yield "words", f"unless {move['unless']}"
    yield "soft", origin(move)


def origin(row: Json) -> str:
    """Return where an element comes from: ``P-08, source 000``; ``local`` where a value of it is."""
    parts = [*row["rules"]]
    parts += [f"source {' and '.join(row['sources'])}"] if row["sources"] else []
    parts += ["local"] if row["local"] else []
    return ", ".join(parts)
