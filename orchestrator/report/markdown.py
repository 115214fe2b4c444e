"""How do words become Markdown? Escaped text, tables, guards and origins in the cells of tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
BREAK = "<br>"
ORIGIN = "Rule and origin"
"""The head of the column that says where a row comes from."""
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_BEGINNING = re.compile(r"^(\d*)([.)#+=-])(?=\s|$|#|-|=)")
"""What a line must not begin with, lest it be a heading, a list or a rule."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """Return a text that Markdown and HTML show as it is, on one line."""
    plain = "".join(_ENTITIES.get(each, each) for each in " ".join(text.split()))
    return _BEGINNING.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", plain))


def code(name: str) -> str:
    """Return a name as code. A name that holds a backtick or a pipe is shown as text: code could not hold it."""
    return escaped(name) if set(name) & set("`|\\") else f"`{' '.join(name.split())}`"


def names(found: Iterable[str]) -> str:
    """Return names as code, one after the other."""
    return ", ".join(code(name) for name in found)


def regimens(told: Json, found: Iterable[str]) -> list[str]:
    """Return regimens by their titles, each with its name as code where that is another. told: see ``tables``."""
    called = ((told["regimens"].get(name, name), name) for name in found)
    return [escaped(title) + (f" {code(name)}" if title != name else "") for title, name in called]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown already; nothing for one without rows."""
    held = list(rows)
    if held:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from (f"| {' | '.join(row)} |" for row in held)
        yield ""


def section(level: int, title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a headed part, or nothing when it would be empty."""
    held = list(lines)
    if held:
        yield f"{'#' * level} {title}"
        yield ""
        yield from held


def guard(row: Json, always: str = "always") -> str:
    """Return what must hold and what must not, a condition a line."""
    said = f"{BREAK}and ".join(escaped(part) for part in row["when"]) or ("" if row["unless"] else always)
    unless = f"**unless** {escaped(row['unless'])}" if row["unless"] else ""
    return BREAK.join(filter(None, (said, unless)))


def origin(row: Json) -> str:
    """Return where an element comes from: its rules, its documents, and what of it is local."""
    documents = f"source {', '.join(escaped(key) for key in row['sources'])}" if row["sources"] else ""
    local = f"*local*: {names(row['settable'])}" if row["settable"] else "*local*" if row["local"] else ""
    return BREAK.join(filter(None, (", ".join(row["rules"]), documents, local)))


def stages(found: Sequence[str], every: str = "every stage") -> str:
    """Return stages; where there are none, what holds in all of them."""
    return ", ".join(escaped(stage) for stage in found) or every


def lines_of(texts: Iterable[str]) -> str:
    """Return texts below one another in a cell."""
    return BREAK.join(escaped(text) for text in texts)
