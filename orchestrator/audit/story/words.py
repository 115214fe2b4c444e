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
from orchestrator.pathway.naming import fact_is, fact_label, fact_value, regimen_title
from orchestrator.saying import Said, joined, said

ERASED = said("What it said was erased; that it was made, by whom and when is still proved")


def headline(entry: Entry, pathway: Pathway) -> str:
    """Return what was done, or what somebody wanted to do, in one line."""
    if entry.erased:
        return joined(". ", (_CALLED.get(entry.kind, entry.kind), ERASED))
    words = wish(entry, pathway)
    if entry.refused is None:
        return words
    text = f"Refused ({entry.refused}): {words[:1].lower()}{words[1:]}"
    return Said(text, "Refused (%(code)s): %(wish)s", {"code": entry.refused, "wish": words})


def wish(entry: Entry, pathway: Pathway) -> str:
    """Return what was done or, when it was refused, what somebody wanted to do; not for an erased entry."""
    return _HEADLINES[entry.kind](entry, pathway) if entry.kind in _HEADLINES else entry.kind


_CALLED = {
    "enrol": said("Enrolment"),
    "record": said("Recording"),
    "confirm": said("Confirmation"),
    "give": said("Administration given"),
    "miss": said("Administration missed"),
    "decline": said("Administration declined"),
    "stop": said("Course stopped"),
    "retract": said("Retraction"),
    "complete": said("Task completed"),
    "acknowledge": said("Reminder acknowledged"),
    "close": said("Closing"),
    "change-ward": said("Change of ward"),
    "tick": said("What fell due"),
}


def _named(entry: Entry, field: str) -> str:
    return str(entry.command.get(field, ""))


def _regimen(entry: Entry, pathway: Pathway) -> str:
    return regimen_title(pathway, _named(entry, "regimen"))


def _record(entry: Entry, pathway: Pathway) -> str:
    facts: Mapping[str, Any] = entry.command.get("facts") or {}
    told = [fact_is(pathway, name, value) for name, value in facts.items()]
    return said("Recorded %(what)s" if entry.refused is None else "Record %(what)s", what=listed(told))


def _confirm(entry: Entry, pathway: Pathway) -> str:
    parameters: Mapping[str, Any] = entry.command.get("parameters") or {}
    told = [
        joined(" ", (said(name.replace("_", " ")), _parameter(value))) for name, value in sorted(parameters.items())
    ]
    what = listed([regimen_title(pathway, name) for name in entry.command.get("regimens") or []])
    if told:
        what = joined(" ", (what, said("(%(how)s)", how=joined(", ", told))))
    return said("Confirmed %(what)s" if entry.refused is None else "Confirm %(what)s", what=what)


def _parameter(value: object) -> str:
    if isinstance(value, Mapping):
        return joined(" ", (joined(" ", (said(key), str(each))) for key, each in sorted(value.items())))
    return joined("; ", map(_parameter, value)) if isinstance(value, list | tuple) else str(value)


def _administration(done: str, wanted: str) -> Callable[[Entry, Pathway], str]:
    def words(entry: Entry, pathway: Pathway) -> str:
        event = next(entry.of(ev.AdministrationRecorded), None)
        if event is None:
            return said(wanted, regimen=_regimen(entry, pathway))
        told = said(done, n=event.number + 1, regimen=regimen_title(pathway, event.regimen))
        return joined(", ", filter(None, (told, amount(event.amount, event.unit))))

    return words


def _retract(entry: Entry, pathway: Pathway) -> str:
    target = _named(entry, "target")
    last = said("the last administration of %(regimen)s", regimen=regimen_title(pathway, target))
    what = fact_label(pathway, target) if target in pathway.facts else last
    return said("Took back %(what)s" if entry.refused is None else "Take back %(what)s", what=what)


def _outcome(name: str) -> Said:
    return Said(name, name.replace("-", " "), {})


def _change_ward(entry: Entry, _: Pathway) -> str:
    event = next(entry.of(ev.WardChanged), None)
    if event is None:
        return said("Move to ward %(ward)s", ward=_named(entry, "ward"))
    return said(
        "Moved from ward %(origin)s to ward %(target)s; our care goes on", origin=event.origin, target=event.target
    )


def _along(event: ev.WardChanged, _: Pathway) -> str:
    others = len(event.along)
    if others == 1:
        return said("With another open episode of this patient")
    return said("With %(n)s other open episodes of this patient", n=others) if others else ""


def _tick(entry: Entry, pathway: Pathway) -> str:
    fired = [reminder_words(pathway, event.name, event.subject) for event in entry.of(ev.ReminderFired)]
    told = [reminder_words(pathway, event.name, event.subject) for event in entry.of(ev.ReminderTold)]
    if fired:
        return said("Fell due: %(what)s", what=joined("; ", dict.fromkeys(fired)))
    unanswered = said("Still unanswered: %(what)s", what=joined("; ", dict.fromkeys(told)))
    return unanswered if told else said("Something fell due")


_HEADLINES: dict[str, Callable[[Entry, Pathway], str]] = {
    "enrol": lambda _, pathway: said(
        "Enrolled on %(pathway)s, version %(version)s", pathway=pathway.title, version=pathway.version
    ),
    "record": _record,
    "confirm": _confirm,
    "give": _administration(
        "Gave administration %(n)s of %(regimen)s", "Record an administration as given of %(regimen)s"
    ),
    "miss": _administration(
        "Missed administration %(n)s of %(regimen)s", "Record an administration as missed of %(regimen)s"
    ),
    "decline": _administration(
        "Declined by the patient: administration %(n)s of %(regimen)s",
        "Record an administration as declined of %(regimen)s",
    ),
    "stop": lambda entry, pathway: said(
        "Stopped %(what)s" if entry.refused is None else "Stop %(what)s", what=_regimen(entry, pathway)
    ),
    "retract": _retract,
    "complete": lambda entry, pathway: said(
        "Completed: %(what)s" if entry.refused is None else "Complete: %(what)s",
        what=task_title(pathway, _named(entry, "task")),
    ),
    "acknowledge": lambda entry, pathway: said(
        "Saw the reminder: %(what)s", what=reminder_title(pathway, _named(entry, "reminder").partition("#")[0])
    ),
    "close": lambda entry, _: said(
        "Closed as %(what)s" if entry.refused is None else "Close as %(what)s", what=_outcome(_named(entry, "outcome"))
    ),
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
    place = "" if event.corrects is None else said("takes the place of entry %(n)s", n=event.corrects)
    if is_derived(event):
        how = derived_words(event, pathway)
    elif is_own(event, pathway):
        how = said("the %(role)s's own entry, not derived", role=said(entry.who["role"]))
    else:
        return joined(" ", (fact_is(pathway, event.fact, event.value), place)) if place else ""
    told = said("%(label)s: %(value)s, %(how)s", label=label, value=value, how=how)
    return joined("; ", filter(None, (told, place)))


def _decided(event: ev.FactDecided, pathway: Pathway) -> str:
    label, value = fact_label(pathway, event.fact), fact_value(pathway, event.fact, event.value)
    return said("%(label)s %(value)s decided", label=label, value=value)


def _moved(event: ev.Moved, pathway: Pathway) -> str:
    origin, target = stage_title(event.origin), stage_title(event.target)
    told: str = said("Moved from %(origin)s to %(target)s", origin=origin, target=target)
    if event.rules:
        told = joined(" ", (told, f"({', '.join(event.rules)})"))
    if event.relapse:
        told = joined(": ", (told, said("a relapse")))
    return joined(", ", filter(None, (told, although(event.missing, pathway))))


def _confirmed(event: ev.CourseConfirmed, pathway: Pathway) -> str:
    called = regimen_title(pathway, event.regimen)
    stood = said("%(regimen)s stood as %(standing)s", regimen=called, standing=said(event.standing))
    if event.planned is None:
        return stood
    one = event.planned == 1
    plan = said("one administration planned") if one else said("%(n)s administrations planned", n=event.planned)
    return joined(", ", (stood, plan))


def _ended(event: ev.CourseEnded, pathway: Pathway) -> str:
    called = regimen_title(pathway, event.regimen)
    return said("The course of %(regimen)s ended: %(end)s", regimen=called, end=said(event.end))


def _told(event: ev.ReminderTold, pathway: Pathway) -> str:
    what = reminder_words(pathway, event.name, event.subject)
    told = said("Told the %(role)s: %(what)s", role=said(event.role), what=what)
    if event.skipped:
        skipped = listed([said(role) for role in event.skipped])
        told = said(
            "Told the %(role)s (nobody holds %(skipped)s): %(what)s", role=said(event.role), skipped=skipped, what=what
        )
    return joined(", ", (told, said("late"))) if event.late else told


_DETAILS: dict[type[ev.Event], Callable[[Any, Pathway], str]] = {
    ev.FactRetracted: lambda event, pathway: said(
        "The %(fact)s of entry %(n)s no longer counts", fact=fact_label(pathway, event.fact), n=event.of
    ),
    ev.FactExpired: lambda event, pathway: said(
        "%(fact)s is unknown again: another course was confirmed", fact=fact_label(pathway, event.fact)
    ),
    ev.FactDecided: _decided,
    ev.DecisionTakenBack: lambda event, pathway: said(
        "The move that it had brought is taken back: %(state)s", state=state_title(pathway, event.state)
    ),
    ev.GateOverridden: lambda event, _: said(
        "Passed the gate %(gate)s (%(why)s) by override", gate=event.gate, why=said(event.why)
    ),
    ev.CourseConfirmed: _confirmed,
    ev.AdministrationRetracted: lambda event, pathway: said(
        "Administration %(n)s of %(regimen)s, recorded in entry %(entry)s, no longer counts",
        n=event.number + 1,
        regimen=regimen_title(pathway, event.regimen),
        entry=event.of,
    ),  # fmt: skip
    ev.CourseEnded: _ended,
    ev.CourseReopened: lambda event, pathway: said(
        "The course of %(regimen)s is in force again", regimen=regimen_title(pathway, event.regimen)
    ),
    ev.ConcernAccepted: lambda event, _: said(
        "Accepted that %(concern)s speaks against a course in force", concern=event.concern
    ),
    ev.CheckDue: lambda event, _: said("The check %(check)s fell due", check=event.check),
    ev.CheckWithdrawn: lambda event, _: said(
        "The check %(check)s has not fallen due: its dose was taken back", check=event.check
    ),
    ev.Moved: _moved,
    ev.TaskOpened: lambda event, pathway: said("Task: %(what)s", what=task_title(pathway, event.task)),
    ev.TaskWithdrawn: lambda event, pathway: said("Task withdrawn: %(what)s", what=task_title(pathway, event.task)),
    ev.ReminderTold: _told,
    ev.ReminderFulfilled: lambda event, pathway: said(
        "Answered: %(what)s", what=reminder_words(pathway, event.name, event.subject)
    ),
    ev.ReminderReopened: lambda event, pathway: said(
        "Open again: %(what)s", what=reminder_words(pathway, event.name, event.subject)
    ),
    ev.WardChanged: _along,
    ev.Refused: lambda event, _: said(event.text),
}
