"""How wide is a text, and where does it break? Estimates for laying out pictures without a font at hand.

Widths are upper estimates over the fonts that a browser may choose (DejaVu Sans is the widest of them), in units of the
picture; a text is therefore never wider than the room it was given.
"""

import math
import re
from collections.abc import Sequence

from orchestrator.pathway.geometry import ICON_WIDTH, LABEL_LEADING, LABEL_SIZE, Line, Way

Block = tuple[tuple[str, tuple[str, ...]], ...]
"""Labels beside an edge: icon and lines of each."""
SHOWN_WAYS = 2
"""So many transitions of an edge are named beside it; the others are counted."""
GAP_MARGIN = 6
_NARROWEST_GAP = 64

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
    """Return what is written beside an edge within ``width``: the first ways by name, then how many more there are."""
    ended = [way for way in ways if not way.passing]
    shown = tuple((way.icon, wrap(_called(way), width - ICON_WIDTH, LABEL_SIZE)) for way in ended[:SHOWN_WAYS])
    more = len(ended) - SHOWN_WAYS
    return (*shown, ("", (f"and {more} more",))) if more > 0 else shown


def gap_width(ways: Sequence[Way]) -> int:
    """Return how wide a gap must be so that no word beside the edge in it is cut."""
    shown = [way for way in ways if not way.passing][:SHOWN_WAYS]
    words = [word for way in shown for word in _called(way).split()]
    return max([_NARROWEST_GAP, *(text_width(word, LABEL_SIZE) + ICON_WIDTH + GAP_MARGIN for word in words)])


def block_width(labels: Block) -> int:
    """Return the width of labels, icons included."""
    return max((ICON_WIDTH + text_width(line, LABEL_SIZE) for _, lines in labels for line in lines), default=0)


def block_height(labels: Block) -> int:
    """Return the number of lines."""
    return sum(len(lines) for _, lines in labels)


def stacked(labels: Block, left: int, y: int) -> list[Line]:
    """Return the lines of labels below one another, the first on the base line ``y``."""
    made: list[Line] = []
    for icon, lines in labels:
        for index, text in enumerate(lines):
            made.append(Line(text, left, y + LABEL_LEADING * len(made), icon if index == 0 else ""))
    return made


def _called(way: Way) -> str:
    return way.name.replace("-", " ")
