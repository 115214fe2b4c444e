"""Goal: a climb ends by an answer or with what it belongs to, and by nothing else; no ladder begins with silence."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.episode import document
from orchestrator.episode.commands import Confirm, Record, Retract
from orchestrator.episode.events import ReminderTold
from orchestrator.episode.view import view
from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import load_library
from tests.patients import WORKFLOWS, Patient, severe


def told(patient: Patient, name: str) -> list[str]:
    """Return the roles told by reminders of this name, in order."""
    events = (event for entry in patient.entries for event in entry.events)
    return [event.role for event in events if isinstance(event, ReminderTold) and event.name == name]


def tapered() -> Patient:
    """Return a patient whose taper has just ended; nobody has answered its reminder."""
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3)
    patient.at(76).record(response="partial")
    patient.accepted(Confirm(("steroid-taper",), {"taper_days": 28, "dose": 60}))
    return patient.at(76 + 28 * 24)


@pytest.mark.rules("X-10", "X-20")
def test_taking_back_another_fact_does_not_end_a_climb() -> None:
    patient = tapered().record(icars=30)
    assert told(patient, "taper-complete") == ["clinician"]
    patient.accepted(Retract("icars", reason="another patient's score"))
    patient.at(76 + 28 * 24 + 9)
    assert told(patient, "taper-complete") == ["clinician", "lead", "on-call"]


@pytest.mark.rules("X-20")
def test_taking_back_what_armed_a_reminder_ends_its_climb() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(20)
    patient.accepted(Record(facts={"response": "worse"}))
    assert told(patient, "early-worsening") == ["clinician"]
    patient.accepted(Retract("response", reason="another patient"))
    patient.at(30)
    assert told(patient, "early-worsening") == ["clinician"]


@pytest.mark.rules("P-09", "X-20")
def test_taking_back_what_came_anew_leaves_the_climb_for_what_came_before() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(20).record(response="worse")
    patient.at(20.2).record(response="none").at(20.4).record(response="worse")
    assert told(patient, "early-worsening") == ["clinician", "clinician"]
    patient.accepted(Retract("response", reason="another patient"))
    patient.at(30)
    assert told(patient, "early-worsening") == ["clinician", "clinician", "lead", "on-call"]


def test_a_ladder_that_begins_with_silence_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    shutil.copytree(WORKFLOWS, folder, ignore=shutil.ignore_patterns("scenarios"))
    terms = folder / "shared" / "terms.yaml"
    text = terms.read_text()
    terms.write_text(text.replace("{rungs: [{role: clinician, after: 0h}", "{rungs: [{role: clinician, after: 1h}", 1))
    assert terms.read_text() != text
    with pytest.raises(PathwayError, match="first rung of ladder 'standard' must be told at once"):
        load_library(folder)


def climbing(*unheld: str) -> list[tuple[str, int, float, tuple[str, ...]]]:
    """Return what the reminder of a taper's end tells whom, at which rung, hours after it fired, over whose heads."""
    patient = tapered()
    patient.unheld = frozenset(unheld)
    ended = patient.now
    patient.at(76 + 28 * 24 + 9)
    events = (event for entry in patient.entries for event in entry.events)
    return [
        (event.role, event.rung, (event.told_at - ended) / timedelta(hours=1), event.skipped)
        for event in events
        if isinstance(event, ReminderTold) and event.name == "taper-complete"
    ]


def test_a_ladder_tells_each_rung_that_somebody_holds_in_its_time() -> None:
    assert climbing() == [("clinician", 0, 0.0, ()), ("lead", 1, 4.0, ()), ("on-call", 2, 8.0, ())]


def test_a_rung_that_nobody_holds_is_skipped_and_the_next_is_told_in_its_place() -> None:
    assert climbing("lead") == [("clinician", 0, 0.0, ()), ("on-call", 2, 4.0, ("lead",))]


def test_a_first_rung_that_nobody_holds_is_skipped_at_once() -> None:
    patient = Patient(unheld=frozenset({"clinician"}))
    first = [event for event in patient.entries[0].events if isinstance(event, ReminderTold)]
    assert first
    assert {(event.role, event.rung, event.skipped) for event in first} == {("lead", 1, ("clinician",))}


def test_where_nobody_holds_any_rung_each_is_told_in_its_time() -> None:
    assert climbing("clinician", "lead", "on-call")[1:] == [("lead", 1, 4.0, ()), ("on-call", 2, 8.0, ())]


def test_what_was_skipped_is_said_and_forgotten_at_the_next_firing() -> None:
    patient = Patient(unheld=frozenset({"lead"})).at(9)
    assert shown(patient, "neurology-consult-due") == (["clinician", "on-call"], ["lead"])
    assert document.load(document.dump(patient.episode)) == patient.episode
    patient.unheld = frozenset()
    assert shown(patient.at(26), "neurology-consult-due") == (["clinician", "lead"], [])


def shown(patient: Patient, name: str) -> tuple[list[str], list[str]]:
    """Return whom an open reminder told, and whom it passed over, as faces show it."""
    (row,) = [
        row for row in view(patient.pathway, patient.episode, patient.now)["reminders"] if row["reminder"] == name
    ]
    return row["told"], row["skipped"]
