"""For each regimen: when is it recommended, acceptable, discouraged, contraindicated, and why?

The rows of the pathway's table of proposals, sorted out by regimen, in the order in which they outrank each other
(X-05): contraindicated, discouraged, a conflict (X-06), then the higher-numbered rule.
"""

from collections.abc import Sequence
from typing import Any

from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.model import OPTIONS, Pathway, Standing, StandingRow
from orchestrator.pathway.tables.saying import Saying, mark

Json = dict[str, Any]
CONFLICT = "recommended, in conflict"
"""The standing of regimens toward which flags pull from two sides."""
_FIRST = (Standing.CONTRAINDICATED, Standing.DISCOURAGED)


def choices(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the decision tables: regimens whose rows are the same share one. What is never proposed has none."""
    found: dict[tuple[int, ...], list[str]] = {}
    for regimen in pathway.regimens:
        rows = tuple(place for place, row in enumerate(pathway.standings) if regimen in row.selector)
        if any(pathway.standings[place].standing in OPTIONS for place in rows):
            found.setdefault(rows, []).append(regimen)
    return [
        {"regimens": regimens, "rows": _rows([pathway.standings[place] for place in places], regimens, saying)}
        for places, regimens in found.items()
    ]


def never_proposed(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the rows that speak of regimens which the pathway never proposes, with those regimens."""
    proposed = {name for row in pathway.standings if row.standing in OPTIONS for name in row.selector.regimens}
    rows = [(saying.regimens(row.selector.regimens - proposed), row) for row in pathway.standings]
    return [{"regimens": regimens, **_row(row, regimens, saying)} for regimens, row in rows if regimens]


def shown_elsewhere(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the stages in which the standings of other stages hold too (X-15, X-17)."""
    return [
        {"stage": stage.name, "of": list(stage.standings_of), "after_relapse": stage.after_relapse_reached}
        for stage in (pathway.stages[name] for name in saying.own_stages)
        if stage.standings_of or stage.after_relapse_reached
    ]


def _rows(rows: Sequence[StandingRow], regimens: Sequence[str], saying: Saying) -> list[Json]:
    first = [row for standing in _FIRST for row in rows if row.standing is standing]
    others = sorted((row for row in rows if row not in first), key=lambda row: row.mark.order, reverse=True)
    said = [_row(row, regimens, saying) for row in first]
    said += _conflicts([row for row in others if row.pull], saying)
    return said + [_row(row, regimens, saying) for row in others]


def _row(row: StandingRow, regimens: Sequence[str], saying: Saying) -> Json:
    """Return a row as it speaks of these regimens. save_taper: it spares the taper of what was already given."""
    return {
        "standing": row.standing.value,
        "stages": saying.stages(row.stages),
        **saying.guard(row.guard),
        "pulls": row.pull,
        "save_taper": row.save_taper and any(saying.pathway.regimens[name].tapers for name in regimens),
        **mark(row.mark),
    }


def _side(row: StandingRow, saying: Saying) -> str:
    """Return the side toward which a flag pulls: mostly a regimen."""
    return saying.titles.get(row.pull, row.pull)


def _conflicts(pulling: Sequence[StandingRow], saying: Saying) -> list[Json]:
    """Return the row of a conflict, where the regimen's own rows pull toward one side and others toward another."""
    sides = {_side(row, saying) for row in saying.pathway.standings if row.pull}
    own = {_side(row, saying) for row in pulling if row.standing is Standing.RECOMMENDED}
    if not own or not sides - own:
        return []
    when = [
        f"a flag pulls toward {side}, and another toward {' or '.join(sorted(sides - {side}))}" for side in sorted(own)
    ]
    return [
        {
            "standing": CONFLICT,
            "stages": [],
            "when": when,
            "unless": "",
            "pulls": "",
            "save_taper": False,
            **mark(Mark(("X-06",))),
        }
    ]
