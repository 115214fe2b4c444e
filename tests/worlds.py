"""What can happen on a pathway, as Hypothesis draws it: the facts and regimens that its own file speaks of."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Guard, Pathway
from tests.patients import WORKFLOWS

PATHWAYS = {each.name: each for each in load_library(WORKFLOWS).pathways}
NAMES = sorted(PATHWAYS)


def spoken_facts(pathway: Pathway) -> list[str]:
    """Return the facts of which the guards of moves, standings, gates and derivations speak, in order."""
    guards: list[Guard] = [row.guard for row in pathway.transitions]
    guards += [row.guard for row in pathway.standings]
    guards += [guard for task in pathway.tasks.values() for guard in task.guards]
    guards += [row.guard for each in pathway.derivations.values() for row in each.rows]
    spoken = {name for guard in guards for name in guard.when.facts | (guard.unless.facts if guard.unless else set())}
    gates = (each for gate in pathway.gates.values() for each in (gate.passes, gate.refuses) if each is not None)
    return sorted(spoken.union(*(each.facts for each in gates)))


def spoken_regimens(pathway: Pathway) -> list[str]:
    """Return the regimens that the pathway's own lines and standings offer, in order."""
    offered = {
        name for row in pathway.standings if row.standing.value != "contraindicated" for name in row.selector.regimens
    }
    return sorted(offered | set(pathway.lines))


def values(fact: Fact) -> st.SearchStrategy[Any]:
    """Return a strategy of a fact's values, as the fact's type has them."""
    if fact.kind == "bool":
        return st.booleans()
    if fact.kind == "enum":
        return st.sampled_from(fact.values)
    if fact.kind == "set":
        return st.frozensets(st.sampled_from(fact.values), max_size=3)
    if fact.kind == "date":
        return st.dates(date(2026, 1, 1), date(2026, 3, 2))
    low, high = fact.low, fact.high
    return st.decimals(low, high, places=1) if low is not None and high is not None else st.nothing()


def as_json(fact: Fact) -> st.SearchStrategy[Any]:
    """Return a strategy of a fact's values as a command brings them: a set is a list, a date text."""
    if fact.kind == "set":
        return st.lists(st.sampled_from(fact.values), max_size=3, unique=True)
    return values(fact).map(str) if fact.kind == "date" else values(fact)
