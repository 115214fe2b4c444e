"""Goal: what is taken back takes with it what followed from it, and nothing beside (X-20)."""

from datetime import timedelta

import pytest

from orchestrator.episode import events as ev
from tests.patients import T0, Confirm, Give, Patient, Retract, Stop, pathway, severe

pytestmark = pytest.mark.rules("X-20")
PULSE, AGENT = "ivmp-pulse", "rituximab-two-dose"


def hemiplegia() -> Patient:
    """Return a patient whose pulse was given."""
    patient = Patient(pathway("autoimmune-hemiplegia"))
    patient.record(infection_status="excluded", cns_lymphoma_suspected=False, neurosarcoidosis_suspected=False)
    return patient.confirm(PULSE).give(PULSE, 3)


def ataxia() -> Patient:
    """Return a patient of whom infection is excluded."""
    return Patient(pathway("autoimmune-cerebellar-ataxia")).record(infection_status="excluded", weight_kg=70)


def taken_back(patient: Patient, target: str) -> set[type[ev.Event]]:
    """Take back what was recorded last of a fact or regimen; return what kinds of event that brought."""
    patient.accepted(Retract(target, reason="another patient's"), "nurse")
    return {type(event) for event in patient.entries[-1].events}


def test_a_response_that_has_not_decided_leaves_what_an_earlier_one_decided() -> None:
    patient = hemiplegia().at(14 * 24).record(response="none").confirm(AGENT).at(20 * 24).record(response="limited")
    assert ev.DecisionTakenBack not in taken_back(patient, "response")
    assert (patient.episode.stage, patient.course(PULSE).answer) == ("second-line", "none")


def test_a_relapse_that_was_another_patients_was_none() -> None:
    patient = hemiplegia().at(100).record(response="partial").at(120).record(response="worse")
    assert (patient.episode.stage, patient.episode.round) == ("reassess", 1)
    assert ev.DecisionTakenBack in taken_back(patient, "response")
    assert (patient.episode.stage, patient.episode.round) == ("bridging", 0)


@pytest.mark.parametrize("before", [True, False])
def test_a_fact_by_which_nothing_was_decided_undoes_nothing(*, before: bool) -> None:
    patient = severe().at(1).confirm(PULSE).give(PULSE, 3)
    if before:
        patient.record(virus="ebv")
    patient.at(76).record(response="none")
    if not before:
        patient.record(virus="ebv")
    turns = patient.episode.turns
    assert ev.DecisionTakenBack not in taken_back(patient, "virus")
    assert patient.episode.turns == turns


def test_a_dose_withdraws_no_check_that_has_still_to_come() -> None:
    patient = severe().at(1).confirm(PULSE).accepted(Give(PULSE), "nurse")
    assert ev.CheckWithdrawn not in {type(event) for event in patient.entries[-1].events}
    assert ev.CheckWithdrawn not in taken_back(patient, PULSE)


def test_a_move_on_which_a_treatment_was_confirmed_stays_on_the_record() -> None:
    patient = Patient().record(severity="moderate", infection_status="excluded", weight_kg=70)
    patient.confirm("prednisone-oral").at(48).record(symptoms_progressing=True)
    assert patient.episode.stage == "reassess"
    patient.accepted(Confirm((PULSE,))).at(50)
    assert ev.DecisionTakenBack not in taken_back(patient, "symptoms_progressing")


@pytest.mark.parametrize("said_on_day", [10, 15])
def test_a_check_that_has_fallen_due_does_not_again(*, said_on_day: int) -> None:
    patient = hemiplegia().at(said_on_day * 24).record(response="none").at(16 * 24)
    assert patient.episode.stage == "second-line"
    checked = patient.episode.checked
    assert ev.CheckWithdrawn not in taken_back(patient, "response")
    assert (patient.episode.stage, patient.episode.checked) == ("reassess", checked)


@pytest.mark.rules("L-08")
def test_a_persons_own_entry_can_be_taken_back_though_the_same_follows() -> None:
    patient = Patient(pathway("leukoencephalopathy"))
    patient.record(leukoencephalopathy_type="toxic").confirm("remove-exposure").at(24)
    patient.record(response="none", symptoms="persisting")
    taken_back(patient, "response")
    current = patient.episode.current("response")
    assert current is not None
    assert (current.value, current.derived) == ("none", True)


def prednisone() -> Patient:
    """Return a patient with moderate disease on oral prednisone, which tapers itself."""
    patient = Patient().record(severity="moderate", infection_status="excluded", weight_kg=70, virus="ebv")
    return patient.confirm("prednisone-oral")


@pytest.mark.rules("P-18")
def test_a_taper_that_ended_before_moves_nothing_again() -> None:
    patient = prednisone().at(29 * 24)
    assert patient.episode.stage == "reassess"
    patient.confirm(PULSE, reason="a choice")
    taken_back(patient, "virus")
    assert patient.episode.stage == "first-line"
    taken_back(patient.record(response="partial"), "response")
    assert patient.episode.stage == "first-line"


@pytest.mark.rules("P-18")
def test_a_taper_that_was_stopped_meanwhile_has_not_ended() -> None:
    patient = prednisone().at(24).record(response="partial").at(25)
    patient.accepted(Stop("prednisone-oral", reason="he cannot bear it", override=("steroid-stop",)), "lead")
    taken_back(patient, "response")
    assert patient.episode.stage == "first-line"


@pytest.mark.rules("P-18")
def test_what_has_no_taper_ends_none() -> None:
    patient = severe(steroids_contraindicated=True).confirm("ivig").record(response="partial").give("ivig", 5)
    assert (patient.episode.stage, patient.in_force) == ("maintenance", set())
    taken_back(patient, "response")
    assert patient.episode.stage == "first-line"


@pytest.mark.rules("X-16")
def test_it_is_the_dose_of_the_latest_course_that_is_taken_back() -> None:
    patient = ataxia().confirm(PULSE).give(PULSE, 3).at(100).confirm(PULSE, reason="once more").give(PULSE, 3)
    first, _ = patient.episode.courses
    taken_back(patient, PULSE)
    (retracted,) = (event for event in patient.entries[-1].events if isinstance(event, ev.AdministrationRetracted))
    assert (retracted.course, retracted.number) == (2, 2), "courses count from 1, doses from 0"
    assert patient.episode.courses[0] == first
    assert len(patient.course(PULSE).recorded) == 2
    assert patient.in_force == {PULSE}


@pytest.mark.rules("X-16")
def test_a_taper_that_is_over_stays_so_without_its_last_step() -> None:
    patient = ataxia().confirm(PULSE).give(PULSE, 3).at(100)
    patient.confirm("steroid-taper", dose=60, taper_days=28, reason="a choice").give("steroid-taper", 4).at(33 * 24)
    assert patient.in_force == set()
    assert ev.CourseReopened not in taken_back(patient, "steroid-taper")


def test_doses_of_a_course_without_end_are_taken_back_as_far_as_they_are_kept() -> None:
    patient = ataxia().confirm("ivig-monthly", dose="30 g", reason="a choice").give("ivig-monthly", 8)
    for _ in range(5):
        taken_back(patient, "ivig-monthly")
    assert patient.refused(Retract("ivig-monthly", reason="another patient's")) == "invalid-value"
    assert patient.course("ivig-monthly").done == 3


@pytest.mark.rules("X-16")
def test_what_a_pulse_replaced_at_its_confirmation_stays_replaced() -> None:
    patient = prednisone().at(24)
    patient.confirm(PULSE, start=(T0 + timedelta(hours=100)).isoformat(), reason="a choice").at(31)
    patient.accepted(Give(PULSE), "nurse")
    taken_back(patient, PULSE)
    assert patient.in_force == {PULSE}
