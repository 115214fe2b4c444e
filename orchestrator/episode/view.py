"""What does a person see of an episode now? Everything JSON-ready, an answer to 'why' beside each thing."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from orchestrator.episode import known
from orchestrator.episode.courses import Slot, slots, taper_end
from orchestrator.episode.doses import Dosage, how_given
from orchestrator.episode.draft import Draft
from orchestrator.episode.items import DECISION, items, owes_dose
from orchestrator.episode.known import mark_json
from orchestrator.episode.model import Course, Episode, Reminder
from orchestrator.episode.proposals import gate_refusal, gates_refusing, offers, warning_names, warnings
from orchestrator.episode.snapshot import proposals_as_they_stand, reason
from orchestrator.episode.wants import has_until
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.language.grammar import span
from orchestrator.pathway.model import Gate, Pathway, StandingRow, TaskKind, WarningRow
from orchestrator.pathway.naming import regimen_called, selected


def view(pathway: Pathway, episode: Episode, now: dt.datetime) -> dict[str, Any]:
    """Return the episode as it stands at ``now`` (UTC)."""
    draft = Draft(pathway, episode, now)
    state = pathway.states[episode.state]
    return {
        "state": episode.state,
        "stage": episode.stage,
        "title": state.title,
        "timezone": episode.timezone,
        "closed": episode.closed,
        "pathway_version": pathway.version,
        "settings": [each.to_json() for each in pathway.settings if each.hospital],
        "facts": known.facts(draft),
        "derivations": known.derivations(draft),
        "forms": known.forms(draft),
        "proposals": _proposals(draft),
        "absent": _absent(draft),
        "missing": sorted(draft.missing),
        "warnings": _warnings(draft),
        "gates": _gates(draft),
        "offers": _offers(draft),
        "courses": [_course(draft, course) for course in episode.courses],
        "tasks": _tasks(draft),
        "reminders": [_reminder(draft, each) for each in episode.reminders if each.open],
        "upcoming": upcoming_list(draft),
        "waits_since": _at(episode.wait.at) if episode.wait else None,
        "waits_for": next((each.role for each in items(pathway, episode) if each.kind == DECISION), None),
    }


def decision_tag(pathway: Pathway, episode: Episode, now: dt.datetime) -> str:
    """Return a short hash over what a decision depends on: proposals, warnings, gates and courses."""
    draft = Draft(pathway, episode, now)
    parts = [f"{name}={each.standing}" for name, each in draft.table.proposals.items()]
    parts += warning_names(draft.host, draft.values, draft.table)
    parts += [f"{gate.name}={_gate_state(draft, gate)}" for gate in pathway.gates.values()]
    parts += [
        f"{each.id}:{len(each.recorded)}:{each.end}:{sum(1 for dose in each.recorded if dose.amount)}"
        for each in episode.courses
    ]
    return hashlib.sha256("|".join((*parts, episode.state)).encode()).hexdigest()[:16]


def _at(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _proposals(draft: Draft) -> list[dict[str, Any]]:
    made = [] if draft.episode.closed else proposals_as_they_stand(draft)
    return [regimen_called(draft.pathway, each["regimen"]) | each for each in made]


def _absent(draft: Draft) -> list[dict[str, Any]]:
    """Return the regimens of this pathway that no rule gives a standing now, and what would bring each in (X-05)."""
    if draft.episode.closed:
        return []
    in_force = {course.regimen for course in draft.episode.courses if course.in_force}
    rows: dict[str, list[StandingRow]] = {}
    for row in draft.pathway.standings:
        if row.standing.value in {"recommended", "acceptable"}:
            for regimen in row.selector.regimens:
                rows.setdefault(regimen, []).append(row)
    return [
        {**regimen_called(draft.pathway, regimen), "brought_in_by": [_brought(draft, row) for row in ruling]}
        for regimen, ruling in sorted(rows.items())
        if regimen not in draft.table.proposals and regimen not in in_force
    ]


def _brought(draft: Draft, row: StandingRow) -> dict[str, Any]:
    stages = [name for name in draft.pathway.stages if name in row.stages]
    return {**reason(draft, row), "stages": stages, "unless": row.guard.unless.words if row.guard.unless else None}


def _warnings(draft: Draft) -> list[dict[str, Any]]:
    made = []
    for row in warnings(draft.host, draft.values, draft.table):
        name = row.name if isinstance(row, WarningRow) else row
        mark = mark_json(row.mark) if isinstance(row, WarningRow) else mark_json(Mark(("X-06",)))
        made.append({"warning": name, "text": draft.pathway.warning_texts[name], **mark})
    return made


def _gate_state(draft: Draft, gate: Gate) -> str:
    if gate.passes is None:
        return "person"
    return gate_refusal(gate, draft.host, draft.values) or "passes"


def _gates(draft: Draft) -> list[dict[str, Any]]:
    if draft.episode.closed:
        return []
    return [
        {
            "gate": gate.name, "actions": sorted(gate.actions), "on": gate.selector.text,
            "on_title": selected(draft.pathway, gate.selector),
            "status": _gate_state(draft, gate), "passes": gate.passes.words if gate.passes else None,
            "minimum_days": gate.minimum_days or None, **mark_json(gate.mark),
        }
        for gate in sorted(draft.pathway.gates.values(), key=lambda each: each.order)
    ]  # fmt: skip


def _offers(draft: Draft) -> list[dict[str, Any]]:
    return [
        {"outcome": offer.outcome, "words": offer.guard.when.words, **mark_json(offer.mark)}
        for offer in offers(draft.host, draft.values)
    ]


def dose_json(pathway: Pathway, dosage: Dosage | None) -> dict[str, Any]:
    """Return a dose as JSON: amount and unit, formula, inputs, sources; empty when there is none.

    lent_by: the documents that lend the formula where the pathway's own is silent (X-02).
    """
    if dosage is None:
        return {}
    own = not dosage.sources or pathway.source in dosage.sources
    return {
        "amount": dosage.text, "unit": dosage.unit, "formula": dosage.formula, "inputs": dict(dosage.inputs),
        "sources": list(dosage.sources), "lent_by": [] if own else [pathway.sources[each] for each in dosage.sources],
    }  # fmt: skip


def _course(draft: Draft, course: Course) -> dict[str, Any]:
    made = slots(draft.pathway, course, draft.episode.timezone, draft.values)
    refusing = gates_refusing(draft.host, draft.values, course.regimen) if course.in_force else []
    return {
        "course": course.id, **regimen_called(draft.pathway, course.regimen), "in_force": course.in_force,
        "end": course.end, "ended_at": _at(course.ended_at), "confirmed_at": _at(course.confirmed_at),
        "start": _at(course.start), "response": course.answer, "role": owes_dose(draft.pathway, course.regimen),
        "how": how_given(draft.pathway.regimens[course.regimen], course.parameters),
        "ends_at": _at(taper_end(draft.pathway, course, draft.episode.timezone)) if course.in_force else None,
        "gates_refusing": [gate.name for gate, _ in refusing],
        "administrations": [_administration(draft, slot) for slot in made],
    }  # fmt: skip


def _administration(draft: Draft, slot: Slot) -> dict[str, Any]:
    dose = dose_json(draft.pathway, slot.dosage)
    return {"number": slot.number + 1, "at": _at(slot.at), "status": slot.status, **dose}


def _tasks(draft: Draft) -> list[dict[str, Any]]:
    owed = {item.key: item for item in items(draft.pathway, draft.episode) if item.kind == "task"}
    return [
        {
            "task": task.name, "title": draft.pathway.tasks[task.name].title, "opened_at": _at(task.opened_at),
            "due_at": _at(owed[task.name].due_at), "role": owed[task.name].role,
            "every": _every(draft.pathway.tasks[task.name]),
            "asks": known.asks(draft, task.name, task.seq), **mark_json(draft.pathway.tasks[task.name].mark),
        }
        for task in draft.episode.tasks
    ]  # fmt: skip


def _every(kind: TaskKind) -> str | None:
    """Return the rhythm in which a task opens again, in words."""
    return None if kind.every is None else span(kind.every)


def _reminder(draft: Draft, reminder: Reminder) -> dict[str, Any]:
    kind = draft.pathway.reminders[reminder.name]
    ladder = draft.pathway.ladders[reminder.ladder]
    told = [place for place in range(reminder.told) if place not in reminder.skipped]
    return {
        "reminder": reminder.name, "key": reminder.address, "title": kind.title,
        "fired_at": _at(reminder.fired_at), "told": [ladder[place].role for place in told],
        "skipped": [ladder[place].role for place in reminder.skipped],
        "next_rung_at": _at(reminder.climb_at), **mark_json(kind.mark),
    }  # fmt: skip


def upcoming(pathway: Pathway, episode: Episode) -> Mapping[str, dt.datetime]:
    """Return when each reminder is next due, earliest first;
    one that climbs fires again after its top unless it is fulfilled.
    """
    found: dict[str, dt.datetime] = {}
    for reminder in episode.reminders:
        at = _next_firing(pathway, reminder)
        if at is not None and (reminder.name not in found or at < found[reminder.name]):
            found[reminder.name] = at
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _next_firing(pathway: Pathway, reminder: Reminder) -> dt.datetime | None:
    if reminder.climb_at is None or not has_until(pathway.reminders[reminder.name]):
        return reminder.due_at
    ladder = pathway.ladders[reminder.ladder]
    top = reminder.climb_at + (ladder[-1].after - ladder[reminder.told].after)
    again = top + pathway.again
    return again if reminder.due_at is None else min(again, reminder.due_at)


def upcoming_list(draft: Draft) -> list[dict[str, Any]]:
    """Return what is next due, earliest first, with its title and rules."""
    kinds = draft.pathway.reminders
    return [
        {"reminder": name, "title": kinds[name].title, "at": _at(at), **mark_json(kinds[name].mark)}
        for name, at in upcoming(draft.pathway, draft.episode).items()
    ]
