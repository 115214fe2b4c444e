"""Of what is one pathway made, as the proof sees it? Its names, its guards, and the regimens that matter."""

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.language.tree import Call, Node, walk
from orchestrator.pathway.model import Guard, Pathway
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.guards import Reader
from orchestrator.pathway.proof.world import Names, Situation, all_of


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can happen next: when it may, and what it changes."""

    name: str
    may: z3.BoolRef
    changes: Situation


class System:
    """One pathway as situations and steps."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self.trees = tuple(_trees(pathway))
        self.names = Names(pathway, self.trees)
        self.reader = Reader(pathway, self.names)
        self.stand_ins = _stand_ins(pathway)
        self.regimens = tuple(sorted(set(self.stand_ins.values())))
        self.several = frozenset(each for each in self.regimens if [*self.stand_ins.values()].count(each) > 1)
        self.tasks = sorted({str(each.values[0]) for each in self.calls("completed")})
        self.answers = sorted({(str(each.values[0]), str(each.values[1])) for each in self.calls("answered")})

    def calls(self, name: str) -> Iterator[Call]:
        """Yield the calls of a function in the pathway's guards."""
        return (each for tree in self.trees for each in walk(tree) if isinstance(each, Call) and each.name == name)

    def variables(self) -> tuple[str, ...]:
        """Return the names of which a situation is made."""
        made = [world.stage(each) for each in (*self.names.stages, CLOSED_STAGE)]
        made += [each for fact in self.names.facts for each in self.names.of_fact(fact)]
        made += [world.spent(each.name) for each in self.pathway.course_facts]
        made += [world.course(what, each) for each in self.regimens for what in world.COURSE]
        made += [world.answered(*each) for each in self.answers]
        made += [world.due(each) for each in self.pathway.checks]
        made += [world.several(each.name) for each in self.pathway.checks.values() if each.selector is not None]
        made += [f"reached {each}" for each in self.names.stages]
        made += [f"completed {each}" for each in self.tasks]
        return (*made, world.RELAPSED, world.TAPERED, world.IMPROVED)

    def one_stage(self, now: Situation) -> z3.BoolRef:
        """Return 'the episode is in one stage'."""
        return z3.PbEq([(now[world.stage(each)], 1) for each in (*self.names.stages, CLOSED_STAGE)], 1)

    def initial(self, now: Situation) -> z3.BoolRef:
        """Return 'a patient has just been enrolled'."""
        first = self.pathway.states[self.pathway.initial].stage
        true = {world.stage(first), f"reached {first}"}
        return all_of(now[name] if name in true else z3.Not(now[name]) for name in self.variables())


def _trees(pathway: Pathway) -> Iterator[Node]:
    for guard in _guards(pathway):
        yield guard.when.tree
        if guard.unless is not None:
            yield guard.unless.tree
    for promise in pathway.properties:
        yield from (each.tree for each in (promise.when, promise.unless, promise.target) if each is not None)
    for gate in pathway.gates.values():
        yield from (each.tree for each in (gate.passes, gate.refuses) if each is not None)
    for state in pathway.states.values():
        yield from (each.tree for each in (state.waits, state.content) if each is not None)


def _guards(pathway: Pathway) -> Iterator[Guard]:
    for rows in (pathway.transitions, pathway.standings, pathway.warnings):
        yield from (row.guard for row in rows)
    yield from (guard for task in pathway.tasks.values() for guard in task.guards)
    yield from (anchor.guard for kind in pathway.reminders.values() for anchor in kind.anchors if anchor.guard)


def _stand_ins(pathway: Pathway) -> dict[str, str]:
    """Return who stands for each regimen: itself where it matters (it is of a line, proposed, named by a guard,
    replaced), else the first one of its kind that does not.
    """
    named = set(pathway.lines)
    for row in pathway.standings:
        named |= row.selector.regimens
    for replacement in pathway.replaces:
        named |= replacement.by.regimens | replacement.what.regimens
    for node in (each for tree in _trees(pathway) for each in walk(tree)):
        if isinstance(node, Call):
            named |= {str(each) for each in node.values} & pathway.regimens.keys()
    alike: dict[tuple[str, bool], str] = {}
    return {
        name: name if name in named else alike.setdefault((regimen.kind, regimen.immunotherapy), name)
        for name, regimen in pathway.regimens.items()
    }
