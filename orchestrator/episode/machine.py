"""How does the episode move?

One shared ``transitions`` machine for each pathway version, made from the table of guarded updates. The library's traps
are closed: no model is ever registered and nothing is queued, ``to_<state>`` does not exist, every name was checked at
loading, callbacks only evaluate guards, and two enabled rows are an error instead of a silent first winner.
"""

from collections.abc import Callable
from typing import Any

from transitions import EventData, Machine

from orchestrator.episode.host import Host
from orchestrator.errors import Ambiguous
from orchestrator.pathway.model import Guard, Pathway, Transition

_CACHE = "machine"


class Cursor:
    """A throw-away place in the machine."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def machine(pathway: Pathway) -> Machine:
    """Return the pathway version's one machine."""
    found: Machine | None = pathway.cache.get(_CACHE)
    if found is None:
        found = pathway.cache[_CACHE] = _build(pathway)
    return found


def enabled(pathway: Pathway, host: Host, values: dict[str, Any], cause: str) -> Transition | None:
    """Return the one row that ``cause`` enables now, or None; raises Ambiguous when there are two."""
    stage = host.stage
    rows = [
        row for row in pathway.transitions if row.on == cause and stage in row.origins and row.guard.holds(values, host)
    ]
    if len(rows) > 1:
        raise Ambiguous(
            f"{pathway.name}: {' and '.join(row.name for row in rows)} are enabled at once in {host.episode.state}"
        )
    return rows[0] if rows else None


def way(pathway: Pathway, row: Transition, host: Host, values: dict[str, Any]) -> list[str]:
    """Return the states that ``row`` leads through from the present one, the last being the target;
    empty for a move on the spot.
    """
    cursor = Cursor(host.episode.state)
    target = pathway.state_of(row.target)
    passed: list[str] = []
    moves = machine(pathway).events[row.name]
    while not passed or cursor.state != target:
        if not moves.trigger(cursor, host=host, values=values):
            raise Ambiguous(f"{pathway.name}: {row.name} was refused half-way in {cursor.state}")
        passed.append(cursor.state)
    return [] if passed == [host.episode.state] else passed


def _build(pathway: Pathway) -> Machine:
    made = Machine(
        model=None, states=list(pathway.states), initial=pathway.initial, auto_transitions=False, send_event=True,
        queued=False, ignore_invalid_triggers=False,
    )  # fmt: skip
    for row in pathway.transitions:
        for origin, target in _hops(pathway, row):
            made.add_transition(row.name, origin, target, conditions=[_condition(row.guard)])
    return made


def _hops(pathway: Pathway, row: Transition) -> list[tuple[str, str]]:
    """Return each origin with where it leads: to the stage that the row passes through, or to the target."""
    target = pathway.state_of(row.target)
    if row.through is None:
        return [(pathway.state_of(origin), target) for origin in sorted(row.origins)]
    middle = pathway.state_of(row.through)
    first = [(pathway.state_of(origin), middle) for origin in sorted(row.origins) if origin != row.through]
    return [*first, (middle, target)]


def _condition(guard: Guard) -> Callable[[EventData], bool]:
    def permits(event: EventData) -> bool:
        return guard.holds(event.kwargs["values"], event.kwargs["host"])

    return permits
