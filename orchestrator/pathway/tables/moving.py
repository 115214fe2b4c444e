"""How does an episode go through a pathway? Its states, the numbered moves between them, and what time brings."""

from typing import Any

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.model import Pathway, Transition
from orchestrator.pathway.tables.saying import Saying, mark

Json = dict[str, Any]
CAUSES = {"confirmation": "a person confirms", "due": "something falls due", "any": "the facts decide"}
"""What starts a move."""


def states(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the states by stage, the closed ones last; waits: when the episode waits there for a person."""
    return [
        {
            "state": state.name,
            "stage": state.stage,
            "title": state.title,
            "initial": state.name == pathway.initial,
            "waits": saying.expression(state.waits),
            "content": saying.expression(state.content),
            "clocks": clocks(pathway, saying, state.stage),
            **mark(state.mark),
        }
        for stage in pathway.stages
        for state in pathway.states.values()
        if state.stage == stage
    ]


def clocks(pathway: Pathway, saying: Saying, stage: str) -> list[str]:
    """Return what time brings to the courses of a stage's line: their checks, the ends of their tapers."""
    if stage == CLOSED_STAGE:
        return []
    line = frozenset(name for name, of in pathway.lines.items() if of == stage)
    found = [
        f"{saying.check(check)}: {check.name}"
        for check in pathway.checks.values()
        if (stage == _treated_first(pathway) if check.selector is None else check.selector.regimens & line)
    ]
    schedules = [(name, pathway.regimens[name].schedule) for name in saying.regimens(_given_in(pathway, stage))]
    return found + [
        f"the end of {saying.titles[name]}"
        for name, schedule in schedules
        if schedule is not None and schedule.kind == "taper"
    ]


def _treated_first(pathway: Pathway) -> str:
    return next((stage for stage in pathway.stages if stage in pathway.lines.values()), "")


def _given_in(pathway: Pathway, stage: str) -> set[str]:
    """Return the regimens of the stage's line, and those that no line has and only this stage recommends."""
    lined = {name for name, of in pathway.lines.items() if of == stage}
    rows = [row for row in pathway.standings if row.standing.value == "recommended"]
    alone = {name for row in rows if row.stages == {stage} for name in row.selector.regimens - pathway.lines.keys()}
    return lined | alone


def moves(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the moves, numbered as in the diagram."""
    return [{"n": number, **_move(each, saying)} for number, each in enumerate(pathway.transitions, start=1)]


def _move(move: Transition, saying: Saying) -> Json:
    return {
        "name": move.name,
        "from": [name for name in saying.own_stages if name in move.origins],
        "to": move.target,
        "through": move.through if move.through not in {None, move.target} and move.origins != {move.through} else None,
        "on": move.on,
        **saying.guard(move.guard),
        "decides": move.decides,
        "ends": saying.regimens(move.ends),
        "opens": list(move.opens),
        "relapse": move.relapse,
        "tells_missing": move.tells_missing,
        **mark(move.mark),
    }


def checks(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return when the response to a course falls due, and what follows."""
    return [
        {
            "name": each.name,
            "due": saying.check(each),
            "ends": each.ends,
            "opens": list(each.opens),
            **mark(each.mark),
        }
        for each in pathway.checks.values()
    ]
