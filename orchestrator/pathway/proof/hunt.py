"""Which stories break a promise? The shortest ones first, each as plain as it can be told, one after the other.

What the solver leaves open is settled as nothing done: no regimen confirmed, no fact recorded and no gate passed but
what the story needs. Stories in which nothing is taken back come first: what may follow from that the steps allow more
widely than the engine. Whoever plays them asks for the next one where the engine does not allow one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import z3

from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.proof.choosing import LEAD, OVERRIDE, REASON
from orchestrator.pathway.proof.solve import Clock, Relation

LOOSE = ("retract", "was not given")
"""Steps that lead further than the engine's own."""
TRIES = 8
"""Stories of one length that are told, of each kind."""
FURTHER = 4
"""Steps beyond the shortest story after which the search ends."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story: what happens, which open choices are made so, and what is so before it."""

    option: str
    chosen: frozenset[str]
    true: frozenset[str]


class Hunt:
    """Stories of one pathway against one promise. steps: how long those are that are looked for at present."""

    def __init__(self, pathway: Pathway, promise: Property, clock: Clock) -> None:
        self.relation, self.clock, self.steps = Relation(pathway, promise), clock, 0
        self._against = self.relation.broken(promise)
        self._solver = z3.Solver()
        self._end = 0.0

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the facts that the steps speak of."""
        return tuple(self.relation.system.names.facts)

    def stories(self, depth: int, seconds: float) -> Iterator[tuple[Step, ...]]:
        """Yield stories of at most ``depth`` steps for so long."""
        self._end = self.clock() + seconds
        solver, relation = self._solver, self.relation
        solver.add(relation.at(relation.initial, 0))
        last = depth
        for self.steps in range(depth + 1):
            if self.steps > last or self.clock() >= self._end:
                return
            solver.push()
            solver.add(relation.at(self._against, self.steps))
            for strictly in (self._nothing_loose(), []):
                for trace in self._of_this_length(strictly):
                    last = min(last, self.steps + FURTHER)
                    yield trace
            solver.pop()
            solver.add(relation.at(relation.step, self.steps))

    def _of_this_length(self, strictly: Sequence[z3.BoolRef]) -> Iterator[tuple[Step, ...]]:
        for _ in range(TRIES):
            model = self._model(strictly)
            if model is None:
                return
            model, settled = self._plainest(model, strictly)
            yield trace_of(self.relation, model, self.steps)
            self._solver.add(z3.Not(z3.And(settled)) if settled else z3.BoolVal(False))

    def _model(self, assumed: Sequence[z3.BoolRef]) -> z3.ModelRef | None:
        left = int((self._end - self.clock()) * 1000)
        if left <= 0:
            return None
        self._solver.set("timeout", left)
        return self._solver.model() if self._solver.check(*assumed) == z3.sat else None

    def _nothing_loose(self) -> list[z3.BoolRef]:
        named = zip(self.relation.picked, self.relation.options, strict=True)
        loose = [pick for pick, each in named if each.name.endswith(LOOSE)]
        return [z3.Not(_at(pick, place)) for pick in loose for place in range(self.steps)]

    def _plainest(self, model: z3.ModelRef, assumed: Sequence[z3.BoolRef]) -> tuple[z3.ModelRef, list[z3.BoolRef]]:
        """Return a model in which little is done, and what tells it from others: the steps, what is confirmed."""
        fixed = list(assumed)
        for group in self._groups():
            model = self._without(group, model, fixed)
        told = [_at(pick, place) for pick in self.relation.picked for place in range(self.steps)]
        told += self._groups()[0]
        return model, [each for each in told if z3.is_true(model.eval(each))]

    def _without(self, group: Sequence[z3.BoolRef], model: z3.ModelRef, fixed: list[z3.BoolRef]) -> z3.ModelRef:
        """Leave out of a group what can be left out; by halves, for most of it can."""
        true = [each for each in group if z3.is_true(model.eval(each))]
        fixed += [z3.Not(each) for each in group if not z3.is_true(model.eval(each))]
        return self._halved(true, model, fixed)

    def _halved(self, true: Sequence[z3.BoolRef], model: z3.ModelRef, fixed: list[z3.BoolRef]) -> z3.ModelRef:
        if not true:
            return model
        without = [z3.Not(each) for each in true]
        found = self._model([*fixed, *without])
        if found is not None:
            fixed += without
            return found
        if len(true) == 1:
            return model
        middle = len(true) // 2
        model = self._halved(true[:middle], model, fixed)
        return self._halved(true[middle:], model, fixed)

    def _groups(self) -> list[list[z3.BoolRef]]:
        """Return the open choices by what is left out first: regimens, gates passed, reasons, facts, their values."""
        names = list(self.relation.open)
        groups = [
            [each for each in names if each.endswith(" is confirmed")],
            [each for each in names if each.startswith(OVERRIDE) or each in {LEAD, REASON}],
            [each for each in names if each.endswith(" is recorded")],
            [each for each in names if each.startswith("recorded ")],
        ]
        places = range(self.steps + 1)
        return [[_at(self.relation.open[each], place) for place in places for each in group] for group in groups]


def trace_of(relation: Relation, model: z3.ModelRef, last: int) -> tuple[Step, ...]:
    """Return the story of ``last`` steps that a model tells."""

    def holds(named: z3.BoolRef, place: int) -> bool:
        return z3.is_true(model.eval(z3.Bool(f"{named}@{place}")))

    def true(of: Mapping[str, z3.BoolRef], place: int) -> frozenset[str]:
        return frozenset(name for name, each in of.items() if holds(each, place))

    steps = []
    for place in range(last + 1):
        taken = [each.name for pick, each in zip(relation.picked, relation.options, strict=True) if holds(pick, place)]
        option = taken[0] if taken and place < last else ""
        steps.append(Step(option, true(relation.open, place), true(relation.now, place)))
    return tuple(steps)


def _at(named: z3.BoolRef, place: int) -> z3.BoolRef:
    return z3.Bool(f"{named}@{place}")
