"""Goal: what is taken back takes with it what followed from it, and nothing beside (X-20)."""

import pytest

from orchestrator.episode import events as ev
from tests.patients import Confirm, Give, Patient, Retract, pathway, severe

pytestmark = pytest.mark.rules("X-20")
PULSE, AGENT = "ivmp-pulse", "rituximab-two-dose"


def hemiplegia() -> Patient:
    """Return a patient whose pulse was given."""
    patient = Patient(pathway("autoimmune-hemiplegia"))
    patient.record(infection_status="excluded", cns_lymphoma_suspected=False, neurosarcoidosis_suspected=False)
    return patient.confirm(PULSE).give(PULSE, 3)


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
