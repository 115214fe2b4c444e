"""How wide is a text, and where does it break? Estimates for laying out pictures without a font at hand.

Widths are upper estimates over the fonts that a browser may choose (DejaVu Sans is the widest of them), in units of the
picture; a text is therefore never wider than the room it was given.
"""

import math
import re
from collections.abc import Iterator, Sequence

from orchestrator.pathway.geometry import ICON_WIDTH, LABEL_LEADING, LABEL_SIZE, Line, Way

Item = tuple[str, str]
"""An icon, or none, and a text."""
Row = tuple[Item, ...]
Block = tuple[tuple[Row, ...], ...]
"""Labels beside an edge, each of some rows; a row holds one item, or several side by side."""
SHOWN_WAYS = 2
"""So many transitions of an edge are named beside it; the others are counted."""
GAP_MARGIN = 6
_NARROWEST_GAP = 64
_ITEM_GAP = 5
"""Between two items of a row."""
_NUMBERS_ABREAST = 3
"""So many numbers stand side by side in the gap between two columns, at least."""

_NARROW = frozenset("ijlftrI.,:;'|!()[] -/·")
_WIDE = frozenset("mwMW@%…—")


def text_width(text: str, size: int) -> int:
    """Return the estimated width of ``text`` in letters of ``size``."""
    return math.ceil(size * sum(_ems(each) for each in text))


def _ems(letter: str) -> float:
    if letter in _NARROW:
        return 0.40
    if letter in _WIDE or ord(letter) >= 0x2E80:  # a full-width script takes a whole em
        return 1.0
    return 0.74 if letter.isupper() else 0.63


def wrap(text: str, width: int, size: int, *, lines: int = 4) -> tuple[str, ...]:
    """Return ``text`` in at most ``lines`` lines of ``width``, broken at blanks and behind hyphens.

    A word too long for a line is cut; what does not fit ends in an ellipsis.
    """
    made: list[str] = []
    for word in _words(text, width, size):
        joined = made[-1] + word if made else word
        if made and text_width(joined.rstrip(), size) <= width:
            made[-1] = joined
        else:
            made.append(word)
    kept = [line.strip() for line in made[:lines]]
    if len(made) > lines:
        kept[-1] = _ellipsis(kept[-1], width, size)
    return tuple(kept)


def _words(text: str, width: int, size: int) -> list[str]:
    found: list[str] = []
    for word in re.findall(r"[^\s-]*-+|[^\s-]+\s?", " ".join(text.split())):
        while text_width(word.rstrip(), size) > width and len(word) > 1:
            head = _fitting(word, width, size)
            found.append(head)
            word = word[len(head) :]  # noqa: PLW2901  # the rest of the same word
        found.append(word)
    return found


def _fitting(word: str, width: int, size: int) -> str:
    count = len(word)
    while count > 1 and text_width(word[:count], size) > width:
        count -= 1
    return word[:count]


def _ellipsis(line: str, width: int, size: int) -> str:
    return _fitting(line, max(width - size, size), size).rstrip() + "…"


def block(ways: Sequence[Way], width: int) -> Block:
    """Return what is written beside an edge within ``width``.

    Numbered ways by their numbers, all of them; others by name, the first ones, then how many more there are.
    """
    if any(way.number for way in ways):
        return (tuple(_abreast(ways, width)),)
    ended = [way for way in ways if not way.passing]
    shown = tuple(_named(way, width) for way in ended[:SHOWN_WAYS])
    more = len(ended) - SHOWN_WAYS
    return (*shown, ((("", f"and {more} more"),),)) if more > 0 else shown


def _named(way: Way, width: int) -> tuple[Row, ...]:
    lines = wrap(_called(way), width - ICON_WIDTH, LABEL_SIZE)
    return tuple(((way.icon if index == 0 else "", line),) for index, line in enumerate(lines))


def _abreast(ways: Sequence[Way], width: int) -> Iterator[Row]:
    """Yield rows of numbers, as many side by side as fit."""
    row: list[Item] = []
    for way in sorted(ways, key=lambda each: each.number):
        item = (way.icon, str(way.number))
        if row and row_width((*row, item)) > width:
            yield tuple(row)
            row = []
        row.append(item)
    yield tuple(row)


def gap_width(ways: Sequence[Way]) -> int:
    """Return how wide a gap must be so that no word beside the edge in it is cut."""
    if any(way.number for way in ways):
        items = tuple((way.icon, str(way.number)) for way in ways[-_NUMBERS_ABREAST:])
        return max(_NARROWEST_GAP, row_width(items) + 3 * GAP_MARGIN)
    shown = [way for way in ways if not way.passing][:SHOWN_WAYS]
    words = [word for way in shown for word in _called(way).split()]
    return max([_NARROWEST_GAP, *(text_width(word, LABEL_SIZE) + ICON_WIDTH + GAP_MARGIN for word in words)])


def row_width(row: Row) -> int:
    """Return the width of a row, icons included."""
    return sum(_item_width(item) for item in row) + _ITEM_GAP * (len(row) - 1)


def _item_width(item: Item) -> int:
    return ICON_WIDTH + text_width(item[1], LABEL_SIZE)


def block_width(labels: Block) -> int:
    """Return the width of labels, icons included."""
    return max((row_width(row) for rows in labels for row in rows), default=0)


def block_height(labels: Block) -> int:
    """Return the number of rows."""
    return sum(len(rows) for rows in labels)


def stacked(labels: Block, left: int, y: int) -> list[Line]:
    """Return the rows of labels below one another, the first on the base line ``y``."""
    made: list[Line] = []
    for index, row in enumerate(row for rows in labels for row in rows):
        x = left
        for icon, text in row:
            made.append(Line(text, x, y + LABEL_LEADING * index, icon))
            x += _item_width((icon, text)) + _ITEM_GAP
    return made


def _called(way: Way) -> str:
    return way.name.replace("-", " ")
