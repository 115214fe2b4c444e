"""What was there to do, and what was recorded? Tasks, and every recording, correction and retraction of a fact."""

from collections.abc import Sequence
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.knowing import basis, derived_origin, derived_words, is_derived, is_own
from orchestrator.audit.story.speech import origin, plain, seconds, task_title
from orchestrator.episode import events as ev
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import fact_label, fact_value


def tasks(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the tasks in the order of their opening. status: open, completed, withdrawn or closed.

    asks: what the facts are called that it is there to have recorded.
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        for event in entry.events:
            match event:
                case ev.TaskOpened():
                    rows.append(_opened(entry, event, pathway))
                case ev.TaskCompleted(task=name):
                    _leave(rows, entry, name, "completed")
                case ev.TaskWithdrawn(task=name):
                    _leave(rows, entry, name, "withdrawn")
                case ev.Closed():
                    for row in [row for row in rows if row["status"] == "open"]:
                        _leave(rows, entry, row["name"], "closed")
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


def _opened(entry: Entry, event: ev.TaskOpened, pathway: Pathway) -> dict[str, Any]:
    kind = pathway.tasks.get(event.task)
    return {
        "name": event.task,
        "title": task_title(pathway, event.task),
        "opened": entry.stamp,
        "due_at": None if event.due_at is None else instant(event.due_at),
        "_due": event.due_at,
        "rules": list(event.rules),
        "status": "open",
        "left": None,
        "late_seconds": None,
        "origin": None if kind is None else origin(pathway, kind.mark),
        "asks": [] if kind is None else [fact_label(pathway, name) for name in kind.asks],
        "due_local": kind is not None and kind.due is not None and kind.mark.is_local("due"),
    }


def _leave(rows: list[dict[str, Any]], entry: Entry, name: str, status: str) -> None:
    row = next((row for row in reversed(rows) if row["name"] == name and row["status"] == "open"), None)
    if row is None:  # opened in an entry that was erased
        return
    row["status"], row["left"] = status, entry.stamp
    if status == "completed" and row["_due"] is not None:
        row["late_seconds"] = max(seconds(row["_due"], entry.at), 0)


def forms(rows: Sequence[dict[str, Any]], pathway: Pathway) -> list[dict[str, Any]]:
    """Return what is looked at before a fact is recorded, for each fact of these rows that has such a form."""
    recorded = {row["fact"] for row in rows}
    return [
        {
            "fact": form.fact, "label": fact_label(pathway, form.fact), "items": list(form.items),
            "optional": list(form.optional), "origin": origin(pathway, form.mark),
        }
        for form in pathway.forms.values()
        if form.fact in recorded
    ]  # fmt: skip


def facts(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return every recording in order. status: stands, replaced (a later value took its place), retracted or expired.

    left: the entry that ended its standing, with the reason that was given; None while it stands.
    decided_in: the entry in which it moved the episode. derived: it follows from other facts, those of ``basis``; own:
    a person recorded what the pathway would derive; how: either in words.
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        for event in entry.events:
            _take(rows, entry, event, pathway)
    return rows


def _take(rows: list[dict[str, Any]], entry: Entry, event: ev.Event, pathway: Pathway) -> None:
    match event:
        case ev.FactRecorded():
            _end(_standing(rows, event.fact), entry, "replaced")
            rows.append(_recorded(entry, event, pathway))
        case ev.FactExpired():
            _end(_standing(rows, event.fact), entry, "expired")
        case ev.FactRetracted():
            _retract(rows, entry, event)
        case ev.FactDecided():
            for row in _recordings(rows, event.fact, event.of):
                row["decided_in"] = entry.seq


def _retract(rows: list[dict[str, Any]], entry: Entry, event: ev.FactRetracted) -> None:
    """Take back a recording; the value whose place it had taken stands again."""
    _end(_recordings(rows, event.fact, event.of), entry, "retracted")
    for row in rows:
        if row["fact"] == event.fact and row["status"] == "replaced" and row["left"]["seq"] == event.of:
            row["status"], row["left"] = "stands", None


def _recordings(rows: list[dict[str, Any]], fact: str, seq: int) -> list[dict[str, Any]]:
    return [row for row in rows if row["fact"] == fact and row["seq"] == seq]


def _standing(rows: list[dict[str, Any]], fact: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["fact"] == fact and row["status"] == "stands"]


def _recorded(entry: Entry, event: ev.FactRecorded, pathway: Pathway) -> dict[str, Any]:
    definition, derived = pathway.facts.get(event.fact), is_derived(event)
    return {
        **entry.stamp,
        "fact": event.fact,
        "label": fact_label(pathway, event.fact),
        "value": plain(event.value),
        "words": fact_value(pathway, event.fact, event.value),
        "unit": None if definition is None else definition.unit,
        "derived": derived,
        "own": is_own(event, pathway),
        "how": _how(entry, event, pathway),
        "basis": basis(event, pathway),
        "origin": derived_origin(event, pathway) if derived else None,
        "corrects": event.corrects,
        "reason": None if derived else entry.reason,
        "status": "stands",
        "decided_in": None,
        "left": None,
    }


def _how(entry: Entry, event: ev.FactRecorded, pathway: Pathway) -> str:
    """Return how the value is known, in words."""
    if is_derived(event):
        return derived_words(event, pathway)
    own = ", own entry" if is_own(event, pathway) else ""
    return f"recorded by {entry.who['actor']}, {entry.who['role']}{own}"


def _end(rows: list[dict[str, Any]], entry: Entry, status: str) -> None:
    for row in rows:
        row["status"], row["left"] = status, {**entry.stamp, "reason": entry.reason}
