"""What comes of confirming regimens?

A person's choice among what is proposed, or beside it with a reason (X-01, X-07, X-08).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.episode import events as ev
from orchestrator.episode.administer import record_given
from orchestrator.episode.commands import Actor, Confirm
from orchestrator.episode.courses import DAY, Slot, courses_in_force, dosed_days, moment, planned_count, slots
from orchestrator.episode.doses import missing_inputs
from orchestrator.episode.draft import Draft
from orchestrator.episode.gates import known_gates, pass_gates
from orchestrator.episode.host import Signals
from orchestrator.episode.model import REPLACED, Course
from orchestrator.episode.parameters import parse
from orchestrator.episode.proposals import (
    REFUSED,
    concerns,
    gates_refusing,
    warning_names,
)
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.episode.settle import end_course
from orchestrator.episode.snapshot import proposals_as_they_stand
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.kinds import Regimen, Schedule
from orchestrator.pathway.model import Gate, Standing
from orchestrator.pathway.naming import regimen_title

Parameters = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the confirmation rests on, as it stood before it; parameters, standings and concerns by regimen (X-08)."""

    parameters: Parameters
    standings: Mapping[str, Standing]
    proposals: list[dict[str, Any]]
    warned: tuple[str, ...]
    concerns: Mapping[str, tuple[str, ...]]


def confirm(draft: Draft, command: Confirm, actor: Actor) -> Signals:
    """Confirm regimens: each becomes a course with its administrations laid out."""
    _check_names(draft, command)
    parameters = parse(draft.pathway, command.regimens, command.parameters, draft.now)
    standings = {regimen: draft.table.standing(regimen) for regimen in command.regimens}
    proposals = proposals_as_they_stand(draft)
    warned = warning_names(draft.host, draft.values, draft.table)
    _check_choice(draft, command, actor, standings, parameters)
    treats = any(draft.pathway.regimens[regimen].treats for regimen in command.regimens)
    accepted = {regimen: concerns(draft.host, draft.values, regimen) for regimen in command.regimens}
    ground = _Ground(parameters, standings, proposals, warned, accepted)
    if treats:
        _expire(draft)
    made = [_confirmed(draft, regimen, ground, command.reason) for regimen in command.regimens]
    for course in made:
        _replace(draft, course)
        for at in parameters[course.regimen].get("given", ()):
            record_given(draft, draft.episode.course(course.id), at)
    return Signals(confirmed=frozenset(command.regimens))


def _check_names(draft: Draft, command: Confirm) -> None:
    if not command.regimens or len(set(command.regimens)) < len(command.regimens):
        raise InvalidCommand("name the regimens to confirm, each once")
    for regimen in command.regimens:
        if regimen not in draft.pathway.regimens:
            raise InvalidCommand(f"unknown regimen '{regimen[:60]}'")
        if draft.episode.in_force(regimen) is not None:
            raise InvalidCommand(f"a course of {regimen_title(draft.pathway, regimen)} is already in force")
    known_gates(draft, command)


def _check_choice(
    draft: Draft, command: Confirm, actor: Actor, standings: Mapping[str, Standing], parameters: Parameters
) -> None:
    """Refuse by gate, role, reason and input, in this order, over all regimens of the command."""
    refusing: list[tuple[Gate, str]] = []
    for regimen in command.regimens:
        refusing += gates_refusing(draft.host, draft.values, regimen) + _short_taper(
            draft, regimen, parameters[regimen]
        )
    pass_gates(draft, sorted(dict(refusing).items(), key=lambda pair: pair[0].order), command, actor)
    need_role(draft.pathway, actor, "confirm")
    if Standing.CONTRAINDICATED in standings.values():
        need_role(draft.pathway, actor, "override")
    for regimen, standing in standings.items():
        _check_reason(draft, command, regimen, standing)
    for regimen in command.regimens:
        needed = missing_inputs(draft.pathway, draft.pathway.regimens[regimen], parameters[regimen], draft.values)
        if needed:
            called = regimen_title(draft.pathway, regimen)
            raise Refusal("missing-input", f"the dose of {called} needs {', '.join(needed)}")


def _check_reason(draft: Draft, command: Confirm, regimen: str, standing: Standing) -> None:
    called = regimen_title(draft.pathway, regimen)
    if standing is Standing.ABSENT and command.reason is None:
        raise Refusal("not-proposed", f"{called} is not proposed here; confirming it needs a reason")
    if standing in {Standing.DISCOURAGED, Standing.CONTRAINDICATED}:
        need_reason(command, f"{called} is {standing}; confirming it")
    if regimen in draft.table.conflict:
        need_reason(command, f"flags pull toward different regimens; confirming {called}")


def _short_taper(draft: Draft, regimen: str, parameters: Mapping[str, Any]) -> list[tuple[Gate, str]]:
    schedule = draft.pathway.regimens[regimen].schedule
    if schedule is None or schedule.kind != "taper":
        return []
    days = dosed_days(schedule, parameters)
    return [
        (gate, REFUSED)
        for gate in draft.pathway.gates.values()
        if "taper" in gate.actions and regimen in gate.selector and days < gate.minimum_days
    ]


def _expire(draft: Draft) -> None:
    """What reports on courses is unknown again, since another course is confirmed (X-11).

    So is what somebody has set to unknown since: taken back, that would bring a report from before the course to light.
    """
    for fact in draft.pathway.course_facts:
        recordings = draft.episode.facts.get(fact.name, ())
        if any(each.value is not None and not each.expired for each in recordings):
            draft.emit(ev.FactExpired(fact.name))


def _confirmed(draft: Draft, regimen: str, ground: _Ground, reason: str | None) -> Course:
    definition, parameters = draft.pathway.regimens[regimen], ground.parameters[regimen]
    kept = {name: value for name, value in parameters.items() if name not in {"start", "given"}}
    start, followed = _start(draft, definition, parameters)
    planned = planned_count(definition, kept)
    made = Course(
        len(draft.episode.courses) + 1, regimen, draft.now, draft.seq, draft.episode.stage, draft.episode.round, start,
        kept, planned=planned,
    )  # fmt: skip
    if len(parameters.get("given", ())) > (planned or 0):
        raise InvalidCommand(f"{definition.called} has {planned or 0} administrations, fewer than were given")
    plan = [_plan(slot) for slot in slots(draft.pathway, made, draft.episode.timezone, draft.values)]
    draft.emit(
        ev.CourseConfirmed(
            made.id, regimen, start, kept, planned, ground.standings[regimen].value, ground.proposals, plan, made.round,
            _baseline(draft), ground.concerns[regimen], ground.warned, reason, followed,
        )
    )  # fmt: skip
    return draft.episode.course(made.id)


def _start(draft: Draft, regimen: Regimen, parameters: Mapping[str, Any]) -> tuple[dt.datetime, int]:
    """Return when the first administration is planned: as chosen, else now; a taper after the last planned dose before
    it (X-14), with the course that it then follows, or 0. A dose that is due this very minute is not later, and so is
    not waited for.
    """
    if "start" in parameters:
        return parameters["start"], 0
    if "given" in parameters:
        return parameters["given"][0], 0
    lasts = [
        (last, course.id)
        for row in draft.pathway.replaces
        if row.at == "start" and regimen.name in row.by
        for course in courses_in_force(draft.episode, row.what)
        if (last := _last_planned(draft, course)) is not None and last > draft.now
    ]
    last, followed = max(lasts, default=(draft.now - DAY, 0))
    return last + DAY, followed


def _last_planned(draft: Draft, course: Course) -> dt.datetime | None:
    schedule: Schedule | None = draft.pathway.regimens[course.regimen].schedule
    if schedule is None or schedule.kind == "taper" or not course.planned:
        return None
    return moment(draft.pathway, course, course.planned - 1, draft.episode.timezone)


def _plan(slot: Slot) -> dict[str, Any]:
    made: dict[str, Any] = {"at": slot.at.isoformat()}
    if slot.dosage is not None:
        made |= {"amount": slot.dosage.text, "formula": slot.dosage.formula, "inputs": dict(slot.dosage.inputs)}
        if slot.dosage.unit is not None:
            made["unit"] = slot.dosage.unit
    return made


def _baseline(draft: Draft) -> dict[str, str]:
    """Return the ordered facts as they stand, so that a later value can be told to be higher."""
    facts = draft.pathway.facts
    return {
        name: value for name, value in draft.values.items() if facts[name].kind == "enum" and not facts[name].of_courses
    }


def _replace(draft: Draft, course: Course) -> None:
    for row in draft.pathway.replaces:
        if row.at == "confirmation" and course.regimen in row.by:
            for other in courses_in_force(draft.episode, row.what):
                if other.id != course.id:
                    end_course(draft, other, REPLACED)
