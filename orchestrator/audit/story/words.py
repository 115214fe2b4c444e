"""What does an entry say, in words that a clinician reads? One line for the cause, one for each event worth telling."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.knowing import although, derived_words, is_derived, is_own
from orchestrator.audit.story.speech import (
    amount,
    listed,
    reminder_title,
    reminder_words,
    stage_title,
    state_title,
    task_title,
)
from orchestrator.episode import events as ev
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import fact_is, fact_label, fact_value

ERASED = "What it said was erased; that it was made, by whom and when is still proved"


def headline(entry: Entry, pathway: Pathway) -> str:
    """Return what was done, or what somebody wanted to do, in one line."""
    if entry.erased:
        return f"{_CALLED.get(entry.kind, entry.kind)}. {ERASED}"
    words = wish(entry, pathway)
    if entry.refused is None:
        return words
    return f"Refused ({entry.refused}): {words[:1].lower()}{words[1:]}"


def wish(entry: Entry, pathway: Pathway) -> str:
    """Return what was done or, when it was refused, what somebody wanted to do; not for an erased entry."""
    return _HEADLINES[entry.kind](entry, pathway) if entry.kind in _HEADLINES else entry.kind


_CALLED = {
    "enrol": "Enrolment", "record": "Recording", "confirm": "Confirmation", "give": "Administration given",
    "miss": "Administration missed", "decline": "Administration declined", "stop": "Course stopped",
    "retract": "Retraction", "complete": "Task completed", "acknowledge": "Reminder acknowledged", "close": "Closing",
    "change-ward": "Change of ward", "tick": "What fell due",
}  # fmt: skip


def _named(entry: Entry, field: str) -> str:
    return str(entry.command.get(field, ""))


def _record(entry: Entry, pathway: Pathway) -> str:
    facts: Mapping[str, Any] = entry.command.get("facts") or {}
    told = [fact_is(pathway, name, value) for name, value in facts.items()]
    return f"Recorded {listed(told)}" if entry.refused is None else f"Record {listed(told)}"


def _confirm(entry: Entry, _: Pathway) -> str:
    parameters: Mapping[str, Any] = entry.command.get("parameters") or {}
    told = ", ".join(f"{name.replace('_', ' ')} {_parameter(value)}" for name, value in sorted(parameters.items()))
    verb = "Confirmed" if entry.refused is None else "Confirm"
    return f"{verb} {listed(entry.command.get('regimens') or [])}" + (f" ({told})" if told else "")


def _parameter(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {each}" for key, each in sorted(value.items()))
    return "; ".join(_parameter(each) for each in value) if isinstance(value, list | tuple) else str(value)


def _administration(done: str, wanted: str) -> Callable[[Entry, Pathway], str]:
    def words(entry: Entry, _: Pathway) -> str:
        event = next(entry.of(ev.AdministrationRecorded), None)
        if event is None:
            return f"{wanted} of {_named(entry, 'regimen')}"
        dose = amount(event.amount, event.unit)
        return f"{done} administration {event.number + 1} of {event.regimen}" + (f", {dose}" if dose else "")

    return words


def _retract(entry: Entry, pathway: Pathway) -> str:
    target = _named(entry, "target")
    what = fact_label(pathway, target) if target in pathway.facts else f"the last administration of {target}"
    return f"Took back {what}" if entry.refused is None else f"Take back {what}"


def _change_ward(entry: Entry, _: Pathway) -> str:
    event = next(entry.of(ev.WardChanged), None)
    if event is None:
        return f"Move to ward {_named(entry, 'ward')}"
    return f"Moved from ward {event.origin} to ward {event.target}; our care goes on"


def _along(event: ev.WardChanged, _: Pathway) -> str:
    others = len(event.along)
    return f"With {others} other open episode{'s' if others > 1 else ''} of this patient" if others else ""


def _tick(entry: Entry, pathway: Pathway) -> str:
    fired = [reminder_words(pathway, event.name, event.subject) for event in entry.of(ev.ReminderFired)]
    told = [reminder_words(pathway, event.name, event.subject) for event in entry.of(ev.ReminderTold)]
    if fired:
        return f"Fell due: {'; '.join(dict.fromkeys(fired))}"
    return f"Still unanswered: {'; '.join(dict.fromkeys(told))}" if told else "Something fell due"


_HEADLINES: dict[str, Callable[[Entry, Pathway], str]] = {
    "enrol": lambda _, pathway: f"Enrolled on {pathway.title}, version {pathway.version}",
    "record": _record,
    "confirm": _confirm,
    "give": _administration("Gave", "Record an administration as given"),
    "miss": _administration("Missed", "Record an administration as missed"),
    "decline": _administration("Declined by the patient:", "Record an administration as declined"),
    "stop": lambda entry, _: f"{'Stopped' if entry.refused is None else 'Stop'} {_named(entry, 'regimen')}",
    "retract": _retract,
    "complete": lambda entry, pathway: (
        f"{'Completed' if entry.refused is None else 'Complete'}: {task_title(pathway, _named(entry, 'task'))}"
    ),
    "acknowledge": lambda entry, pathway: (
        f"Saw the reminder: {reminder_title(pathway, _named(entry, 'reminder').partition('#')[0])}"
    ),
    "close": lambda entry, _: f"{'Closed' if entry.refused is None else 'Close'} as {_named(entry, 'outcome')}",
    "change-ward": _change_ward,
    "tick": _tick,
}


def details(entry: Entry, pathway: Pathway) -> list[str]:
    """Return what followed, a line for each event worth telling, in order."""
    told = (_detail(entry, event, pathway) for event in _once(entry.events))
    return [words for words in told if words]


def _once(events: Sequence[ev.Event]) -> list[ev.Event]:
    """Return the events with what a move did not wait for told at its last step alone."""
    last = {event.transition: number for number, event in enumerate(events) if isinstance(event, ev.Moved)}
    return [
        replace(event, missing=()) if isinstance(event, ev.Moved) and last[event.transition] != number else event
        for number, event in enumerate(events)
    ]


def _detail(entry: Entry, event: ev.Event, pathway: Pathway) -> str:
    if isinstance(event, ev.FactRecorded):
        return _fact_recorded(entry, event, pathway)
    return _DETAILS[type(event)](event, pathway) if type(event) in _DETAILS else ""


def _fact_recorded(entry: Entry, event: ev.FactRecorded, pathway: Pathway) -> str:
    label, value = fact_label(pathway, event.fact), fact_value(pathway, event.fact, event.value)
    place = "" if event.corrects is None else f"takes the place of entry {event.corrects}"
    if is_derived(event):
        how = derived_words(event, pathway)
    elif is_own(event, pathway):
        how = f"the {entry.who['role']}'s own entry, not derived"
    else:
        return f"{fact_is(pathway, event.fact, event.value)} {place}" if place else ""
    return "; ".join(filter(None, (f"{label}: {value}, {how}", place)))


def _decided(event: ev.FactDecided, pathway: Pathway) -> str:
    return f"{fact_label(pathway, event.fact)} {fact_value(pathway, event.fact, event.value)} decided"


def _moved(event: ev.Moved, pathway: Pathway) -> str:
    rules = f" ({', '.join(event.rules)})" if event.rules else ""
    told = f"Moved from {stage_title(event.origin)} to {stage_title(event.target)}{rules}"
    return f"{told}{': a relapse' if event.relapse else ''}{_although(event, pathway)}"


def _although(event: ev.Moved, pathway: Pathway) -> str:
    return f", {although(event.missing, pathway)}" if event.missing else ""


def _confirmed(event: ev.CourseConfirmed, _: Pathway) -> str:
    planned = "" if event.planned is None else f", {event.planned} administrations planned"
    return f"{event.regimen} stood as {event.standing}{planned}"


def _ended(event: ev.CourseEnded, _: Pathway) -> str:
    return f"The course of {event.regimen} ended: {event.end}"


def _told(event: ev.ReminderTold, pathway: Pathway) -> str:
    late = ", late" if event.late else ""
    skipped = f" (nobody holds {listed(event.skipped)})" if event.skipped else ""
    return f"Told the {event.role}{skipped}: {reminder_words(pathway, event.name, event.subject)}{late}"


_DETAILS: dict[type[ev.Event], Callable[[Any, Pathway], str]] = {
    ev.FactRetracted: lambda event, pathway: (
        f"The {fact_label(pathway, event.fact)} of entry {event.of} no longer counts"
    ),
    ev.FactExpired: lambda event, pathway: (
        f"{fact_label(pathway, event.fact)} is unknown again: another course was confirmed"
    ),
    ev.FactDecided: _decided,
    ev.DecisionTakenBack: lambda event, pathway: (
        f"The move that it had brought is taken back: {state_title(pathway, event.state)}"
    ),
    ev.GateOverridden: lambda event, _: f"Passed the gate {event.gate} ({event.why}) by override",
    ev.CourseConfirmed: _confirmed,
    ev.AdministrationRetracted: lambda event, _: (
        f"Administration {event.number + 1} of {event.regimen}, recorded in entry {event.of}, no longer counts"
    ),
    ev.CourseEnded: _ended,
    ev.CourseReopened: lambda event, _: f"The course of {event.regimen} is in force again",
    ev.ConcernAccepted: lambda event, _: f"Accepted that {event.concern} speaks against a course in force",
    ev.CheckDue: lambda event, _: f"The check {event.check} fell due",
    ev.CheckWithdrawn: lambda event, _: f"The check {event.check} has not fallen due: its dose was taken back",
    ev.Moved: _moved,
    ev.TaskOpened: lambda event, pathway: f"Task: {task_title(pathway, event.task)}",
    ev.TaskWithdrawn: lambda event, pathway: f"Task withdrawn: {task_title(pathway, event.task)}",
    ev.ReminderTold: _told,
    ev.ReminderFulfilled: lambda event, pathway: f"Answered: {reminder_words(pathway, event.name, event.subject)}",
    ev.ReminderReopened: lambda event, pathway: f"Open again: {reminder_words(pathway, event.name, event.subject)}",
    ev.WardChanged: _along,
    ev.Refused: lambda event, _: event.text,
}
