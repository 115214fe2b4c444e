"""Goal: what a guard asks of an episode is answered as its words say, at the bounds too."""

from datetime import timedelta

import pytest

from orchestrator.episode.host import Host
from tests.patients import Miss, Patient, Retract, severe


def asked(patient: Patient) -> Host:
    return Host(patient.pathway, patient.episode, patient.now)


@pytest.mark.rules("P-03")
@pytest.mark.parametrize(
    ("before", "now", "raised"),
    [("mild", "mild", False), ("mild", "severe", True), ("severe", "mild", False), (None, "mild", False),
     (None, "severe", True)],
)  # fmt: skip
def test_a_grade_is_raised_when_it_is_higher_than_at_the_confirmation(
    before: str | None, now: str, raised: bool
) -> None:
    patient = Patient().record(infection_status="excluded", **({"severity": before} if before else {}))
    patient.at(1).confirm("observation", reason="a choice").at(48).record(severity=now)
    assert asked(patient).raised("severity", "observation") is raised


@pytest.mark.rules("P-03", "X-20")
def test_a_grade_of_before_the_confirmation_raises_nothing_when_it_comes_back() -> None:
    patient = severe().record(severity="mild").at(1).confirm("observation")
    patient.accepted(Retract("severity", reason="another patient's"), "nurse")
    assert not asked(patient).raised("severity", "observation")


@pytest.mark.rules("X-20")
@pytest.mark.parametrize(
    ("regimen", "severity", "hours", "fact"),
    [("ivmp-pulse", "severe", 74, {"response": "none"}), ("ivmp-pulse", "severe", 30, {"response": "partial"}),
     ("observation", "mild", 30, {"symptoms_progressing": True})],
    ids=["one", "two at once", "by no decision"],
)  # fmt: skip
def test_a_stage_that_was_reached_by_mistake_counts_as_never_reached(
    regimen: str, severity: str, hours: float, fact: dict[str, object]
) -> None:
    patient = Patient().record(severity=severity, infection_status="excluded").at(1).confirm(regimen).at(hours)
    before = patient.episode.reached
    assert patient.record(**fact).episode.reached > before
    assert patient.accepted(Retract(*fact, reason="another patient's"), "nurse").episode.reached == before


@pytest.mark.rules("X-18")
def test_a_patient_is_treated_until_the_last_dose_is_charted() -> None:
    patient = severe().at(1).confirm("ivig", reason="a choice")
    for _ in range(5):
        assert asked(patient).treated()
        patient.give("ivig")
    assert not asked(patient).treated()


@pytest.mark.rules("X-18")
def test_nobody_waits_for_the_end_of_monthly_doses() -> None:
    patient = severe().at(1).confirm("ivig-monthly", dose="1 g/kg", reason="a choice")
    assert not asked(patient).treated()


@pytest.mark.rules("X-11", "P-18")
def test_a_taper_of_which_nothing_was_given_is_none_that_is_complete() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3).at(76).record(response="partial")
    patient.confirm("steroid-taper", dose=60, taper_days=30)
    for _ in range(patient.course("steroid-taper").planned or 0):
        patient.accepted(Miss("steroid-taper"), "nurse")
    patient.at(76 + 30 * 24)
    assert "steroid-taper" not in patient.in_force
    assert not asked(patient).tapered()


@pytest.mark.rules("A-11")
@pytest.mark.parametrize(
    ("hours", "within", "counts"),
    [(25, 0, True), (24, 23, True), (24, 22, False)],
    ids=["in the same moment", "a day before", "the next one is to come"],
)
def test_a_dose_that_was_planned_and_of_which_nobody_spoke_counts_as_one_before_an_exchange(
    hours: float, within: int, *, counts: bool
) -> None:
    patient = severe().at(1).confirm("ivig", reason="a choice").at(hours).confirm("plex", reason="a choice")
    assert asked(patient).began_within("plex", "ivig", timedelta(hours=within)) is counts


@pytest.mark.rules("P-03")
def test_what_was_recorded_since_a_course_counts_from_the_latest_of_its_regimen_alone() -> None:
    patient = severe().at(1).confirm("ivig", reason="a choice").give("ivig", 5).record(severity="severe")
    patient.at(120).confirm("ivmp-pulse")
    assert asked(patient).recorded_since("severity", "ivig"), "what was confirmed meanwhile is another one"
    patient.at(121).confirm("ivig", reason="a choice")
    assert not asked(patient).recorded_since("severity", "ivig")


def test_what_was_given_counts_for_its_own_line() -> None:
    patient = severe().at(1).confirm("ivmp-pulse")
    assert asked(patient).ever_given("first-line")
    assert not asked(patient).ever_given("second-line")


@pytest.mark.rules("P-18")
def test_without_anything_to_taper_no_taper_is_complete() -> None:
    assert not asked(severe()).tapered()
