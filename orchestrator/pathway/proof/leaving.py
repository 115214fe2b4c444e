"""Can everybody's episode be closed without an override (S-06)? The proof gives a way out of every situation.

Nobody is kept in but by a gate of closing and a course in force under it. So the way out is: let each such course come
to its end, then close. A course ends by itself once its doses are recorded or its days have passed. One that lasts
until another takes its place needs that other one; a person comes to where it is proposed by recording facts, at once
or in one of the ways that the promise names. Then

- no situation can be reached in which that is not so: ``kept_in``, proved like any other promise;
- the moves that follow by themselves come to an end, from whatever situation: ``gap``;
- neither they nor what time brings begins such a course: ``gap``.
"""

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import z3

from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.leaving import ends_by_itself, holding, successors
from orchestrator.pathway.model import Property
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.choosing import LEAD, OVERRIDE, REASON, Confirmation
from orchestrator.pathway.proof.guards import FALSE, Moment
from orchestrator.pathway.proof.moves import at_rest, moved
from orchestrator.pathway.proof.passing import passing
from orchestrator.pathway.proof.system import System
from orchestrator.pathway.proof.world import Situation, all_of, any_of

if TYPE_CHECKING:
    from orchestrator.pathway.proof.solve import Relation

ROUNDS = 3
"""Moves that may follow one another; ``gap`` shows that no more do."""


def kept_in(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """Return 'a course keeps the episode open, and nothing that would take its place can be had'."""
    parts = []
    for regimen in sorted({*holding(system.pathway, promise.outcomes)} & options(system.pathway)):
        if not ends_by_itself(system.pathway, regimen):
            after = successors(system.pathway, regimen)
            begun = any_of(at.now[world.course("in force", each)] for each in after)
            ways = [_leads(system, way, after, at) for way in ((), *promise.ways)]
            parts.append(z3.And(at.now[world.course("in force", regimen)], z3.Not(begun), z3.Not(any_of(ways))))
    return z3.And(at_rest(system, at), any_of(parts))


def _leads(system: System, way: Sequence[Mapping[str, Any]], to: Sequence[str], at: Moment) -> z3.BoolRef:
    """Return "once these facts are recorded one of the regimens can be confirmed as proposed", whatever is open."""
    now, fitting = at.now, []
    for number, facts in enumerate(way):
        choose = _named(at.choose, f"{len(way)} steps, after {number}")
        now, fits = _recorded(system, now, facts, choose)
        fitting.append(fits)
        for place in range(ROUNDS):
            changes = moved(system, "any", Moment(now, _named(choose, f"move {place}")))
            now = {**now, **{name: z3.simplify(new) for name, new in changes.items()}}
    confirmable = any_of(_confirmable(system, each, now, at.choose) for each in to)
    return z3.Implies(all_of(fitting), confirmable)


def _named(choose: world.Choose, when: str) -> world.Choose:
    """Return open choices of a moment of its own: what is left open may be answered anew."""
    return lambda name: choose(f"{when}: {name}")


def _recorded(
    system: System, now: Situation, facts: Mapping[str, Any], choose: world.Choose
) -> tuple[Situation, z3.BoolRef]:
    """Return the situation after these facts were recorded; what follows from them may be anything that fits."""
    after, fitting = dict(now), []
    for fact in system.names.facts:
        names = system.names.of_fact(fact)
        if fact in facts:
            true = system.names.of_value(fact, facts[fact])
            after |= {name: z3.BoolVal(name in true) for name in names}
        elif fact in system.pathway.derivations:
            after |= {name: choose(name) for name in names}
            fitting.append(system.names.fitting(fact, after))
        if world.spent(fact) in now and (fact in facts or fact in system.pathway.derivations):
            after[world.spent(fact)] = FALSE if fact in facts else choose(world.spent(fact))
    return after, all_of(fitting)


def _confirmable(system: System, regimen: str, now: Situation, choose: world.Choose) -> z3.BoolRef:
    """Return 'a clinician may confirm this one alone as proposed, without a reason and past no gate'."""

    def chosen(name: str) -> z3.BoolRef:
        if name.endswith(" is confirmed"):
            return z3.BoolVal(name == f"{regimen} is confirmed")
        if name in {LEAD, REASON} or name.startswith(OVERRIDE) or name.endswith(" is planned too short"):
            return FALSE
        return choose(f"then: {name}")

    return Confirmation(system, now, chosen).option().may


# what holds of every situation, reached or not


def gap(relation: "Relation", promise: Property) -> str:
    """Return what is missing in the way out, in words; empty where nothing is."""
    system = relation.system
    moves = {f"move {row.name}" for row in system.pathway.transitions}
    if _go_on(relation, _takes(relation, moves)):
        return f"more than {ROUNDS} moves may follow one another"
    by_itself = moves | {each.name for each in passing(system, relation.now, relation.choose)}
    regimens = {system.stand_ins[each] for each in holding(system.pathway, promise.outcomes)}
    begins = _begins(relation, _takes(relation, by_itself), sorted(regimens))
    return f"what comes by itself may begin a course of {begins}" if begins else ""


def _takes(relation: "Relation", names: Set[str]) -> z3.BoolRef:
    """Return 'a step is taken, by one of these options'."""
    named = zip(relation.picked, relation.options, strict=True)
    return z3.And(relation.step, any_of(pick for pick, each in named if each.name in names))


def _go_on(relation: "Relation", moving: z3.BoolRef) -> bool:
    """Return whether more than ``ROUNDS`` moves may follow one another, from whatever situation."""
    solver = z3.Solver()
    solver.add(relation.at(relation.system.one_stage(relation.now), 0))
    solver.add(*(relation.at(moving, place) for place in range(ROUNDS + 1)))
    return bool(solver.check() != z3.unsat)


def _begins(relation: "Relation", passing_on: z3.BoolRef, regimens: Sequence[str]) -> str:
    """Return a regimen of which a course may begin by such a step; empty where none does."""
    solver = z3.Solver()
    solver.add(passing_on)
    for regimen in regimens:
        running = world.course("in force", regimen)
        if solver.check(z3.Not(relation.now[running]), relation.then[running]) != z3.unsat:
            return regimen
    return ""
