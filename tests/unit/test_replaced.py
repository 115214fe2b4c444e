"""Goal: what was ended by mistake goes on when that is taken back, and only that (X-16, X-20)."""

from datetime import timedelta

import pytest

from orchestrator.episode import events as ev
from orchestrator.episode.model import REPLACED
from tests.patients import T0, Confirm, Give, Miss, Patient, Retract, Stop, pathway

pytestmark = pytest.mark.rules("X-16", "X-20")
TAPER, PULSE = "steroid-taper", "ivmp-pulse"


def ready(*regimens: str) -> Patient:
    """Return a patient on treatments confirmed after an hour."""
    patient = Patient(pathway("autoimmune-cerebellar-ataxia"))
    patient.record(infection_status="excluded", weight_kg=70, height_cm=170).at(1)
    for regimen in regimens:
        patient.confirm(regimen, reason="a choice")
    return patient


def planned(patient: Patient, start: float, regimen: str = TAPER) -> Patient:
    """Confirm a course that is to begin so many hours after T0."""
    more = {"dose": 60, "taper_days": 30} if regimen == TAPER else {}
    return patient.confirm(regimen, start=(T0 + timedelta(hours=start)).isoformat(), reason="a choice", **more)


def given(patient: Patient, hours: float, regimen: str = TAPER) -> Patient:
    return patient.at(hours).accepted(Give(regimen), "nurse")


def taken_back(patient: Patient, regimen: str = TAPER) -> set[str]:
    """Take back the last dose; return what is in force then."""
    return patient.accepted(Retract(regimen, reason="another patient's"), "nurse").in_force


def test_a_dose_of_another_patients_before_the_taper_begins_lets_what_it_ended_go_on() -> None:
    patient = given(planned(ready(PULSE), 100), 31)
    assert patient.in_force == {TAPER}
    assert taken_back(patient) == {TAPER, PULSE}
    assert patient.at(100).in_force == {TAPER}


def test_a_taper_whose_day_has_come_has_replaced_it_all_the_same() -> None:
    patient = given(planned(ready(PULSE), 30), 31)
    assert taken_back(patient) == {TAPER}
    assert ev.CourseReopened not in {type(event) for event in patient.entries[-1].events}
    missed = planned(ready(PULSE), 30).at(31).accepted(Miss(TAPER), "nurse")
    assert taken_back(given(missed, 32)) == {TAPER}, "its next step is to come, and it has begun"


def test_of_a_taper_that_was_stopped_before_its_day_it_counts_that_it_never_began() -> None:
    patient = (
        given(planned(ready(PULSE), 100), 31)
        .at(32)
        .accepted(Stop(TAPER, reason="he cannot bear it", override=("steroid-stop",)), "lead")
    )
    assert patient.in_force == set()
    assert taken_back(patient.at(120)) == {PULSE}


def test_a_taper_goes_on_when_the_first_dose_of_a_later_pulse_was_another_patients() -> None:
    patient = given(planned(planned(ready(), 2), 100, PULSE), 31, PULSE)
    assert (patient.in_force, patient.course(TAPER).end) == ({PULSE}, REPLACED)
    assert taken_back(patient, PULSE) == {TAPER, PULSE}
    assert patient.at(100).in_force == {PULSE}


def test_what_ended_otherwise_stays_ended() -> None:
    stopped = planned(ready(PULSE), 100).at(20).accepted(Stop(PULSE, reason="he cannot bear it"), "lead")
    assert taken_back(given(stopped, 31)) == {TAPER}
    before = (
        planned(ready(PULSE), 30)
        .at(32)
        .accepted(Stop(TAPER, reason="he cannot bear it", override=("steroid-stop",)), "lead")
    )
    assert taken_back(given(planned(before, 100), 40)) == {TAPER}, "an earlier taper replaced it"
    beside = planned(planned(ready(PULSE), 100, "rituximab-weekly"), 30)
    assert taken_back(given(beside, 32, "rituximab-weekly"), "rituximab-weekly") == {TAPER, "rituximab-weekly"}
    assert ev.CourseReopened not in {type(event) for event in beside.entries[-1].events}


def test_what_was_begun_anew_since_is_not_there_twice() -> None:
    patient = given(planned(ready("prednisone-oral"), 100), 31)
    patient.accepted(Confirm(("prednisone-oral",), reason="a choice"))
    taken_back(patient)
    assert [each.regimen for each in patient.episode.courses if each.in_force].count("prednisone-oral") == 1


@pytest.mark.rules("P-03")
def test_an_observation_that_ended_with_another_patients_recovery_goes_on() -> None:
    patient = Patient().record(severity="mild", infection_status="excluded").at(1).confirm("observation").at(30)
    patient.record(response="complete")
    assert (patient.episode.stage, patient.in_force) == ("maintenance", set())
    assert taken_back(patient, "response") == {"observation"}
    assert patient.episode.stage == "first-line"


def test_what_a_taper_replaced_long_ago_unrecorded_goes_on_with_its_doses() -> None:
    patient = given(planned(ready(PULSE, "rituximab-weekly"), 100), 31).at(32)
    patient.accepted(Stop(TAPER, reason="he cannot bear it", override=("steroid-stop",)), "lead")
    before = patient.course(PULSE)
    patient.at(40 * 24).accepted(Stop("rituximab-weekly", reason="his wish"), "lead")
    assert taken_back(patient) == {PULSE}
    assert patient.course(PULSE) == before._replace(ended_at=None, end=None)
