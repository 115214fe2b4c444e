"""What does a pathway ask about a patient? Its facts, those that follow from others, its named conditions."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from orchestrator.pathway.expression import Expression
from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.language.grammar import span
from orchestrator.pathway.language.words import words_of
from orchestrator.pathway.model import Guard, Pathway, Standing
from orchestrator.pathway.tables.saying import Saying, mark

Json = dict[str, Any]
_MEASURED = {"per_kg": ("weight",), "per_m2": ("weight", "height")}
"""What the formula of a kind of dose takes from the patient."""


def facts(pathway: Pathway) -> list[Json]:
    """Return the facts that the pathway uses, in the order of the vocabulary."""
    used = used_facts(pathway)
    return [
        {
            "fact": fact.name,
            "label": fact.label,
            "values": _values(fact),
            "unit": fact.unit,
            "note": fact.note,
            "of_courses": fact.of_courses,
            "improved": [value for value in fact.values if value in fact.improved],
            "derived": fact.name in pathway.derivations,
            **mark(fact.mark),
        }
        for fact in pathway.facts.values()
        if fact.name in used
    ]


def _values(fact: Fact) -> str:
    if fact.kind == "number":
        return f"a number from {fact.low} to {fact.high}"
    if fact.kind == "set":
        return f"any of {', '.join(fact.values)}"
    return {"bool": "yes or no", "date": "a date"}.get(fact.kind, ", ".join(fact.values))


def used_facts(pathway: Pathway) -> frozenset[str]:
    """Return the facts that a guard, a move, a task, a reminder, a derivation or a dose of the pathway reads."""
    names = {name for expression in expressions(pathway) for name in expression.facts}
    names |= {move.decides for move in pathway.transitions if move.decides}
    names |= {kind.until.fact for kind in pathway.reminders.values() if kind.until and kind.until.fact}
    names |= {name for task in pathway.tasks.values() for name in task.asks}
    names |= {name for each in pathway.derivations.values() for name in (each.fact, *each.sources)}
    names |= {*pathway.forms, *(plot.fact for plot in pathway.plots)}
    return frozenset(names | _measures(pathway)) & frozenset(pathway.facts)


def _measures(pathway: Pathway) -> set[str]:
    """Return the facts from which the doses of what is proposed are made."""
    proposed = {
        name
        for row in pathway.standings
        if row.standing is not Standing.CONTRAINDICATED
        for name in row.selector.regimens
    }
    doses = (pathway.regimens[name].dose for name in proposed)
    wanted = {what for dose in doses if dose is not None for what in _MEASURED.get(dose.kind, ())}
    return {fact.name for fact in pathway.facts.values() if fact.measures in wanted}


def expressions(pathway: Pathway) -> Iterator[Expression]:
    """Yield every condition that the pathway's elements ask."""
    for guard in _guards(pathway):
        yield guard.when
        if guard.unless is not None:
            yield guard.unless
    for gate in pathway.gates.values():
        yield from (each for each in (gate.passes, gate.refuses) if each is not None)
    for state in pathway.states.values():
        yield from (each for each in (state.waits, state.content) if each is not None)


def _guards(pathway: Pathway) -> Iterator[Guard]:
    for rows in (pathway.standings, pathway.warnings, pathway.offers, pathway.transitions):
        yield from (row.guard for row in rows)
    for task in pathway.tasks.values():
        yield from task.guards
    for kind in pathway.reminders.values():
        yield from (guard for guard in (kind.guard, *(each.guard for each in kind.anchors)) if guard is not None)
    for derivation in pathway.derivations.values():
        yield from (row.guard for row in derivation.rows)


def definitions(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the named conditions: what each is called, and what it means."""
    return [
        {"words": each.words, "means": words_of(each.expression.tree, saying.labels), **mark(each.mark)}
        for each in pathway.definitions.values()
    ]


def values(pathway: Pathway) -> list[Json]:
    """Return the lengths of time and numbers that conditions use by name."""
    return [
        {
            "words": each.words,
            "value": span(each.value) if isinstance(each.value, dt.timedelta) else each.text,
            **mark(each.mark),
        }
        for each in pathway.values.values()
    ]


def derived(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the derivations: the fact, what it follows from, and its value by the first row that holds."""
    labels = saying.labels
    return [
        {
            "fact": each.fact,
            "label": labels[each.fact],
            "sources_of": [labels[name] for name in each.sources],
            "since_treatment": labels[each.since_treatment] if each.since_treatment else "",
            "rows": [{"value": row.value, **saying.guard(row.guard), **mark(row.mark)} for row in each.rows],
            **mark(each.mark),
        }
        for each in pathway.derivations.values()
    ]


def forms(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return what a person looks at before he records a fact, and the numbers that the report plots."""
    plotted = {plot.fact for plot in pathway.plots}
    named = [name for name in pathway.facts if name in pathway.forms or name in plotted]
    return [
        {
            "fact": name,
            "label": saying.labels[name],
            "items": list(pathway.forms[name].items) if name in pathway.forms else [],
            "optional": list(pathway.forms[name].optional) if name in pathway.forms else [],
            "plotted": name in plotted,
            **mark(
                pathway.forms[name].mark
                if name in pathway.forms
                else next(plot.mark for plot in pathway.plots if plot.fact == name)
            ),
        }
        for name in named
    ]
