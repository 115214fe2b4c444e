"""What else can an element lose? One of its other keys, or one of several items of a list."""

from collections.abc import Iterator

from tests.mutants.elements import Element
from tests.mutants.trees import GONE, Edit

_KEYS = {
    "standings": ("in", "save", "pull", "takes"),
    "gates": ("save", "save_outcomes"),
    "warnings": ("in", "proposing"),
    "checks": ("ends", "opens"),
    "transitions": ("through", "decides", "ends", "opens", "relapse", "tells_missing", "on"),
    "tasks": ("entering", "every", "ladder", "reminder", "asks"),
    "reminders": ("until", "once", "ends_with_course", "overdue_ladder", "opens"),
    "derived": ("since_treatment",),
}
_LISTS = {
    "lines": ("items",),
    "standings": ("regimens", "in"),
    "gates": ("action", "save_outcomes"),
    "warnings": ("in",),
    "transitions": ("from",),
    "tasks": ("when",),
    "reminders": ("from", "in"),
    "derived": ("recorded",),
    "lasting": ("items",),
}


def key_dropped(element: Element) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """A key that says how, where or until when is gone."""
    for key in _KEYS.get(element.section, ()):
        if key in element.node:
            yield "key dropped", key, (Edit((*element.place, key), GONE),)


def item_dropped(element: Element) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """One of several is gone: an option's regimen, a stage, a condition."""
    for key in _LISTS.get(element.section, ()):
        items = element.node.get(key)
        place = element.place if key == "items" else (*element.place, key)
        if key == "items" and not isinstance(items, list):  # one row of a plain list
            yield "item dropped", "", (Edit(place, GONE),)
        elif isinstance(items, list) and len(items) > 1:
            for index, item in enumerate(items):
                said = item if isinstance(item, str) else ", ".join(f"{name} {each}" for name, each in item.items())
                yield "item dropped", f"{key}: {said}" if key != "items" else said, (Edit((*place, index), GONE),)
