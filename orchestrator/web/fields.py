"""Which field does a fact ask for, what is it good for, and what does it hold now? One shape for all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrator.episode.doses import plain_number
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import unit_words
from orchestrator.service.telling import Whole

_WHY_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Field:
    """A field for one fact. low, high: texts, empty for none.   current: the texts that it holds now.

    why: what waits for the fact, in words; form: what is looked at before it is recorded, see `episode.known.forms`.
    """

    name: str
    label: str
    kind: str
    unit: str
    low: str
    high: str
    values: tuple[str, ...]
    note: str
    current: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    form: Mapping[str, Any] | None = None

    @property
    def first(self) -> str:
        """Return what it holds now, of a field that holds one thing."""
        return self.current[0] if self.current else ""


def missing(whole: Whole) -> list[Field]:
    """Return a field for each fact that something waits for, in the pathway's order."""
    wanted, why = set(whole.now["missing"]), dict[str, list[str]]()
    for name, what in _waiting(whole):
        why.setdefault(name, []).append(what)
    forms = {each["fact"]: each for each in whole.now["forms"]}
    return [
        _field(whole.pathway, name, why=tuple(dict.fromkeys(why.get(name, ())))[:_WHY_SHOWN], form=forms.get(name))
        for name in whole.pathway.facts
        if name in wanted
    ]


def known(whole: Whole) -> dict[str, Field]:
    """Return a field for each fact that is known, by name, holding its value."""
    return {name: _field(whole.pathway, name, current=_texts(row["value"])) for name, row in whole.now["facts"].items()}


def others(whole: Whole) -> list[Field]:
    """Return a field for each fact of the pathway that is neither known nor waited for."""
    away = {*whole.now["missing"], *whole.now["facts"]}
    return [_field(whole.pathway, name) for name in whole.pathway.facts if name not in away]


def _field(
    pathway: Pathway,
    name: str,
    *,
    current: tuple[str, ...] = (),
    why: tuple[str, ...] = (),
    form: Mapping[str, Any] | None = None,
) -> Field:
    fact = pathway.facts[name]
    low, high = _number(fact.low), _number(fact.high)
    return Field(name, fact.label, fact.kind, unit_words(fact), low, high, fact.values, fact.note, current, why, form)


def _number(bound: Decimal | None) -> str:
    return "" if bound is None else plain_number(bound)


def _texts(value: object) -> tuple[str, ...]:
    """Return a value as its field has it; a set without members by what stands for 'nothing found'."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value) or ("[]",)
    return (str(value),)


def _waiting(whole: Whole) -> Iterator[tuple[str, str]]:
    """Yield each fact that is waited for with what waits for it."""
    for option in whole.options:
        if option["standing"] != "absent":
            yield from ((each["fact"], option["title"]) for each in option["missing"])
    for gate in whole.gates:
        yield from ((name, gate["gate"]) for name in _unknown(gate["passes"], gate["refuses"]))
    for proposal in whole.now["proposals"]:
        yield from ((name, proposal["title"]) for name in proposal["would_change"])
    for task in whole.now["tasks"]:
        yield from ((each["fact"], task["title"]) for each in task["asks"] if not each["recorded"])
    for absent in whole.now["absent"]:
        for row in absent["brought_in_by"]:
            yield from ((name, absent["title"]) for name, value in row["facts"].items() if value is None)


def _unknown(*clauses: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the facts that clauses ask for and nobody has recorded."""
    for clause in clauses:
        if clause is not None:
            yield from (name for name, value in clause["facts"].items() if value is None)
            yield from _unknown(*clause["clauses"])
