"""What comes of a command?

``decide`` is pure and total: the same history, command and moment give the same answer for ever. A refusal is a
returned value with a code, not an exception. Where several apply, the first of this order is the answer: the episode is
closed; a name or value does not fit; a gate; the role; the reason, or not proposed; a missing input.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.episode import events as ev
from orchestrator.episode.accepting import accept
from orchestrator.episode.administer import course_in_force, decline, give, miss
from orchestrator.episode.commands import (
    MAX_REASON,
    Acknowledge,
    Actor,
    ChangeWard,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Enrolment,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
    Tick,
)
from orchestrator.episode.confirm import confirm
from orchestrator.episode.derive import derive
from orchestrator.episode.draft import Draft
from orchestrator.episode.fold import stamp
from orchestrator.episode.gates import pass_gates
from orchestrator.episode.host import QUIET, Signals
from orchestrator.episode.model import CLOSED, STOPPED, Episode
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.episode.reminders import acknowledge, reopen_unknown
from orchestrator.episode.retract import retract
from orchestrator.episode.settle import end_course, settle
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.model import Gate, Pathway


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command was carried out: what happened, in order, and the episode after it."""

    events: tuple[ev.Event, ...]
    episode: Episode


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was refused; nothing changed but the record.

    code: a gate's name or a code of the contract; text: one line.
    """

    code: str
    text: str


def enrol(
    enrolment: Enrolment, actor: Actor, now: dt.datetime, *, unheld: frozenset[str] = frozenset()
) -> Accepted | Refused:
    """Return the enrolment of a patient: what opens with it is opened. unheld: as for ``decide``."""
    pathway = enrolment.pathway
    draft = Draft(pathway, None, now, unheld)
    try:
        need_role(pathway, actor, "enrol")
    except Refusal as refusal:
        return Refused(refusal.code, refusal.text)
    draft.emit(
        ev.Enrolled(
            enrolment.episode_id,
            enrolment.patient_id,
            pathway.name,
            pathway.hash,
            enrolment.ward,
            enrolment.timezone,
            pathway.initial,
        )
    )
    settle(draft)
    return _accepted(draft)


def decide(
    pathway: Pathway,
    episode: Episode,
    command: Command,
    actor: Actor,
    now: dt.datetime,
    *,
    unheld: frozenset[str] = frozenset(),
) -> Accepted | Refused:
    """Return what the command comes to at ``now`` (UTC, not before the episode's last entry).

    unheld: roles that nobody holds on the patient's ward; ladders skip them.
    """
    draft = Draft(pathway, episode, now, unheld)
    if command.reason is not None and not command.reason.strip():
        command = replace(command, reason=None)
    try:
        if episode.closed and not isinstance(command, Tick):
            raise Refusal("episode-closed", "the episode is closed")
        if command.reason is not None and len(command.reason) > MAX_REASON:
            raise InvalidCommand(f"reason must be text of at most {MAX_REASON} characters")
        signals = _HANDLERS[type(command)](draft, command, actor)
    except Refusal as refusal:
        return Refused(refusal.code, refusal.text)
    except InvalidCommand as error:
        return Refused("invalid-value", str(error))
    settle(draft, signals)
    return _accepted(draft)


def _accepted(draft: Draft) -> Accepted:
    return Accepted(tuple(draft.events), stamp(draft.episode, draft.seq, draft.now))


def _tick(_: Draft, __: Tick, ___: Actor) -> Signals:
    return QUIET


def _record(draft: Draft, command: Record, actor: Actor) -> Signals:
    """Record facts. A correction is a recording that names the one before it: what was said and done stays (X-13)."""
    facts = draft.pathway.facts
    for name in command.facts:
        if name not in facts:
            raise Refusal("unknown-fact", f"unknown fact '{name[:60]}'")
    if not command.facts:
        raise InvalidCommand("there is nothing to record")
    values = {name: facts[name].parse(value, draft.now.date()) for name, value in command.facts.items()}
    need_role(draft.pathway, actor, "record")
    for name, value in values.items():
        current = draft.episode.current(name)
        if value is None:
            reopen_unknown(draft, name)
        draft.emit(ev.FactRecorded(name, value, current.seq if current else None))
    derive(draft, values)
    return QUIET


def _stop(draft: Draft, command: Stop, actor: Actor) -> Signals:
    course = course_in_force(draft, command.regimen)
    gates = [gate for gate in _gates(draft, "stop") if command.regimen in gate.selector]
    pass_gates(draft, [(gate, "refused") for gate in gates], command, actor)
    need_role(draft.pathway, actor, "stop")
    end_course(draft, course, STOPPED)
    return QUIET


def _gates(draft: Draft, action: str) -> list[Gate]:
    return sorted(
        (gate for gate in draft.pathway.gates.values() if action in gate.actions), key=lambda gate: gate.order
    )


def _close(draft: Draft, command: Close, actor: Actor) -> Signals:
    """Close the episode from whatever stage; what is open ends with it (X-12)."""
    if command.outcome not in draft.pathway.outcomes:
        raise InvalidCommand(f"unknown outcome '{command.outcome[:60]}'; known are {', '.join(draft.pathway.outcomes)}")
    running = [course for course in draft.episode.courses if course.in_force]
    refusing = [
        (gate, "refused")
        for gate in _gates(draft, "close")
        if command.outcome not in gate.save_outcomes and any(course.regimen in gate.selector for course in running)
    ]
    pass_gates(draft, refusing, command, actor)
    need_role(draft.pathway, actor, "close")
    for course in running:
        end_course(draft, course, CLOSED)
    for task in draft.episode.tasks:
        draft.emit(ev.TaskWithdrawn(task.name))
    draft.emit(ev.Closed(command.outcome, f"{CLOSED_STAGE}/{command.outcome}"))
    return QUIET


def _complete(draft: Draft, command: Complete, actor: Actor) -> Signals:
    if draft.episode.task(command.task) is None:
        raise Refusal(
            "no-such-task", f"no task '{command.task[:60]}' is open; doses are recorded with give, miss or decline"
        )
    need_role(draft.pathway, actor, "complete")
    draft.emit(ev.TaskCompleted(command.task))
    for reminder in draft.episode.reminders:
        if reminder.open and draft.pathway.reminders[reminder.name].opens == command.task:
            acknowledge(draft, reminder)  # what it calls for is done: who did it has seen it
    return QUIET


def _acknowledge(draft: Draft, command: Acknowledge, actor: Actor) -> Signals:
    named = command.reminder
    fired = [each for each in draft.episode.reminders if each.open and named in {each.name, each.address}]
    if not fired:
        raise Refusal("no-such-reminder", f"no reminder '{named[:60]}' has fired and waits for an answer")
    need_role(draft.pathway, actor, "acknowledge")
    confirms = command.reason is not None and actor.role in draft.pathway.permissions["confirm"]
    for reminder in fired:
        acknowledge(draft, reminder)
        if confirms and draft.pathway.reminders[reminder.name].of == "concerns":
            accept(draft, draft.episode.course(int(reminder.subject.rpartition(" ")[2])))
    return QUIET


def _change_ward(draft: Draft, command: ChangeWard, actor: Actor) -> Signals:
    """Move the patient to another ward. No guard sees a ward: stage, timers and what is open stay as they are."""
    ward = command.ward
    if ward != ward.strip() or not ward.isprintable():
        raise InvalidCommand("ward must be printable text without blanks around it")
    if ward == draft.episode.ward:
        raise InvalidCommand("the patient is on this ward already")
    need_role(draft.pathway, actor, command.kind)
    need_reason(command, "moving a patient to another ward")
    draft.emit(ev.WardChanged(draft.episode.ward, ward, command.along))
    return QUIET


_HANDLERS: dict[type[Command], Callable[[Draft, Any, Actor], Signals]] = {
    Tick: _tick,
    Record: _record,
    Confirm: confirm,
    Give: give,
    Miss: miss,
    Decline: decline,
    Stop: _stop,
    Retract: retract,
    Complete: _complete,
    Acknowledge: _acknowledge,
    Close: _close,
    ChangeWard: _change_ward,
}
