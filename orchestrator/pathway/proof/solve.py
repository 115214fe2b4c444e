"""Does a promise hold of every patient? The steps as one formula, and a proof that no story breaks the promise.

The search for a story (``hunt``) may run beside it in a process of its own: it ends soon where a story is, the proof
where there is none. What neither settles is unknown, and never counts as proved.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import z3

from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import CLOSED, LEADS_TO
from orchestrator.pathway.proof.conditions import broken, owing
from orchestrator.pathway.proof.guards import Moment
from orchestrator.pathway.proof.invariant import told
from orchestrator.pathway.proof.leaving import ROUNDS, gap
from orchestrator.pathway.proof.steps import options
from orchestrator.pathway.proof.system import System
from orchestrator.pathway.proof.world import OWED

PROVED, UNKNOWN = "proved", "unknown"
Clock = Callable[[], float]
"""Seconds that only grow, for how long the solver took."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a promise. seconds: of the solver; facts: those over all values of which it holds."""

    property: str
    status: str
    how: str
    seconds: float
    facts: tuple[str, ...] = ()


class Relation:
    """The steps of a pathway as one formula between a situation and the next.

    promise: the one that is looked at, where it has to be remembered what is owed; that changes no step.
    """

    def __init__(self, pathway: Pathway, promise: Property | None = None) -> None:
        self.system = System(pathway)
        leads = promise is not None and promise.kind == LEADS_TO
        self.names = (*self.system.variables(), *((OWED,) if leads else ()))
        self.now = {name: z3.Bool(name) for name in self.names}
        self.then = {name: z3.Bool(f"{name}'") for name in self.names}
        self.open: dict[str, z3.BoolRef] = {}
        self.options = options(self.system, self.now, self.choose)
        if promise is not None and leads:
            owed = {OWED: owing(self.system, promise, Moment(self.now, self.choose))}
            self.options = [replace(each, changes={**each.changes, **owed}) for each in self.options]
        self.picked = [z3.Bool(f"step: {each.name}") for each in self.options]

    def choose(self, name: str) -> z3.BoolRef:
        """Return the open choice of this name, the same within a step."""
        return self.open.setdefault(name, z3.Bool(f"? {name}"))

    @cached_property
    def step(self) -> z3.BoolRef:
        """'One option is taken, and the next situation is what it leads to.'"""
        parts = [z3.PbEq([(each, 1) for each in self.picked], 1)]
        parts += [z3.Implies(pick, each.may) for pick, each in zip(self.picked, self.options, strict=True)]
        for name in self.names:
            new = self.now[name]
            for pick, each in zip(self.picked, self.options, strict=True):
                if name in each.changes:
                    new = z3.If(pick, each.changes[name], new)
            parts.append(self.then[name] == new)
        return z3.And(parts)

    @property
    def initial(self) -> z3.BoolRef:
        """'A patient has just been enrolled', and nothing is owed."""
        first = self.system.initial(self.now)
        return z3.And(first, z3.Not(self.now[OWED])) if OWED in self.now else first

    @cached_property
    def certain(self) -> z3.BoolRef:
        """'There is one stage, and no fact has two values': what holds at first and what every step keeps."""
        now = z3.And(
            self.system.one_stage(self.now), *(self.system.names.fitting(f, self.now) for f in self.system.names.facts)
        )
        then = z3.substitute(now, *((self.now[name], self.then[name]) for name in self.names))
        kept = z3.Solver()
        kept.add(z3.Or(z3.And(self.initial, z3.Not(now)), z3.And(now, self.step, z3.Not(then))))
        return now if kept.check() == z3.unsat else z3.BoolVal(True)

    def broken(self, promise: Property) -> z3.BoolRef:
        """Return when the promise is broken in the present situation, or by a step from it."""
        return broken(self.system, promise, self.now, self.choose)

    def at(self, formula: z3.BoolRef, place: int) -> z3.BoolRef:
        """Return a formula of the situation number ``place`` of a story."""
        pairs = [(each, z3.Bool(f"{each}@{place}")) for each in (*self.now.values(), *self.open.values(), *self.picked)]
        pairs += [(self.then[name], z3.Bool(f"{self.now[name]}@{place + 1}")) for name in self.names]
        return z3.substitute(formula, *pairs)


def prove(pathway: Pathway, promise: Property, seconds: float, clock: Clock) -> Verdict:
    """Look for a proof that no story breaks the promise, however long: an invariant, found by Spacer."""
    began, relation = clock(), Relation(pathway, promise)
    against = relation.broken(promise)
    if promise.kind == CLOSED and (missing := gap(relation, promise)):
        return Verdict(promise.name, UNKNOWN, missing, clock() - began)
    engine = z3.Fixedpoint()
    engine.set(engine="spacer", timeout=int(seconds * 1000))
    reached = z3.Function("reached", *([z3.BoolSort()] * len(relation.names)), z3.BoolSort())
    fails = z3.Function("fails", z3.BoolSort())
    for each in (reached, fails):
        engine.register_relation(each)
    now, then = [relation.now[name] for name in relation.names], [relation.then[name] for name in relation.names]
    engine.declare_var(*now, *then, *relation.picked, *relation.open.values())
    engine.rule(reached(*now), relation.initial)
    engine.rule(reached(*then), z3.And(reached(*now), relation.certain, relation.step))
    engine.rule(fails(), z3.And(reached(*now), relation.certain, against))
    try:
        outcome = engine.query(fails())
    except z3.Z3Exception:
        outcome = z3.unknown
    if outcome == z3.unsat:
        how = told(engine.get_answer(), "reached", "fails")
        if promise.kind == CLOSED:
            how += f"; no more than {ROUNDS} moves follow one another, and none begins a course"
        return Verdict(promise.name, PROVED, how, clock() - began, _facts(relation))
    how = "the prover found a way" if outcome == z3.sat else "the prover gave up"
    return Verdict(promise.name, UNKNOWN, how, clock() - began)


def _facts(relation: Relation) -> tuple[str, ...]:
    return tuple(relation.system.names.facts)
