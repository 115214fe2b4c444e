"""Of what is a patient's situation made, as the proof sees it? Names of true-or-false things, and their values.

A *situation* maps each name to a Boolean of the solver: a stage, a fact's value, a course in force, a check that has
fallen due. A fact that nobody recorded has none of its values: unknown is not false. Numbers are cut at the constants
with which guards compare them; dates are only known or not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import z3

from orchestrator.pathway.kinds import CLOSED_STAGE, Fact
from orchestrator.pathway.language.tree import Call, Compare, Literal, Node, Variable, walk
from orchestrator.pathway.model import Pathway

Situation = Mapping[str, z3.BoolRef]


def stage(name: str) -> str:
    """Return the name of 'the episode is in this stage'."""
    return f"stage {name}"


def value(fact: str, text: str) -> str:
    """Return the name of 'the fact has this value' (a member, for a set)."""
    return f"{fact} = {text}"


def known(fact: str) -> str:
    """Return the name of 'the fact is recorded', for a fact without values of its own."""
    return f"{fact} is known"


def course(what: str, regimen: str) -> str:
    """Return the name of something about the courses of a regimen.

    what: ``in force``, ``unanswered`` (the response belongs to one), ``given`` and ``failed`` in this round, ``ever``
    given in whatever round, ``confirmed`` at all.
    """
    return f"{regimen} {what}"


def answered(regimen: str, response: str) -> str:
    """Return the name of 'the response that decided on a course of the regimen in this round was this one'."""
    return f"{regimen} answered {response}"


def due(check: str) -> str:
    """Return the name of 'the check has fallen due'."""
    return f"due {check}"


def several(check: str) -> str:
    """Return the name of 'the response belongs to more than one course of those that the check is for'."""
    return f"several {check}"


def spent(fact: str) -> str:
    """Return the name of 'the fact's value has decided'."""
    return f"{fact} is spent"


COURSE = ("in force", "unanswered", "given", "failed", "ever", "confirmed")
RELAPSED, TAPERED, IMPROVED = "relapsed", "tapered", "improved"
OWED = "what a promise leads to is owed"
"""Of the one promise that is looked at, where it is one of what leads to what."""


@dataclass(frozen=True, slots=True)
class Region:
    """A number below, at or above the constants that matter. low, high: None is open; both the same is the constant."""

    low: Decimal | None
    high: Decimal | None

    @property
    def text(self) -> str:
        """Return the region as text."""
        if self.low is not None and self.low == self.high:
            return str(self.low)
        return f"{'' if self.low is None else self.low}..{'' if self.high is None else self.high}"

    def holds(self, number: Decimal) -> bool:
        """Return whether a number lies in the region."""
        if self.low is not None and self.low == self.high:
            return number == self.low
        return (self.low is None or number > self.low) and (self.high is None or number < self.high)

    def example(self, fact: Fact) -> Decimal:
        """Return a number in the region and in the fact's range."""
        low = fact.low if self.low is None else self.low
        high = fact.high if self.high is None else self.high
        if low is None or high is None:
            raise AssertionError(f"{fact.name} has no range")
        return low if low == high else (low + high) / 2


class Names:
    """The names of one pathway's situations, and the facts' values behind them."""

    def __init__(self, pathway: Pathway, nodes: Iterable[Node]) -> None:
        self.pathway = pathway
        trees = tuple(nodes)
        self.facts = sorted(
            {name for tree in trees for name in _facts(tree)} | {each.name for each in pathway.course_facts}
        )
        self.regions = {name: tuple(_regions(pathway.facts[name], trees)) for name in self.facts}
        self.stages = tuple(state.stage for state in pathway.states.values() if state.stage != CLOSED_STAGE)

    def of_fact(self, name: str) -> tuple[str, ...]:
        """Return the names of a fact's values; for a set and a date that it is known, then the members."""
        fact = self.pathway.facts[name]
        if fact.kind == "bool":
            return value(name, "true"), value(name, "false")
        if fact.kind == "enum":
            return tuple(value(name, each) for each in fact.values)
        if fact.kind == "number" and self.regions[name]:
            return tuple(value(name, each.text) for each in self.regions[name])
        members = tuple(value(name, each) for each in fact.values) if fact.kind == "set" else ()
        return (known(name), *members)

    def of_value(self, name: str, recorded: Any) -> frozenset[str]:  # noqa: ANN401 - each fact has its own kind of value
        """Return the names that are so once the fact has a value, in the form in which it is recorded."""
        kind = self.pathway.facts[name].kind
        if kind == "number":
            true = {value(name, each.text) for each in self.regions[name] if each.holds(Decimal(recorded))}
        elif kind == "set":
            true = {value(name, str(each)) for each in recorded}
        else:
            true = {value(name, str(recorded).lower() if kind == "bool" else str(recorded))}
        return frozenset({*true, known(name)} & {*self.of_fact(name)})

    def is_known(self, name: str, now: Situation) -> z3.BoolRef:
        """Return 'the fact is recorded' in a situation."""
        names = self.of_fact(name)
        return now[names[0]] if self.has_known(name) else any_of(now[each] for each in names)

    def has_known(self, name: str) -> bool:
        """Return whether a name of its own says that the fact is recorded."""
        return self.of_fact(name)[0] == known(name)

    def fitting(self, name: str, now: Situation) -> z3.BoolRef:
        """Return 'the fact has one value at most', and no members while it is unknown."""
        names = self.of_fact(name)
        if self.has_known(name):
            return all_of(z3.Implies(now[each], now[names[0]]) for each in names[1:])
        return z3.AtMost(*(now[each] for each in names), 1) if len(names) > 1 else z3.BoolVal(True)


_ABOUT_FACTS = {"known": 0, "deciding": 0, "confirmed_after": 1}
"""Functions that ask whether a fact is recorded, and the place of the fact among their arguments."""


def _facts(tree: Node) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, Variable) and not node.hosted:
            yield node.name
        elif isinstance(node, Call) and node.name in _ABOUT_FACTS:
            yield str(node.values[_ABOUT_FACTS[node.name]])


def _regions(fact: Fact, trees: Iterable[Node]) -> Iterator[Region]:
    if fact.kind != "number":
        return
    compared = (node for tree in trees for node in walk(tree) if isinstance(node, Compare))
    cuts = sorted({Decimal(str(node.right.value)) for node in compared if _compares(node, fact.name)})  # type: ignore[union-attr]
    if not cuts:
        return
    yield Region(None, cuts[0])
    for low, high in pairwise(cuts):
        yield Region(low, low)
        yield Region(low, high)
    yield Region(cuts[-1], cuts[-1])
    yield Region(cuts[-1], None)


def _compares(node: Compare, fact: str) -> bool:
    return isinstance(node.left, Variable) and node.left.name == fact and isinstance(node.right, Literal)


def any_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """Return 'at least one of these'."""
    found = list(parts)
    return z3.Or(found) if len(found) != 1 else found[0]


def all_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """Return 'all of these'."""
    found = list(parts)
    return z3.And(found) if len(found) != 1 else found[0]


Choose = Callable[[str], z3.BoolRef]
"""Makes a Boolean that may be either: something the proof leaves open."""
