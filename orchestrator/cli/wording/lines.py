"""How do values, moments and origins read in a line of text?"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.report.moments import MONTHS, WEEKDAYS

WIDTH = 110
ACTIONS = {"confirm": "confirming", "taper": "shortening", "stop": "stopping", "close": "closing with"}
"""What a gate holds back, in words."""


def moment(text: str | None, zone: ZoneInfo) -> str:
    """Return an instant as people of the zone write it, such as `Mon 2 Mar 2026 08:00 GMT`."""
    if text is None:
        return "no time"
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{WEEKDAYS[at.weekday()]} {at.day:>2} {MONTHS[at.month - 1]} {at.year} {at:%H:%M} {at.tzname()}"


def value(held: Any) -> str:  # noqa: ANN401  what JSON holds
    """Return a value as text; unknown for none."""
    if held is None:
        return "unknown"
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, Mapping):  # tagged with its type
        return value(next(iter(held.values()), None))
    if isinstance(held, list | tuple):
        return ", ".join(value(each) for each in held) or "none of them"
    return str(held)


def origin(document: Mapping[str, Any]) -> str:
    """Return rules and sources of an element in brackets; `local` where no document says it."""
    parts = [", ".join(document.get("rules", ()))]
    if sources := document.get("sources"):
        parts.append(f"source {', '.join(sources)}")
    if document.get("local"):
        parts.append("local")
    told = "; ".join(part for part in parts if part)
    return f"[{told}]" if told else ""


def regimen(document: Mapping[str, Any]) -> str:
    """Return a regimen as commands take it, with what people call it in brackets."""
    name, title = document["regimen"], document["title"]
    return name if title == name else f"{name} ({title})"


def section(title: str, lines: Iterable[str]) -> list[str]:
    """Return a titled block, or nothing when there are no lines."""
    held = list(lines)
    return ["", title, *held] if held else []


def settings(values: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield local values by who set them: each with its address, what it is, its range, and the default it replaces."""
    for set_by in dict.fromkeys(each["set_by"] for each in values):
        yield from wrapped(f"{set_by}:", 2)
        for each in values:
            if each["set_by"] == set_by:
                default = f", instead of {each['default']}" if each["hospital"] else ""
                yield from wrapped(
                    f"{each['address']} = {each['value']}{default} ({each['range']}): {each['words']}", 4
                )


def wrapped(text: str, indent: int) -> list[str]:
    """Return a text on lines of at most WIDTH, all of them indented, the later ones by two more."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_long_words=False,
        break_on_hyphens=False,
    ) or [""]  # fmt: skip


def columns(rows: Sequence[tuple[str, ...]], indent: int = 2, *, whole: bool = False) -> list[str]:
    """Return rows as aligned columns; the last one goes on below itself where it is long, unless it stays whole."""
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    left = indent + sum(widths) + 2 * len(widths)
    lines: list[str] = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        width = len(row[-1]) + 1 if whole else max(WIDTH - left, 40)
        told = textwrap.wrap(row[-1], width, break_long_words=False, break_on_hyphens=False) or [""]
        lines.append((" " * indent + "  ".join([*cells, told[0]])).rstrip())
        lines += [" " * left + more for more in told[1:]]
    return lines
