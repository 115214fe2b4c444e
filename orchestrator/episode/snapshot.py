"""What was put to the clinician, for the record?

Every regimen with its standing, the rules that gave it and the facts used.
"""

from typing import Any

from orchestrator.episode.codec import plain
from orchestrator.episode.draft import Draft
from orchestrator.episode.proposals import Proposal
from orchestrator.pathway.model import StandingRow


def proposals_as_they_stand(draft: Draft) -> list[dict[str, Any]]:
    """Return the table of proposals now, JSON-ready: regimen, standing, reasons."""
    return [
        {
            "regimen": proposal.regimen,
            "standing": proposal.standing.value,
            "conflict": proposal.regimen in draft.table.conflict,
            "reasons": [reason(draft, row) for row in proposal.rows],
            "would_change": would_change(draft, proposal),
        }
        for proposal in draft.table.proposals.values()
    ]


def reason(draft: Draft, row: StandingRow) -> dict[str, Any]:
    """Return one row's say: standing, rules, sources, local, its words, and the facts that it used."""
    return {
        "standing": row.standing.value,
        "rules": list(row.mark.rules),
        "sources": list(row.mark.sources),
        "local": row.mark.local,
        "words": row.guard.when.words,
        "facts": {name: plain(draft.values.get(name)) for name in sorted(row.guard.facts)},
    }


def would_change(draft: Draft, proposal: Proposal) -> list[str]:
    """Return the unknown facts that could change this standing."""
    rows = (row for row in draft.pathway.standings if proposal.regimen in row.selector)
    return sorted({name for row in rows for name in row.guard.unknown(draft.values, draft.host)})
