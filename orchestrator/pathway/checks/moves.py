"""Do the moves lead anywhere? States out of reach, stages that nobody gets out of, moves that never come to rest.

An end is the pathway's last stage, in the order of the shared stages, or one where an offer to close speaks of the
stage: from there a person closes. Closing itself is a person's act in every stage; what may keep him from it is
looked at as well.
"""

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import fault, own_stages
from orchestrator.pathway.checks.possible import can_hold, stages_of, together
from orchestrator.pathway.model import CLOSED_STAGE, Pathway, State, Transition

Ways = Mapping[str, frozenset[str]]


def faults(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield what is wrong with the way through the stages."""
    initial = pathway.states[pathway.initial]
    if initial.stage == CLOSED_STAGE:
        hint = "name the state of enrolment"
        yield PathwayError(
            f"the initial state '{pathway.initial}' is a closed one", file=_file(pathway), line=1, hint=hint
        )
        return
    ways = _ways(pathway)
    reached = frozenset(_from(initial.stage, ways))
    yield from _out_of_reach(pathway, reached)
    yield from _traps(pathway, ways, reached)
    yield from _circles(pathway)


def reached_stages(pathway: Pathway) -> frozenset[str]:
    """Return the stages that some move leads to, and the first."""
    return frozenset(_from(pathway.states[pathway.initial].stage, _ways(pathway)))


def _file(pathway: Pathway) -> str:
    return next(iter(pathway.states.values())).mark.file


def _ways(pathway: Pathway) -> Ways:
    """Return for each stage those to which one move leads from it."""
    found: dict[str, set[str]] = {stage: set() for stage in own_stages(pathway)}
    for row in pathway.transitions:
        for origin in row.origins:
            found[origin] |= {row.target} | ({row.through} if row.through else set())
    return {stage: frozenset(targets) for stage, targets in found.items()}


def _from(start: str, ways: Ways) -> set[str]:
    """Return the stages to which any number of moves leads, the one where they start included."""
    found, to_do = {start}, [start]
    while to_do:
        for stage in ways.get(to_do.pop(), ()):
            if stage not in found:
                found.add(stage)
                to_do.append(stage)
    return found


def _out_of_reach(pathway: Pathway, reached: frozenset[str]) -> Iterator[PathwayError]:
    for state in pathway.states.values():
        if state.stage != CLOSED_STAGE and state.stage not in reached:
            yield fault(f"no transition leads to the state '{state.name}'", state.mark, "add one, or drop the state")


# an end


def _traps(pathway: Pathway, ways: Ways, reached: frozenset[str]) -> Iterator[PathwayError]:
    """Yield each set of stages that no move leaves and in which there is no end, once."""
    ends = _ends(pathway, reached)
    told: set[str] = set()
    for state in pathway.states.values():
        stage = state.stage
        if stage not in reached or stage in told or stage == CLOSED_STAGE:
            continue
        onward = _from(stage, ways)
        if not onward & ends and all(stage in _from(each, ways) for each in onward):
            told |= onward
            yield fault(_trapped(pathway, state, onward), state.mark, _way_out(pathway, ends))


def _ends(pathway: Pathway, reached: frozenset[str]) -> set[str]:
    offered = {stage for offer in pathway.offers for stage in stages_of(offer.guard) & reached}
    return {max(reached, key=lambda each: pathway.stages[each].index)} | offered


def _trapped(pathway: Pathway, state: State, onward: Iterable[str]) -> str:
    out = [row.name for row in pathway.transitions if state.stage in row.origins]
    if not out:
        return f"no move leads out of the state '{state.name}', and it is no end"
    if set(onward) == {state.stage}:
        ways = "the only way" if len(out) == 1 else "every way"
        back = f"{ways} out of the state '{state.name}' leads back to it ({', '.join(out)})"
        return f"{back}; no end can be reached from it"
    others = ", ".join(sorted(pathway.state_of(each) for each in onward))
    return f"the states {others} lead only to each other; no end can be reached from them"


def _way_out(pathway: Pathway, ends: set[str]) -> str:
    names = " or ".join(sorted(pathway.state_of(each) for each in ends))
    return f"add a move that leads on to {names}, or an offer to close that speaks of the stage"


# circles


def _circles(pathway: Pathway) -> Iterator[PathwayError]:
    """Moves that any change may start, and that spend nothing, must not lead back: they would never come to rest."""
    moves: dict[str, list[Transition]] = {}
    for row in pathway.transitions:
        if row.on == "any" and row.decides is None and can_hold(row.guard, row.origins):
            for origin in row.origins:
                moves.setdefault(origin, []).append(row)
    told: set[str] = set()
    for start in moves:
        way = [] if start in told else _way_back(start, moves)
        if way:
            told |= {start, *(row.target for row in way)}
            yield fault(_circle(start, way), way[0].mark, "let a move decide (decides:), or start it with on:")


def _circle(start: str, way: list[Transition]) -> str:
    if len(way) == 1:
        return f"the move {way[0].name} leads from {start} back to {start} without end"
    return f"the moves {' -> '.join(row.name for row in way)} lead from {start} back to {start} without end"


def _way_back(start: str, moves: dict[str, list[Transition]]) -> list[Transition]:
    """Return moves that lead from a stage back to it and that one patient can make one after the other, or none."""
    ways: list[tuple[str, list[Transition]]] = [(start, [])]
    while ways:
        stage, way = ways.pop()
        for row in moves.get(stage, ()):
            onward = [*way, row]
            if row in way or not together([each.guard for each in onward]):
                continue
            if row.target == start:
                return onward
            ways.append((row.target, onward))
    return []
