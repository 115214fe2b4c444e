"""How is a long list read in pages? Each page gives a cursor, which stands for its last row: the next begins behind it.

So no row is told twice, and none is left out, whatever is added or removed meanwhile. A cursor is opaque to whoever
holds it: only what a page gave leads anywhere.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from orchestrator.audit.seal import instant
from orchestrator.errors import InputError, InvalidCommand

LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, JSON-ready, and the cursor behind which the next begin; None at the end."""

    rows: list[dict[str, Any]]
    after: str | None


def page_size(limit: int) -> int:
    """Return how many rows a page may have. Raises InvalidCommand."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidCommand(f"limit must lie between 1 and {LARGEST_PAGE}")
    return limit


def closed(*parts: str | datetime) -> str:
    """Return the cursor that stands for a row by these parts of its place."""
    told = [instant(part) if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def opened(cursor: str, parts: int) -> list[str]:
    """Return the parts of a place. Raises InputError for what no page gave."""
    try:
        found = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != parts or not all(isinstance(part, str) for part in found):
        raise wrong()
    if any("\0" in part for part in found):
        raise wrong()
    return found


def moment(part: str) -> datetime:
    """Return the moment that a part tells. Raises InputError."""
    try:
        at = datetime.fromisoformat(part)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise wrong()
    return at


def number(part: str) -> int:
    """Return the number that a part tells, of 9 digits at most. Raises InputError."""
    if not (part.isascii() and part.isdigit() and len(part) < 10):
        raise wrong()
    return int(part)


def cut(
    rows: Sequence[dict[str, Any]], place: Callable[[dict[str, Any]], tuple[str, ...]], after: str | None, limit: int
) -> Page:
    """Return a page of rows that were all read, being one person's or one patient's. place: by which they are ordered.

    Raises InputError.
    """
    ordered = sorted(rows, key=place)
    if after is not None:
        behind = tuple(opened(after, len(place(ordered[0])) if ordered else 2))
        ordered = [row for row in ordered if place(row) > behind]
    shown = ordered[: page_size(limit)]
    return Page(shown, closed(*place(shown[-1])) if len(shown) < len(ordered) else None)


def wrong() -> InputError:
    """Return what is raised for a cursor that no page gave."""
    return InputError("this cursor leads nowhere: begin at the first page")
