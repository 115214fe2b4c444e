"""What happened to one patient, why, and who decided? The whole story as one JSON-ready document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.audit.chain import REACH, Verdict
from orchestrator.audit.release import Release
from orchestrator.audit.seal import instant
from orchestrator.audit.story.courses import courses
from orchestrator.audit.story.decisions import ORIGINS, decisions, overrides, refusals
from orchestrator.audit.story.entries import Entry, StoryEntry, read
from orchestrator.audit.story.local import local_values
from orchestrator.audit.story.plots import plots
from orchestrator.audit.story.reminders import reminders
from orchestrator.audit.story.speech import state_title
from orchestrator.audit.story.way import way
from orchestrator.audit.story.words import details, headline
from orchestrator.audit.story.work import facts, forms, tasks
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Tick
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import CLOSED_STAGE, Pathway

FORMAT, VERSION = "carepath-story", 1


def tell(
    entries: Iterable[StoryEntry],
    pathway: Pathway,
    verdict: Verdict | None = None,
    *,
    simulated: bool = False,
    release: Release | None = None,
) -> dict[str, Any]:
    """Return the story; the package's docstring says what is in it.

    entries: all entries of one episode, in order; at least one. verdict: None when the chain was not verified.
    release: of the version that the episode ran on; None when nobody released it.
    Raises ValueError when there is no entry.
    """
    known = read(entries)
    if not known:
        raise ValueError("an episode without entries has no story")
    made: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "simulated": simulated,
        "episode": {},
        "way": way(known, pathway),
        "decisions": decisions(known, pathway),
        "courses": courses(known, pathway),
        "reminders": reminders(known, pathway),
        "tasks": tasks(known, pathway),
        "facts": facts(known, pathway),
        "forms": [],
        "plots": [],
        "overrides": overrides(known, pathway),
        "refusals": refusals(known, pathway),
        "timeline": [line(entry, pathway) for entry in known],
        "chain": _chain(verdict),
        "origins": ORIGINS,
    }
    made["forms"] = forms(made["facts"], pathway)
    made["plots"] = plots(made["facts"], pathway)
    made["episode"] = _episode(known, pathway, made["way"])
    made["episode"]["release"] = None if release is None else release.to_json()
    made["local"] = local_values(made, pathway)
    return made


def _episode(entries: Sequence[Entry], pathway: Pathway, stays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    enrolled = next(entries[0].of(ev.Enrolled), None)
    state = stays[-1]["state"] if stays else entries[-1].target
    stage = stage_of(state)
    return {
        "id": entries[0].episode_id,
        "pathway": pathway.name,
        "title": pathway.title,
        "version": pathway.version,
        "hash": pathway.hash,
        "ward": entries[-1].ward,
        "timezone": enrolled.timezone if enrolled else "UTC",
        "enrolled_at": entries[0].when,
        "told_until": entries[-1].when,
        "state": state,
        "state_title": state_title(pathway, state),
        "stage": stage,
        "outcome": state.partition("/")[2] if stage == CLOSED_STAGE else None,
        "entries": len(entries),
        "erased": sum(entry.erased for entry in entries),
        "next_due_at": _alarm(entries),
    }


def _alarm(entries: Sequence[Entry]) -> str | None:
    alarms = [event.due_at for entry in entries for event in entry.of(ev.AlarmSet)]
    return instant(alarms[-1]) if alarms and alarms[-1] is not None else None


def line(entry: Entry, pathway: Pathway) -> dict[str, Any]:
    """Return the line of an entry in the timeline."""
    return {
        **entry.stamp,
        "kind": entry.kind,
        "words": headline(entry, pathway),
        "details": details(entry, pathway),
        "from": entry.origin,
        "to": entry.target,
        "refused": entry.refused,
        "reason": entry.reason,
        "override": list(entry.command.get("override") or ()),
        "corrects": entry.corrects,
        "erased": entry.erased,
        "glass": entry.glass,
    }


def is_quiet(shown: Mapping[str, Any]) -> bool:
    """Return whether a line of the timeline is the clock's, which told people something and moved nothing."""
    return shown["kind"] == Tick.kind and shown["from"] == shown["to"] and not shown["erased"]


def _chain(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {
            "checked": False,
            "whole": None,
            "entries": 0,
            "bodies": 0,
            "faults": [],
            "text": "not verified",
            "reach": REACH,
        }
    return {
        "checked": True,
        "whole": verdict.whole,
        "entries": verdict.entries,
        "bodies": verdict.bodies,
        "faults": [{"seq": fault.seq, "what": fault.what} for fault in verdict.faults],
        "text": verdict.text,
        "reach": REACH,
    }
