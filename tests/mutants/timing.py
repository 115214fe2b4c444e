"""How is a time broken? Lengthened: twice as long, within the range that a hospital has; or removed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from orchestrator.pathway.expression import parse_duration
from tests.mutants.elements import Element
from tests.mutants.trees import GONE, Edit

_TIMES = ("after", "every", "every_months", "after_months", "overdue", "due", "value")
_HOUR = timedelta(hours=1)


def lengthened(element: Element) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """What was to come at one time comes later."""
    for key in _TIMES:
        value = element.node.get(key)
        if element.section == "rows" or value is None:
            continue
        ends = element.node["local"].get(key) if isinstance(element.node.get("local"), dict) else None
        several = value if isinstance(value, list) else [value]
        for index, each in enumerate(several):
            longer = _longer(each, ends)
            if longer is None:
                continue
            place = (*element.place, key, index) if several is value else (*element.place, key)
            yield "timer lengthened", f"{key}: {each} to {longer}", (Edit(place, longer),)


def removed(element: Element) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """What was to come at a time comes no more."""
    for key in _TIMES:
        value = element.node.get(key)
        if value is None or element.section in {"rows", "values"}:
            continue
        if isinstance(value, list) and len(value) > 1:
            for index, each in enumerate(value):
                yield "timer removed", f"{key}: {each}", (Edit((*element.place, key, index), GONE),)
        else:
            yield "timer removed", key, (Edit((*element.place, key), GONE), *_companions(element, key))


def _companions(element: Element, key: str) -> tuple[Edit, ...]:
    """Return what goes with a time, so that loading does not refuse the one for the other: its range, its ladder."""
    edits: list[Edit] = []
    local = element.node.get("local")
    if isinstance(local, dict) and key in local:
        edits.append(Edit((*element.place, "local"), GONE if len(local) == 1 else _without(local, key)))
    if key == "overdue" and "overdue_ladder" in element.node:
        edits.append(Edit((*element.place, "overdue_ladder"), GONE))
    return tuple(edits)


def _without(local: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: ends for name, ends in local.items() if name != key}


def _longer(value: object, ends: Any) -> object:  # noqa: ANN401 - the range as the file has it, or None
    """Return twice the time, or the upper end of its range where that is less; None for what is no time."""
    most = ends[1] if isinstance(ends, list) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return _less(value * 2, most, value)
    length = parse_duration(value) if isinstance(value, str) else None
    if length is None:
        return None
    limit = parse_duration(most) if isinstance(most, str) else None
    hours = _less(length * 2 or _HOUR, limit, length) // _HOUR
    return f"{hours}h"


def _less(doubled: Any, most: Any, now: Any) -> Any:  # noqa: ANN401
    return most if most is not None and now < most < doubled else doubled
