"""Why does the patient not go further, and why is a treatment not offered?

Every guard that could move him from here or bring a regimen in, each clause true, false or unknown.
"""

import datetime as dt
from typing import Any

from orchestrator.episode.codec import plain
from orchestrator.episode.courses import c0, taper_end
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import coming_check
from orchestrator.episode.known import mark_json
from orchestrator.episode.model import Episode
from orchestrator.episode.proposals import OFFERED, shown_stages, taken
from orchestrator.pathway.expression import Clause, Expression
from orchestrator.pathway.model import Guard, Pathway
from orchestrator.pathway.naming import regimen_called, regimen_title
from orchestrator.saying import said


def explain(pathway: Pathway, episode: Episode, now: dt.datetime) -> dict[str, Any]:
    """Return the moves that could be made from the present state, why each is not made, the regimens that are not
    offered and why, and the moments that are to come.
    """
    draft = Draft(pathway, episode, now)
    return {
        "state": episode.state,
        "moves": [
            {
                "transition": row.name,
                "to": row.target,
                "through": row.through,
                "on": row.on,
                "rules": list(row.mark.rules),
                "holds": row.guard.holds(draft.values, draft.host),
                "awaits": sorted(row.guard.unknown(draft.values, draft.host)),
                **_guard(draft, row.guard),
            }
            for row in pathway.transitions
            if episode.stage in row.origins
        ],
        "gates": _gates(draft),
        "absent": _absent(draft),
        "moments": _moments(draft),
    }


def explain_gates(pathway: Pathway, episode: Episode, now: dt.datetime) -> list[dict[str, Any]]:
    """Return what `explain` says of the gates alone."""
    return _gates(Draft(pathway, episode, now))


def _gates(draft: Draft) -> list[dict[str, Any]]:
    return [
        {
            "gate": gate.name,
            "passes": _clause(draft, gate.passes) if gate.passes else None,
            "refuses": _clause(draft, gate.refuses) if gate.refuses else None,
            "rules": list(gate.mark.rules),
        }
        for gate in sorted(draft.pathway.gates.values(), key=lambda each: each.order)
    ]


def _absent(draft: Draft) -> list[dict[str, Any]]:
    """Return each regimen that no rule speaks of now, with the rules that could offer it, those of here first.

    here: the rule is one of the present stage; taken: another of the regimens of which one is taken was.
    """
    pathway, episode = draft.pathway, draft.episode
    shown = shown_stages(pathway, episode)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in pathway.standings if not episode.closed else ():
        if row.standing in OFFERED:
            told = {
                "standing": row.standing.value, "here": bool(row.stages & shown),
                "stages": [name for name in pathway.stages if name in row.stages],
                "taken": row.takes_one and bool(row.selector.regimens & taken(draft.host)),
                "awaits": sorted(row.guard.unknown(draft.values, draft.host)),
                **mark_json(row.mark), **_guard(draft, row.guard),
            }  # fmt: skip
            for regimen in row.selector.regimens - draft.table.proposals.keys():
                if episode.in_force(regimen) is None:
                    rows.setdefault(regimen, []).append(told)
    return [
        {**regimen_called(pathway, regimen), "rows": sorted(found, key=lambda each: not each["here"])}
        for regimen, found in sorted(rows.items())
    ]


def _guard(draft: Draft, guard: Guard) -> dict[str, Any]:
    return {
        "when": _clause(draft, guard.when),
        "unless": _clause(draft, guard.unless) if guard.unless is not None else None,
    }


def _clause(draft: Draft, expression: Expression) -> dict[str, Any]:
    return _json(expression.explain(draft.values, draft.host))


def _json(clause: Clause) -> dict[str, Any]:
    return {
        "words": clause.words,
        "value": clause.value,
        "facts": {name: plain(value) for name, value in clause.facts},
        "clauses": [_json(each) for each in clause.clauses],
    }


def _moments(draft: Draft) -> list[dict[str, Any]]:
    """Return the checks and ends of courses that will move the episode by themselves."""
    made = []
    for course in draft.episode.courses:
        called = regimen_title(draft.pathway, course.regimen)
        check = coming_check(draft.pathway, course)
        if check is not None:
            at = c0(draft.pathway, course, draft.episode.timezone) + check.after
            made.append(
                {
                    "what": said("check %(check)s of %(regimen)s", check=check.name, regimen=called),
                    "at": at.isoformat(),
                    "rules": list(check.mark.rules),
                }
            )
        end = taper_end(draft.pathway, course, draft.episode.timezone) if course.in_force else None
        if end is not None:
            made.append(
                {
                    "what": said("%(regimen)s is complete", regimen=called),
                    "at": end.isoformat(),
                    "rules": list(draft.pathway.regimens[course.regimen].mark.rules),
                }
            )
    return sorted(made, key=lambda each: str(each["at"]))
