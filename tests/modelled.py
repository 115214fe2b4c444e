"""May the model take this step, and what does it make of a guard? It is asked of what the engine did."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import z3

from orchestrator.episode.commands import Command
from orchestrator.episode.decide import Accepted
from orchestrator.episode.host import Signals
from orchestrator.episode.model import Episode
from orchestrator.pathway.expression import Expression
from orchestrator.pathway.model import Guard
from orchestrator.pathway.proof import guards
from orchestrator.pathway.proof.steps import options
from orchestrator.pathway.proof.system import System
from tests.abstraction import Entry, Situation, Step, situation
from tests.worlds import PATHWAYS


class Model:
    """The steps of one pathway, a solver for each option. used: how often each was what the engine did."""

    def __init__(self, name: str) -> None:
        self.pathway = PATHWAYS[name]
        self.system = System(self.pathway)
        self.names = frozenset(self.system.variables())
        self.now = {each: z3.Bool(each) for each in self.names}
        self.then = {each: z3.Bool(f"{each} then") for each in self.names}
        self.open: dict[str, z3.BoolRef] = {}
        self.used: Counter[str] = Counter()
        self._solvers: dict[str, list[z3.Solver]] = defaultdict(list)
        self._answers: dict[tuple[str, Situation, Situation], bool] = {}
        for option in options(self.system, self.now, self.choose):
            leads = (self.then[each] == option.changes.get(each, self.now[each]) for each in self.names)
            self._solvers[option.name].append(_solver(option.may, *leads))
        self._first = _solver(self.system.initial(self.now))

    def choose(self, name: str) -> z3.BoolRef:
        """Return the open Boolean of this name: one for each step, as the proof has it."""
        return self.open.setdefault(name, z3.Bool(f"open: {name}"))

    def may_begin(self, first: Situation) -> bool:
        """Return whether a patient may begin so."""
        return _can(self._first, *_said(self.now, first))

    def may_step(self, option: str, before: Situation, after: Situation) -> bool:
        """Return whether the option leads from one situation to the other."""
        key = (option, before, after)
        if key not in self._answers:
            said = (*_said(self.now, before), *_said(self.then, after))
            self._answers[key] = any(_can(each, *said) for each in self._solvers.get(option, ()))
        self.used[option] += self._answers[key]
        return self._answers[key]

    def _why_not(self, option: str, before: Situation, after: Situation) -> Iterator[str]:
        """Yield what of the two situations an option cannot have together."""
        for solver in self._solvers.get(option, ()):
            solver.check(*_said(self.now, before), *_said(self.then, after))
            yield f"  '{option}' cannot have: {', '.join(sorted(str(each) for each in solver.unsat_core()))}"

    def deviations(self, before: Episode, command: Command, answer: Accepted, at: datetime) -> list[str]:
        """Return what an entry does that no step of the model does, step by step; empty where the model is sound."""
        steps = Entry(self.system, before, answer.events, at).steps(command)
        return [told for step in steps for told in self._deviation(step, at)]

    def _deviation(self, step: Step, at: datetime) -> Iterator[str]:
        before, after = (situation(self.system, each, at) for each in (step.before, step.after))
        assert (before | after) <= self.names, f"no names of the model: {sorted((before | after) - self.names)}"
        if before == after or any(self.may_step(each, before, after) for each in step.options):
            return
        yield f"no {' or '.join(step.options)} of the model does this to {self.pathway.name} in entry {step.seq}"
        yield f"  so since: {', '.join(sorted(after - before))}"
        yield f"  no more: {', '.join(sorted(before - after))}"
        yield from (told for each in step.options for told in self._why_not(each, before, after))
        yield from (f"  {each}" for each in step.events)


class Questions:
    """What the model makes of a pathway's guards: when each is true, false and unknown."""

    def __init__(self, name: str) -> None:
        model = modelled(name)
        pathway, self.system = model.pathway, model.system
        self._now, self._confirmed = model.now, {each: z3.Bool(f"{each} now") for each in self.system.regimens}
        self._falling = {each: z3.Bool(f"{each} falls due") for each in pathway.checks}
        self._ending = z3.Bool("a taper ends")
        signals = guards.Signals(self._confirmed, self._falling, self._ending)
        at = guards.Moment(model.now, model.choose, signals)
        self.answers: list[tuple[Expression, dict[bool | None, z3.Solver]]] = []
        for each in _expressions(self.system):
            found = self.system.reader.tri(each.tree, at)
            solvers = {True: _solver(found.true), False: _solver(found.false), None: _solver(found.unknown)}
            self.answers.append((each, solvers))

    def disagreeing(self, episode: Episode, now: datetime, signals: Signals, host: object) -> Iterator[str]:
        """Yield the guards of which the model cannot say what the engine does."""
        stand_ins = frozenset(self.system.stand_ins[each] for each in signals.confirmed)
        said = [
            *_said(self._now, situation(self.system, episode, now)), *_said(self._confirmed, stand_ins),
            *_said(self._falling, signals.checks), self._ending if signals.taper_ending else z3.Not(self._ending),
        ]  # fmt: skip
        values = episode.values()
        for expression, solvers in self.answers:
            answer = expression.test(values, host)
            if not _can(solvers[answer], *said):
                yield f"{expression.text}: the engine says {answer}"


def _solver(*parts: z3.BoolRef) -> z3.Solver:
    made = z3.SimpleSolver()
    made.add(*parts)
    return made


def _said(names: dict[str, z3.BoolRef], true: Situation) -> list[z3.BoolRef]:
    return [each if name in true else z3.Not(each) for name, each in names.items()]


def _can(solver: z3.Solver, *said: z3.BoolRef) -> bool:
    return bool(solver.check(*said) == z3.sat)


def _expressions(system: System) -> list[Expression]:
    """Return every condition of the pathway of which the model reads: each once."""
    pathway = system.pathway
    held: list[Guard] = [
        row.guard for rows in (pathway.transitions, pathway.standings, pathway.warnings) for row in rows
    ]
    held += [guard for task in pathway.tasks.values() for guard in task.guards]
    held += [each.guard for kind in pathway.reminders.values() for each in kind.anchors if each.guard is not None]
    found = [each for guard in held for each in (guard.when, guard.unless)]
    found += [each for gate in pathway.gates.values() for each in (gate.passes, gate.refuses)]
    found += [each for state in pathway.states.values() for each in (state.waits, state.content)]
    found += [each for promise in pathway.properties for each in (promise.when, promise.unless)]
    return list({each.text: each for each in found if each is not None}.values())


@lru_cache
def modelled(name: str) -> Model:
    """Return the model of a pathway, made once."""
    return Model(name)


@lru_cache
def asked(name: str) -> Questions:
    """Return the guards of a pathway as the model reads them, made once."""
    return Questions(name)
