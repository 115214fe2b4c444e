"""Goal: what is taken back leaves the patient as if it had never been recorded (X-20).

Something wrong is recorded of a patient and taken back, at once or after days; the same patient without it is the
measure. Courses are not confirmed in between: what was given on a mistake stays given, and stories tell of that.
The lives go by their seed, so that one that fails is played again as it was. More of them than `make test` has time
for: ``LIVES=6000 make test ARGS="-k as_if_never"``.
"""

import os
from collections.abc import Callable, Container, Mapping
from copy import copy
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.courses import open_slots
from orchestrator.episode.decide import Accepted
from orchestrator.episode.model import Reminder
from orchestrator.episode.view import view
from orchestrator.pathway.kinds import Fact
from tests.patients import Complete, Confirm, Give, Patient, Record, Retract
from tests.worlds import NAMES, PATHWAYS, spoken_facts

LIVES = int(os.environ.get("LIVES", "60")) * 5
LEAD = Actor("l-1", "lead")
READY = {
    "infection_status": "excluded", "weight_kg": 70, "height_cm": 170, "cns_lymphoma_suspected": False,
    "neurosarcoidosis_suspected": False,
}  # fmt: skip
SAID = ("state", "closed", "proposals", "absent", "missing", "warnings", "gates", "offers")
BEFORE = ("wait", "record", "take", "take", "give", "give", "complete")
MEANWHILE = ("wait", "wait", "record", "record", "give")


@pytest.mark.rules("X-20")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_taken_back_leaves_nothing(name: str) -> None:
    found = [told for seed in range(LIVES) if (told := _left(name, Random(f"{name} {seed}")))]  # noqa: S311
    assert not found, f"{len(found)}, the first: {found[0]}"


def _left(name: str, drawn: Random) -> str:
    """Return what a recording leaves that is taken back, with the life in which it does; empty for nothing."""
    patient = Patient(PATHWAYS[name])
    if drawn.random() < 0.8:
        patient.do(Record(facts=READY), LEAD)
    life = [_step(drawn, drawn.choice(BEFORE), patient) for _ in range(drawn.randint(0, 9))]
    mistaken, wrong = _fork(patient), Record(facts=_fact(drawn, patient))
    mistaken.do(wrong, LEAD)
    known = frozenset(wrong.facts)
    later = [_step(drawn, drawn.choice(MEANWHILE), patient, mistaken, never=known) for _ in range(drawn.randint(0, 5))]
    mistaken.until(patient.now)
    patient.until(mistaken.now)
    if not isinstance(mistaken.do(Retract(*known, reason="another patient's"), LEAD), Accepted):
        return ""
    left = _differing(_said(mistaken), _said(patient)) | _lost(mistaken, patient)
    if not later:
        left |= _differing(_reminders(mistaken), _reminders(patient))
    return f"{left}\nin {life}\nwrong: {wrong.facts}\nthen {later}" if left else ""


# a life


def _step(drawn: Random, kind: str, patient: Patient, *others: Patient, never: Container[str] = ()) -> object:
    """Do the same of all, chosen by what there is to do of the first. never: a fact that is not recorded."""
    if kind == "wait":
        hours = drawn.choice((1, 4, 24, 24, 48, 72, 72, 168, 336))
        for each in (patient, *others):
            each.until(each.now + timedelta(hours=hours))
        return f"{hours} h"
    command = _CHOSEN[kind](drawn, patient)
    if command is None or isinstance(command, Record) and any(fact in never for fact in command.facts):
        return "nothing"
    for each in (patient, *others):
        if isinstance(command, Give) and command.given_at is not None:
            each.until(command.given_at)
        each.do(command, LEAD)
    return command


def _fork(patient: Patient) -> Patient:
    other = copy(patient)
    other.entries = list(patient.entries)
    return other


def _fact(drawn: Random, patient: Patient) -> dict[str, Any]:
    """Return one fact of which the pathway speaks, the response more often, with a value."""
    pathway = patient.pathway
    name = drawn.choice([*spoken_facts(pathway), *pathway.derivations, "response", "response", "response"])
    return {name: _value(drawn, pathway.facts[name])}


def _value(drawn: Random, fact: Fact) -> Any:  # noqa: ANN401  (a fact's value may be anything)
    if fact.kind == "bool":
        return drawn.random() < 0.5
    if fact.kind == "enum":
        return drawn.choice(fact.values)
    if fact.kind == "set":
        return sorted(drawn.sample(fact.values, drawn.randint(0, 2)))
    if fact.kind == "date":
        return f"2026-01-{drawn.randint(1, 28):02}"
    return drawn.randint(int(fact.low or 0) + 1, int(fact.high or 0))


def _taken(drawn: Random, patient: Patient) -> Command | None:
    """Return the choice of one of the regimens proposed, by a lead who passes the gates."""
    proposed = [each["regimen"] for each in view(patient.pathway, patient.episode, patient.now)["proposals"]]
    if not proposed:
        return None
    regimen = drawn.choice(proposed)
    dose = patient.pathway.regimens[regimen].dose
    entered = {"dose": 60 if dose.unit else "1 g"} if dose is not None and dose.kind == "entered" else {}
    return Confirm((regimen,), entered, reason="a reason", override=tuple(patient.pathway.gates))


def _given(drawn: Random, patient: Patient) -> Command | None:
    running = [each for each in patient.episode.courses if each.in_force]
    planned = [(each, made[0][1]) for each in running if (made := open_slots(patient.pathway, each, patient.timezone))]
    if not planned:
        return None
    course, at = drawn.choice(planned)
    return Give(course.regimen, at)


def _completed(drawn: Random, patient: Patient) -> Command | None:
    return Complete(drawn.choice(patient.episode.tasks).name) if patient.episode.tasks else None


_CHOSEN: dict[str, Callable[[Random, Patient], Command | None]] = {
    "record": lambda drawn, patient: Record(facts=_fact(drawn, patient)),
    "take": _taken,
    "give": _given,
    "complete": _completed,
}


# what is seen of it


def _differing(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> dict[Any, Any]:
    return {each: (one.get(each), other.get(each)) for each in {*one, *other} if one.get(each) != other.get(each)}


def _lost(mistaken: Patient, patient: Patient) -> dict[str, object]:
    """Return what nobody would do or be told of; what was opened meanwhile may stay open."""
    work = {each.name for each in patient.episode.tasks} - {each.name for each in mistaken.episode.tasks}
    reminders = _reminders(patient).keys() - _reminders(mistaken).keys()
    return {name: gone for name, gone in (("work", work), ("reminders", reminders)) if gone}


def _said(patient: Patient) -> dict[str, Any]:
    """Return what is shown of a patient, and the courses with what is still to be given."""
    shown = view(patient.pathway, patient.episode, patient.now)
    courses = [
        (each.regimen, each.end, each.answer, each.start, [(dose.status, dose.at) for dose in each.recorded],
         open_slots(patient.pathway, each, patient.timezone) if each.in_force else [])
        for each in patient.episode.courses
    ]  # fmt: skip
    known = {name: each["value"] for name, each in shown["facts"].items()}
    return {name: shown[name] for name in SAID} | {"facts": known, "courses": courses}


def _reminders(patient: Patient) -> dict[tuple[str, str, int], datetime | None]:
    """Return when each reminder first fires, by what it is about; None for those that have fired and go on.

    One that what is taken back had fulfilled asks again at once.
    """
    return {
        _about(patient, each): each.due_at if each.fired_at is None else None
        for each in patient.episode.reminders
        if each.name != "decision-due" and each.fulfilled_by is None and not each.over
    }


def _about(patient: Patient, reminder: Reminder) -> tuple[str, str, int]:
    """Return a reminder's key without the entry in which what it is about began."""
    if reminder.subject.startswith("entry "):
        return reminder.name, "", 0
    return reminder.name, reminder.subject, 0 if reminder.subject in patient.pathway.tasks else reminder.n
