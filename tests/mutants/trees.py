"""How is one thing in a pathway file changed? Edits of the tree that was read, and its way back into a file."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from orchestrator.pathway.reader import Map, Seq, Value

Key: TypeAlias = str | int
Place: TypeAlias = tuple[Key, ...]
"""The way to a value through the file: keys of mappings, indexes of sequences."""


class Gone:
    """Stands for a value that is no more there."""


GONE = Gone()


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands at a place from now on; GONE removes the key or the item."""

    place: Place
    value: Any


def at(tree: Value, place: Place) -> Any:  # noqa: ANN401 - whatever the file has there
    """Return what stands at a place."""
    found: Any = tree
    for key in place:
        found = found[key]
    return found


def edited(tree: Value, edits: tuple[Edit, ...]) -> Any:  # noqa: ANN401 - a tree of the same kind
    """Return a copy of the tree with the edits made; items are removed last first, so that indexes stay true."""
    copy = _copy(tree)
    for edit in sorted(edits, key=lambda each: tuple(str(key).rjust(6, "0") for key in each.place), reverse=True):
        *way, last = edit.place
        holder = at(copy, tuple(way))
        if edit.value is GONE:
            del holder[last]
        else:
            holder[last] = edit.value
    return copy


def _copy(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def dump(value: Any) -> str:  # noqa: ANN401
    """Return a tree as the text of a file: JSON, which is YAML, with the decimals as they were written."""
    match value:
        case dict():
            return "{" + ", ".join(f"{dump(str(key))}: {dump(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(dump, value)) + "]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def line_of(tree: Value, place: Place) -> int:
    """Return the line (from 1) on which a place stands."""
    holder, line = tree, 1
    for key in place:
        if isinstance(holder, Map | Seq):
            line = holder.line_of(key)  # type: ignore[arg-type]
            holder = holder[key]  # type: ignore[index]
    return line
