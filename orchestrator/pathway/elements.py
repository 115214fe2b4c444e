"""Which elements does a pathway consist of? All that carry a mark, one kind after the other, with their words.

Whatever looks at all elements alike begins here: the tracing of rules, pages, checks. Pure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.pathway.kinds import Fact, Mark, Regimen
from orchestrator.pathway.model import Gate, Guard, Pathway, StandingRow, Transition
from orchestrator.pathway.naming import selected


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a pathway.

    kind: what sort of element, in the words of the files' tables (state, standing, gate ...).   name: its name, or what
    it speaks of where its row has none.   words: what it says, for people; may be empty.
    """

    kind: str
    name: str
    words: str
    mark: Mark


def elements(pathway: Pathway) -> Iterator[Element]:
    """Yield every element that carries a mark, in the order of the pathway's file, the shared facts and regimens last.

    The closed states, which are made from the outcomes, are among them: their marks have no line.
    """
    for find in _KINDS:
        yield from find(pathway)


def guard_words(guard: Guard) -> str:
    """Return a guard as a clinician reads it; empty for one that always holds."""
    always = guard.when.text.strip() == "true"
    parts = ["" if always else guard.when.words, f"unless {guard.unless.words}" if guard.unless else ""]
    return ", ".join(part for part in parts if part)


def _states(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.states.values():
        yield Element("state", each.name, each.title, each.mark)


def _definitions(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.definitions.values():
        yield Element("definition", each.name, each.words, each.mark)


def _values(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.values.values():
        yield Element("value", each.name, f"{each.words}: {each.text}", each.mark)


def _derivations(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.derivations.values():
        yield Element("derived fact", each.fact, f"from {', '.join(each.sources)}", each.mark)
        for row in each.rows:
            yield Element("derivation", f"{each.fact} {row.value}", guard_words(row.guard), row.mark)


def _forms(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.forms.values():
        yield Element("form", each.fact, ", ".join((*each.items, *each.optional)), each.mark)


def _properties(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.properties:
        yield Element("promise", each.name, each.words, each.mark)


def _plots(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.plots:
        yield Element("plot", each.fact, "shown over time", each.mark)


def _standings(pathway: Pathway) -> Iterator[Element]:
    for row in pathway.standings:
        yield Element("standing", row.selector.text, _standing_words(row, pathway), row.mark)


def _standing_words(row: StandingRow, pathway: Pathway) -> str:
    return _joined(row.standing.value, _within(row.stages, pathway), guard_words(row.guard))


def _gates(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.gates.values():
        yield Element("gate", each.name, _gate_words(each, pathway), each.mark)


def _gate_words(gate: Gate, pathway: Pathway) -> str:
    passes = f"passes when {gate.passes.words}" if gate.passes else ""
    minimum = f"asks below {gate.minimum_days} days" if gate.minimum_days else ""
    return _joined(f"{' or '.join(sorted(gate.actions))} {selected(pathway, gate.selector)}", passes, minimum)


def _warnings(pathway: Pathway) -> Iterator[Element]:
    for row in pathway.warnings:
        yield Element("warning", row.name, _joined(_within(row.stages, pathway), guard_words(row.guard)), row.mark)


def _offers(pathway: Pathway) -> Iterator[Element]:
    for row in pathway.offers:
        yield Element("offer", row.outcome, guard_words(row.guard), row.mark)


def _replaces(pathway: Pathway) -> Iterator[Element]:
    for row in pathway.replaces:
        yield Element("replacement", f"{row.what.text} by {row.by.text}", f"at {row.at}", row.mark)


def _checks(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.checks.values():
        of = selected(pathway, each.selector) if each.selector is not None else "the first treatment"
        yield Element("check", each.name, f"the response to {of}", each.mark)


def _transitions(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.transitions:
        yield Element("transition", each.name, _transition_words(each), each.mark)


def _transition_words(row: Transition) -> str:
    return _joined(f"{', '.join(sorted(row.origins))} to {row.target}", guard_words(row.guard))


def _tasks(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.tasks.values():
        yield Element("task", each.name, each.title, each.mark)


def _reminders(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.reminders.values():
        yield Element("reminder", each.name, each.title, each.mark)


def _facts(pathway: Pathway) -> Iterator[Element]:
    for fact in pathway.facts.values():
        yield Element("fact", fact.name, _fact_words(fact), fact.mark)


def _fact_words(fact: Fact) -> str:
    return _joined(fact.label, fact.note)


def _regimens(pathway: Pathway) -> Iterator[Element]:
    for each in pathway.regimens.values():
        yield Element("regimen", each.name, _joined(each.title, each.kind), each.mark)
        yield from _parts(each)


def _parts(regimen: Regimen) -> Iterator[Element]:
    """Yield what of a regimen has a mark of its own."""
    if regimen.dose is not None:
        yield Element("dose", regimen.name, regimen.dose.kind, regimen.dose.mark)
    if regimen.schedule is not None:
        yield Element("schedule", regimen.name, regimen.schedule.kind, regimen.schedule.mark)
    if regimen.alternative is not None:
        yield Element("alternative dose", regimen.name, regimen.alternative.parameter, regimen.alternative.mark)


def _within(stages: Collection[str], pathway: Pathway) -> str:
    """Return the stages of a row in the vocabulary's order; empty where it holds in all that are open."""
    open_stages = [name for name in pathway.stages if name in stages]
    return "" if len(open_stages) >= len(pathway.stages) - 1 else f"in {', '.join(open_stages)}"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


_KINDS: tuple[Callable[[Pathway], Iterable[Element]], ...] = (
    _states, _definitions, _values, _derivations, _standings, _gates, _warnings, _offers, _replaces, _checks,
    _transitions, _tasks, _reminders, _forms, _plots, _properties, _facts, _regimens,
)  # fmt: skip
