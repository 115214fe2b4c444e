"""What can be confirmed now, what is there to choose, and what speaks against it? For whoever fills in the form."""

import datetime as dt
from typing import Any

from orchestrator.episode.doses import base_dose, how_given, inputs_of
from orchestrator.episode.draft import Draft
from orchestrator.episode.known import mark_json
from orchestrator.episode.model import Episode
from orchestrator.episode.parameters import choices
from orchestrator.episode.proposals import gates_refusing
from orchestrator.episode.view import dose_json
from orchestrator.pathway.kinds import Regimen
from orchestrator.pathway.model import Gate, Pathway, Standing
from orchestrator.pathway.naming import fact_label

Json = dict[str, Any]
_ORDER = tuple(Standing)
_WITH_REASON = frozenset({Standing.DISCOURAGED, Standing.CONTRAINDICATED, Standing.ABSENT})


def options(pathway: Pathway, episode: Episode, now: dt.datetime) -> list[Json]:
    """Return every regimen that is not in force, the recommended ones first; nothing for a closed episode.

    Each: regimen, title, kind, standing, conflict; needs_reason, needs_lead: what confirming it asks for; gates that
    refuse it, with what would let it pass; missing: facts that its dose is made from; dose: by the facts as they stand;
    how it is given: see `doses.how_given`; choices: see `parameters.choices`.
    """
    if episode.closed:
        return []
    draft = Draft(pathway, episode, now)
    free = [each for name, each in pathway.regimens.items() if episode.in_force(name) is None]
    made = [_option(draft, each) for each in free]
    return sorted(made, key=lambda each: (_ORDER.index(Standing(each["standing"])), each["regimen"]))


def _option(draft: Draft, regimen: Regimen) -> Json:
    standing, conflict = draft.table.standing(regimen.name), regimen.name in draft.table.conflict
    needed = [name for name in inputs_of(draft.pathway, regimen, {}) if name not in draft.values]
    return {
        "regimen": regimen.name, "title": regimen.called, "kind": regimen.kind,
        "standing": standing.value, "conflict": conflict,
        "needs_reason": conflict or standing in _WITH_REASON, "needs_lead": standing is Standing.CONTRAINDICATED,
        "gates": [_gate(gate, why) for gate, why in gates_refusing(draft.host, draft.values, regimen.name)],
        "missing": [{"fact": name, "label": fact_label(draft.pathway, name)} for name in needed],
        "dose": dose_json(draft.pathway, base_dose(draft.pathway, regimen, {}, draft.values)),
        "how": how_given(regimen, {}), "choices": choices(draft.pathway, regimen), **mark_json(regimen.mark),
    }  # fmt: skip


def _gate(gate: Gate, why: str) -> Json:
    passes = None if gate.passes is None else gate.passes.words
    return {"gate": gate.name, "why": why, "passes": passes, **mark_json(gate.mark)}
