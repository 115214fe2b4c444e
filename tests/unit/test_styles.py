"""Goal: a theme changes colours and nothing else, nothing appears or goes between a desk and a tablet, nothing moves,
and nothing lies over what has the focus: so axe need not try every rule in every theme at every width.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.web.static import FOLDER

SHEETS = sorted(FOLDER.glob("*.css"))
_DECLARED = re.compile(r"([\w-]+)\s*:\s*([^;{}]+)")
_WIDTHS = re.compile(r"(min|max)-width:\s*([\d.]+)(rem|px)")
_TABLET, _DESK = 820, 1280


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda each: each.name)
def test_a_theme_changes_colours_alone(sheet: Path) -> None:
    for query, inside in _media(sheet.read_text(encoding="utf-8")):
        if "prefers-color-scheme" in query:
            assert all(name.startswith("--") for name, _ in _DECLARED.findall(inside)), (sheet.name, query)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda each: each.name)
def test_between_a_desk_and_a_tablet_nothing_appears_or_goes(sheet: Path) -> None:
    for query, inside in _media(sheet.read_text(encoding="utf-8")):
        changes = [_pixels(amount, unit) for _, amount, unit in _WIDTHS.findall(query)]
        if any(_TABLET <= at <= _DESK for at in changes):
            declared = _DECLARED.findall(inside)
            assert not [each for each in declared if each[0] in {"visibility", "content"} or "none" in each[1]], query


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda each: each.name)
def test_nothing_moves_and_nothing_covers_the_focus(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    quiet = [each for query, each in _media(text) if "prefers-reduced-motion" in query]
    for inside in quiet:
        text = text.replace(inside, "")
    declared = _DECLARED.findall(text)
    assert not [each for each in declared if each[0] == "position" and each[1].strip() in {"fixed", "sticky"}]
    assert not [each for each in declared if each[0].startswith(("transition", "animation"))]


def _media(text: str) -> Iterator[tuple[str, str]]:
    """Yield the media queries of a sheet, each with what stands in it."""
    for begin in re.finditer(r"@media([^{]*){", text):
        depth, end = 1, begin.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield begin.group(1), text[begin.end() : end - 1]


def _pixels(amount: str, unit: str) -> float:
    return float(amount) * (16 if unit == "rem" else 1)
