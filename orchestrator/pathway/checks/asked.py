"""Which guards does a pathway have, where are they asked, and what do its elements speak of?

Found by looking through the elements themselves, so that a new kind of element is looked at like the others.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from orchestrator.errors import PathwayError
from orchestrator.pathway.expression import Call, Defined, Expression, Node, Variable, children, walk
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark, Stage
from orchestrator.pathway.model import Guard, Pathway

_LOOSE = frozenset({"title", "words", "text", "label", "note", "total", "route", "unit", "own_words", "labels"})
"""Fields that people read: what stands there names nothing."""
_APART = frozenset(
    {"cache", "text", "stages", "facts", "regimens", "ladders", "sources", "warning_texts", "permissions"}
)
"""Fields of a pathway that its elements speak of, and that speak of none themselves."""


_FIELDS: dict[type[Any], tuple[str, ...]] = {}
_PLAIN = (str, int, frozenset, dt.timedelta)


class Asked(NamedTuple):
    """One guard. kind: of the element; stages: in which it is asked."""

    kind: str
    name: str
    guard: Guard
    stages: frozenset[str]
    mark: Mark


def fault(what: str, mark: Mark, hint: str = "") -> PathwayError:
    """Return what is wrong with an element, where it stands."""
    return PathwayError(what, file=mark.file, line=mark.line, hint=hint)


def own_stages(pathway: Pathway) -> frozenset[str]:
    """Return the stages that the pathway has states in, without the closed one."""
    return frozenset(state.stage for state in pathway.states.values()) - {CLOSED_STAGE}


def shown_in(pathway: Pathway, stages: frozenset[str]) -> frozenset[str]:
    """Return the pathway's stages in which standings of ``stages`` show: there, and where others show them too."""
    return frozenset(each for each in own_stages(pathway) if _shows(pathway.stages[each], stages, pathway))


def _shows(stage: Stage, stages: frozenset[str], pathway: Pathway) -> bool:
    lines = frozenset(pathway.lines.values()) if stage.after_relapse_reached else frozenset()
    return bool(stages & {stage.name, *stage.standings_of, *lines})


def asked(pathway: Pathway) -> Iterator[Asked]:
    """Yield every guard with the stages in which it is asked; a list of conditions one by one."""
    everywhere = own_stages(pathway)
    for row in pathway.standings:
        yield Asked("standing", row.selector.text, row.guard, shown_in(pathway, row.stages), row.mark)
    for move in pathway.transitions:
        yield Asked("move", move.name, move.guard, move.origins, move.mark)
    for warning in pathway.warnings:
        yield Asked("warning", warning.name, warning.guard, warning.stages & everywhere, warning.mark)
    for offer in pathway.offers:
        yield Asked("offer", offer.outcome, offer.guard, everywhere, offer.mark)
    yield from _asked_of_work(pathway, everywhere)


def _asked_of_work(pathway: Pathway, everywhere: frozenset[str]) -> Iterator[Asked]:
    for task in pathway.tasks.values():
        stages = frozenset((task.entering,)) & everywhere if task.entering else everywhere
        yield from (Asked("task", task.name, each, stages, task.mark) for each in task.guards)
    for kind in pathway.reminders.values():
        guards = [kind.guard, *(anchor.guard for anchor in kind.anchors)]
        for guard in guards:
            if guard is not None:
                yield Asked("reminder", kind.name, guard, kind.stages & everywhere, kind.mark)
    for derivation in pathway.derivations.values():
        for row in derivation.rows:
            yield Asked("derivation", f"{derivation.fact} = {row.value}", row.guard, everywhere, row.mark)


def marked(pathway: Pathway) -> Iterator[Any]:
    """Yield every element of a pathway that has a mark: states, moves, standings, tasks and so on."""
    for each in dataclasses.fields(pathway):
        if each.name not in _APART:
            value = getattr(pathway, each.name)
            items = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
            yield from (item for item in items if hasattr(item, "mark"))


def expressions(value: object) -> Iterator[Expression]:
    """Yield every condition within an element."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from expressions(item)
    elif not isinstance(value, Mark):
        for part in parts_of(value):
            if part is not None and not isinstance(part, _PLAIN):
                yield from expressions(part)


def conditions(pathway: Pathway) -> Iterator[Expression]:
    """Yield every condition of a pathway."""
    for element in marked(pathway):
        yield from expressions(element)


def written(node: Node) -> Iterator[Node]:
    """Yield the nodes that stand in the text itself; what a definition means stands in the definition."""
    yield node
    if not isinstance(node, Defined):
        for child in children(node):
            yield from written(child)


def names(value: object) -> Iterator[str]:
    """Yield every name that an element speaks of, its conditions included; its own name too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Expression):
        yield from named_by(value)
    elif not isinstance(value, Mark):
        for part in parts_of(value):
            yield from names(part)


def parts_of(value: object) -> Iterator[object]:
    """Yield what a value is made of; nothing for a plain one."""
    if type(value) in _FIELDS or dataclasses.is_dataclass(value):
        yield from (getattr(value, name) for name in _names(type(value)))
    elif isinstance(value, tuple | frozenset):
        yield from value
    elif isinstance(value, Mapping):
        yield from (*value, *value.values())


def named_by(expression: Expression) -> Iterator[str]:
    """Yield the facts, the definitions and the arguments of functions that a condition speaks of."""
    for node in walk(expression.tree):
        match node:
            case Variable(name=name) | Defined(name=name):
                yield name
            case Call():
                yield from (value for value in node.values if isinstance(value, str))
            case _:
                pass


def _names(kind: type[Any]) -> tuple[str, ...]:
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = tuple(each.name for each in dataclasses.fields(kind) if each.name not in _LOOSE)
    return found
