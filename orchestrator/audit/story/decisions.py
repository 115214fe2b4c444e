"""Who decided what, on which proposals, and with which reason? What was refused, and which gates were overridden?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.audit.story.entries import Entry, every
from orchestrator.audit.story.speech import LOCAL, MIXED, SOURCED, UNSTATED, joined, origin, plain
from orchestrator.audit.story.words import details, headline, wish
from orchestrator.episode import events as ev
from orchestrator.episode.codec import rich
from orchestrator.pathway.model import Mark, Pathway
from orchestrator.pathway.naming import fact_label, fact_value, regimen_called

_KINDS = frozenset({"confirm", "stop", "close"})


def decisions(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the decisions that were carried out: every confirmation, stop and closing, and whatever passed a gate.

    Each with the proposals as they stood when it was made (only a confirmation has them), what was chosen and why.
    """
    made = [entry for entry in entries if entry.refused is None and not entry.erased and _decides(entry)]
    return [{"n": number, **_decision(entry, pathway)} for number, entry in enumerate(made, start=1)]


def _decides(entry: Entry) -> bool:
    return entry.kind in _KINDS or any(
        isinstance(each, ev.GateOverridden | ev.ConcernAccepted) for each in entry.events
    )


def _decision(entry: Entry, pathway: Pathway) -> dict[str, Any]:
    confirmed = list(entry.of(ev.CourseConfirmed))
    first = confirmed[0] if confirmed else None
    command = entry.command
    return {
        **entry.stamp,
        "kind": entry.kind,
        "words": headline(entry, pathway),
        "choice": {
            "regimens": [{**regimen_called(pathway, each.regimen), "standing": each.standing} for each in confirmed],
            "regimen": command.get("regimen"),
            "outcome": command.get("outcome"),
            "parameters": plain(command.get("parameters") or {}),
        },
        "proposals": []
        if first is None
        else _proposals(first.proposals, {each.regimen for each in confirmed}, pathway),
        "warnings": [] if first is None else [warning(name, pathway) for name in first.warnings],
        "overridden": [_override(event, pathway) for event in entry.of(ev.GateOverridden)],
        "accepted": [
            *(concern for each in confirmed for concern in each.accepted),
            *(event.concern for event in entry.of(ev.ConcernAccepted)),
        ],
        "reason": entry.reason,
        "outcome": details(entry, pathway),
    }


def _proposals(stored: Iterable[Mapping[str, Any]], chosen: set[str], pathway: Pathway) -> list[dict[str, Any]]:
    order = {"recommended": 0, "acceptable": 1, "discouraged": 2, "contraindicated": 3}
    rows = sorted(stored, key=lambda each: (order.get(each["standing"], 9), each["regimen"]))
    return [
        {
            **regimen_called(pathway, each["regimen"]),
            "standing": each["standing"],
            "chosen": each["regimen"] in chosen,
            "conflict": bool(each.get("conflict")),
            "reasons": [_reason(reason, pathway) for reason in each.get("reasons", ())],
            "would_change": [fact_label(pathway, name) for name in each.get("would_change", ())],
        }
        for each in rows
    ]


def _reason(reason: Mapping[str, Any], pathway: Pathway) -> dict[str, Any]:
    mark = Mark(tuple(reason.get("rules", ())), tuple(reason.get("sources", ())), bool(reason.get("local")))
    used = {name: rich(value) if isinstance(value, dict) else value for name, value in reason.get("facts", {}).items()}
    return {
        "standing": reason.get("standing"),
        "words": reason.get("words", ""),
        "facts": [
            {
                "fact": name,
                "label": fact_label(pathway, name),
                "value": plain(value),
                "words": fact_value(pathway, name, value),
            }
            for name, value in sorted(used.items())
        ],
        "origin": origin(pathway, mark),
    }


def warning(name: str, pathway: Pathway) -> dict[str, Any]:
    """Return a warning with its text, and where it comes from."""
    rows = [row for row in pathway.warnings if row.name == name]
    return {
        "name": name,
        "text": pathway.warning_texts.get(name, name),
        "origin": origin(pathway, joined([row.mark for row in rows])),
    }


def _override(event: ev.GateOverridden, pathway: Pathway) -> dict[str, Any]:
    gate = pathway.gates.get(event.gate)
    return {
        "gate": event.gate,
        "why": event.why,
        "reason": event.reason,
        "origin": None if gate is None else origin(pathway, gate.mark),
    }


def overrides(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return every gate that was passed by override, with who did it, what for and why."""
    return [
        {**entry.stamp, "kind": entry.kind, "words": headline(entry, pathway), **_override(event, pathway)}
        for entry, event in every(entries, ev.GateOverridden)
    ]


def refusals(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return what was refused: who wanted what, the code, and the reason that was given for wanting it."""
    return [
        {
            **entry.stamp,
            "kind": entry.kind,
            "words": entry.kind if entry.erased else wish(entry, pathway),
            "code": entry.refused,
            "text": next((event.text for event in entry.of(ev.Refused)), ""),
            "reason": entry.reason,
        }
        for entry in entries
        if entry.refused is not None
    ]


ORIGINS = {
    SOURCED: "a document says so",
    LOCAL: "local: no document says so, a hospital may change it",
    MIXED: "a document says so, with local values in it",
    UNSTATED: "the pathway's own structure",
}
"""What the kinds of origin mean."""
