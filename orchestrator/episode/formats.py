"""In which format are episodes and entries written, and how is an older one read?

A format has a number. This program reads every format up to its own, and writes the one that the store says: an older
program beside it reads what this one writes, until the upgrade is finished (ADR 13). Entries are never written anew,
and an episode that nobody touches stays as it is: a step, once released, stays for ever.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from orchestrator.errors import NewerFormat

Convert = Callable[[Any], Any]


def _same(value: Any) -> Any:  # noqa: ANN401  any JSON passes
    return value


class Step(NamedTuple):
    """From one format to the next and back, over JSON: of an episode, as `codec.encode` has it, and of an entry's body
    with its command and events. What they are given they may change."""

    episode_up: Convert = _same
    episode_down: Convert = _same
    body_up: Convert = _same
    body_down: Convert = _same


_COURSES, _TURNS = (14, 18), (20, 9)
"""Where an episode of format 2 has its courses and turns, and how much of each format 1 knows."""
_ADDED = {"course-confirmed": "follows", "moved": "anew"}
"""What format 2 adds to events."""


def _episode_to_1(value: list[Any]) -> list[Any]:
    for place, known in (_COURSES, _TURNS):
        if place < len(value):
            value[place] = [each[:known] for each in value[place]]
    return value


def _body_to_1(value: dict[str, Any]) -> dict[str, Any]:
    for event in value["events"]:
        event.pop(_ADDED.get(event["type"], ""), None)
    return value


STEPS: tuple[Step, ...] = (Step(episode_down=_episode_to_1, body_down=_body_to_1),)
"""The first leads from format 1 to format 2."""
WARD_CHANGES = 2
"""From this format on an episode can change wards. No step leads that down: it is refused until an upgrade is finished.

What a taper follows, and which moves were made anew, is not written in an older one: they are dealt with as there.
"""
OWN = len(STEPS) + 1
"""The format that this program has inside, the newest that it reads."""


def episode_up(value: Any, form: int) -> Any:  # noqa: ANN401
    """Return an episode's JSON of some format in this program's own. Raises NewerFormat."""
    for step in _between(form):
        value = step.episode_up(value)
    return value


def episode_down(value: Any, form: int) -> Any:  # noqa: ANN401
    """Return an episode's JSON of this program's own format in an older one. Raises NewerFormat."""
    for step in reversed(_between(form)):
        value = step.episode_down(value)
    return value


def body_up(value: dict[str, Any], form: int) -> dict[str, Any]:
    """Return an entry's body of some format in this program's own. Raises NewerFormat."""
    for step in _between(form):
        value = step.body_up(value)
    return value


def body_down(value: dict[str, Any], form: int) -> dict[str, Any]:
    """Return an entry's body of this program's own format in an older one. Raises NewerFormat."""
    for step in reversed(_between(form)):
        value = step.body_down(value)
    return value


def check(form: int) -> None:
    """Raise NewerFormat, with what to do, for a format that this program does not know."""
    if form > OWN:
        raise NewerFormat(
            f"the store is written in format {form}, this program reads up to {OWN}: install a newer carepath"
        )


def _between(form: int) -> tuple[Step, ...]:
    check(form)
    return STEPS[form - 1 :]
