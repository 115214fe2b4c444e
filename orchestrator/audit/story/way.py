"""Which way did the patient go through the stages? The stays, numbered, each with what brought him there."""

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.knowing import although
from orchestrator.audit.story.speech import origin, plain, seconds, state_title
from orchestrator.audit.story.words import headline
from orchestrator.episode import events as ev
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import fact_label

Move = tuple[str | None, str, str | None, tuple[str, ...], tuple[str, ...]]
"""From, to, transition, rules, the facts that it did not wait for."""


def way(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the stays in order. until: None for the last; transition: None at enrolment, closing, or when erased."""
    stays = [_stay(entry, move, pathway) for entry in entries for move in _moves(entry)]
    for number, stay in enumerate(stays):
        left = stays[number + 1] if number + 1 < len(stays) else None
        stay["n"] = number + 1
        stay["until"] = None if left is None else left["at"]
        stay["passed"] = left is not None and left["seq"] == stay["seq"]
        stay["seconds"] = None if left is None else seconds(stay.pop("_at"), left["_at"])
    if stays:
        stays[-1].pop("_at")
    return stays


def _moves(entry: Entry) -> Iterator[Move]:
    if entry.erased:  # the header still tells that it moved
        if entry.origin != entry.target:
            yield entry.origin, entry.target, None, (), ()
        return
    state = entry.origin
    for event in entry.events:
        move = _move(event, state)
        if move is not None:
            state = move[1]
            yield move


def _move(event: ev.Event, state: str | None) -> Move | None:
    match event:
        case ev.Enrolled(state=target):
            return None, target, None, (), ()
        case ev.Moved():
            return event.origin, event.target, event.transition, event.rules, event.missing
        case ev.DecisionTakenBack(state=target) if target != state:
            return state, target, "taken-back", (), ()
        case ev.Closed(state=target):
            return state, target, None, (), ()
    return None


def _stay(entry: Entry, move: Move, pathway: Pathway) -> dict[str, Any]:
    begin, state, transition, rules, missing = move
    found = next((each for each in pathway.transitions if each.name == transition), None)
    mark = origin(pathway, found.mark) if found else None
    return {
        **entry.stamp,
        "_at": entry.at,
        "state": state,
        "stage": stage_of(state),
        "title": state_title(pathway, state),
        "from": begin,
        "transition": transition,
        "rules": list(rules),
        "origin": plain(mark),
        "when": None if found is None else found.guard.when.words,
        "missing": [{"fact": name, "label": fact_label(pathway, name)} for name in missing],
        "although": although(missing, pathway),
        "cause": {"kind": entry.kind, "words": headline(entry, pathway)},
    }
