"""Goal: when each administration is planned, and how much it is, follows from what was confirmed and really given."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.episode.courses import c0, open_slots, slots
from orchestrator.episode.view import upcoming
from tests.patients import T0, Complete, Confirm, Decline, Give, Miss, Patient, Retract, Stop, pathway, severe

HOUR = timedelta(hours=1)
EXACT = Decimal("0.0000000001")


def plan(patient: Patient, regimen: str) -> list[float]:
    """Return when each administration of the latest course was given or is planned, in hours since T0."""
    course = patient.course(regimen)
    made = slots(patient.pathway, course, patient.timezone, patient.episode.values())
    return [(slot.at - patient.start) / HOUR for slot in made]


def amounts(patient: Patient, regimen: str) -> list[Decimal]:
    course = patient.course(regimen)
    made = slots(patient.pathway, course, patient.timezone, patient.episode.values())
    return [Decimal(slot.dosage.text) for slot in made if slot.dosage is not None]


def due(patient: Patient, reminder: str) -> float:
    return (upcoming(patient.pathway, patient.episode)[reminder] - patient.start) / HOUR


def begun(patient: Patient, regimen: str) -> float:
    return (c0(patient.pathway, patient.course(regimen), patient.timezone) - patient.start) / HOUR


# planning


@pytest.mark.parametrize(
    ("regimen", "parameters", "days"),
    [
        ("ivmp-pulse", {}, [0, 1, 2]),
        ("ivmp-pulse", {"days": 5}, [0, 1, 2, 3, 4]),
        ("ivig", {}, [0, 1, 2, 3, 4]),
        ("plex", {}, [0, 2, 4, 6, 8]),
        ("plex", {"sessions": 7}, [0, 2, 4, 6, 8, 10, 12]),
        ("rituximab-weekly", {}, [0, 7, 14, 21]),
        ("rituximab-two-dose", {}, [0, 14]),
        ("prednisone-oral", {}, [0, 7, 14, 21]),
        ("steroid-taper", {"dose": 60}, [0, 7, 14, 21, 28, 35]),
        ("steroid-taper", {"dose": 60, "taper_days": 29}, [0, 7, 14, 21, 28]),
        ("steroid-taper", {"steps": [{"days": 10, "dose": 60}, {"days": 20, "dose": 5}]}, [0, 10]),
    ],
)
@pytest.mark.rules("X-09", "X-14")
def test_administrations_are_laid_out_from_the_confirmation(
    regimen: str, parameters: dict[str, Any], days: list[int]
) -> None:
    patient = (
        severe(height_cm=170)
        .accepted(Complete("neurology-consult"))
        .at(1)
        .confirm(regimen, reason="a choice", **parameters)
    )
    assert plan(patient, regimen) == [1 + 24 * day for day in days]


@pytest.mark.rules("X-09")
def test_a_start_of_one_s_own_choice() -> None:
    patient = severe().at(1).confirm("ivmp-pulse", start=(T0 + 30 * HOUR).isoformat())
    assert plan(patient, "ivmp-pulse") == [30, 54, 78]
    assert due(patient, "day-3-response") == 102


@pytest.mark.rules("X-09")
def test_a_monthly_course_has_no_end_and_keeps_the_day() -> None:
    patient = Patient(start=datetime.fromisoformat("2026-01-31T08:00+00:00"))
    patient.record(infection_status="excluded").confirm("ivig-monthly", dose="30 g", reason="a choice")
    patient.accepted(Give("ivig-monthly"), "nurse")
    course = patient.course("ivig-monthly")
    days = [slot.at.date().isoformat() for slot in slots(pathway(), course, "UTC", {})]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert patient.in_force == {"ivig-monthly"}


# re-laying from what was really given


@pytest.mark.rules("X-09")
def test_a_delayed_dose_moves_those_after_it() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(5).accepted(Give("ivmp-pulse"), "nurse")
    assert plan(patient, "ivmp-pulse") == [5, 29, 53]
    assert begun(patient, "ivmp-pulse") == 5
    assert due(patient, "day-3-response") == 77


@pytest.mark.rules("X-09")
def test_a_dose_charted_afterwards_counts_from_when_it_was_given() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(20)
    patient.accepted(Give("ivmp-pulse", T0 + 2 * HOUR), "nurse")
    assert plan(patient, "ivmp-pulse") == [2, 26, 50]


@pytest.mark.rules("X-09")
def test_a_dose_may_have_been_given_before_it_was_confirmed() -> None:
    patient = severe().at(30).confirm("ivmp-pulse")
    patient.accepted(Give("ivmp-pulse", T0 - 4 * HOUR), "nurse")
    assert plan(patient, "ivmp-pulse") == [-4, 20, 44]
    assert due(patient, "day-3-response") == 68


@pytest.mark.rules("X-09")
def test_an_episode_may_be_enrolled_in_the_middle_of_a_course() -> None:
    given = [(T0 - 20 * HOUR).isoformat(), (T0 + 4 * HOUR).isoformat()]
    patient = severe().at(5).confirm("ivmp-pulse", given=given)
    assert plan(patient, "ivmp-pulse") == [-20, 4, 28]
    assert due(patient, "day-3-response") == 52


@pytest.mark.rules("X-09")
def test_a_missed_dose_uses_up_its_place_and_moves_none() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse").at(25).accepted(Miss("ivmp-pulse"), "nurse")
    assert plan(patient, "ivmp-pulse") == [1, 25, 49]
    assert len(open_slots(pathway(), patient.course("ivmp-pulse"), "UTC")) == 1


@pytest.mark.rules("X-09")
def test_no_second_dose_is_charted_at_the_moment_of_the_first() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse").at(2)
    assert patient.refused(Give("ivmp-pulse", T0 + HOUR), "nurse") == "invalid-value"
    assert len(patient.course("ivmp-pulse").recorded) == 1


@pytest.mark.rules("X-09")
def test_the_first_one_declined_is_no_beginning() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").accepted(Decline("ivmp-pulse"), "nurse")
    patient.at(26).accepted(Give("ivmp-pulse"), "nurse")
    assert begun(patient, "ivmp-pulse") == 26
    assert due(patient, "day-3-response") == 98


@pytest.mark.rules("X-11")
def test_a_course_nothing_of_which_was_given_does_not_count() -> None:
    patient = severe().at(1).confirm("ivig", reason="a choice")
    for _ in range(5):
        patient.accepted(Decline("ivig"), "nurse")
    course = patient.course("ivig")
    assert (course.in_force, course.counts) == (False, False)
    patient.accepted(Retract("ivig", reason="asked the wrong patient"), "nurse")
    assert (patient.course("ivig").in_force, patient.course("ivig").counts) == (True, True)


@pytest.mark.rules("X-11", "X-20")
def test_a_stopped_course_counts_by_silence_but_not_when_what_was_recorded_is_taken_back() -> None:
    silent = severe().at(1).confirm("ivig", reason="a choice").accepted(Stop("ivig"))
    assert silent.course("ivig").counts
    patient = severe().at(1).confirm("ivig", reason="a choice").give("ivig")
    patient.accepted(Retract("ivig", reason="wrong patient"), "nurse")
    assert patient.course("ivig").counts
    patient.accepted(Stop("ivig"))
    assert not patient.course("ivig").counts


@pytest.mark.rules("X-16", "X-20")
def test_a_course_ends_with_its_last_administration_and_comes_back_with_its_retraction() -> None:
    patient = severe(steroids_contraindicated=True).at(1).confirm("ivig").give("ivig", 4)
    assert patient.in_force == {"ivig"}
    patient.give("ivig")
    assert patient.in_force == set()
    patient.accepted(Retract("ivig", reason="wrong patient"), "nurse")
    assert patient.in_force == {"ivig"}


@pytest.mark.rules("X-16")
def test_silence_ends_nothing() -> None:
    patient = severe(steroids_contraindicated=True).at(1).confirm("ivig").at(5000)
    assert patient.in_force == {"ivig"}


# tapers


@pytest.mark.rules("X-14", "X-16", "P-18")
def test_a_taper_ends_on_its_last_day_given_or_not() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3).at(76).record(response="partial")
    patient.confirm("steroid-taper", dose=60, taper_days=30)
    end = 76 + 30 * 24
    assert due(patient, "taper-complete") == end
    assert patient.at(end - 1).in_force == {"steroid-taper"}
    patient.at(end)
    assert patient.in_force == set()
    assert patient.episode.stage == "maintenance"


@pytest.mark.rules("X-14")
def test_a_taper_begins_after_the_last_planned_dose_of_what_it_follows() -> None:
    patient = severe().at(1).confirm("ivmp-pulse", days=5).at(30).record(response="partial")
    patient.confirm("steroid-taper", dose=40)
    assert plan(patient, "steroid-taper")[0] > plan(patient, "ivmp-pulse")[-1]
    assert patient.in_force == {"ivmp-pulse", "steroid-taper"}


@pytest.mark.rules("X-09", "X-14")
@pytest.mark.parametrize("command", [Miss, Decline])
def test_a_dose_that_was_not_given_puts_off_nothing_that_follows(command: type[Miss | Decline]) -> None:
    patient = severe().at(1).confirm("ivmp-pulse", days=5).at(30).record(response="partial")
    before = plan(patient.confirm("steroid-taper", dose=40), "steroid-taper")
    patient.at(60).accepted(command("ivmp-pulse"), "nurse")
    assert plan(patient, "steroid-taper") == before


@pytest.mark.rules("X-14")
def test_the_steps_of_a_taper_are_exact_parts_of_its_dose() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3).at(76).record(response="partial")
    patient.confirm("steroid-taper", dose=Decimal("62.5"), taper_days=29)
    assert amounts(patient, "steroid-taper") == [Decimal(text) for text in ("62.5", "50", "37.5", "25", "12.5")]


@pytest.mark.rules("X-14")
def test_steps_of_one_s_own_are_taken_as_they_are() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3).at(76).record(response="partial")
    patient.confirm("steroid-taper", steps=[{"days": 28, "dose": Decimal("12.5")}, {"days": 7, "dose": 0}])
    assert amounts(patient, "steroid-taper") == [Decimal("12.5"), Decimal(0)]


@pytest.mark.parametrize(
    "steps",
    [
        [(21, Decimal("12.5")), (7, 0)],
        [(21, Decimal("12.5")), (7, Decimal("0.0"))],
        [(28, 0)],
        [(1, 60), (90, 0)],
        [(14, 20), (14, 0), (14, 0)],
    ],
)
@pytest.mark.rules("X-14", "P-10")
def test_steps_of_nothing_at_its_end_lengthen_no_taper(steps: list[tuple[int, Any]]) -> None:
    patient = severe().at(1).confirm("ivmp-pulse").give("ivmp-pulse", 3).at(76).record(response="partial")
    taper = Confirm(("steroid-taper",), {"steps": [{"days": days, "dose": dose} for days, dose in steps]})
    assert patient.refused(taper) == "taper-minimum"


# doses


@pytest.mark.parametrize(
    ("regimen", "facts", "amount", "unit"),
    [
        ("ivmp-pulse", {}, "1", "g"),
        ("ivig", {"weight_kg": Decimal("61.5")}, "24.6", "g"),
        ("ivig", {"weight_kg": Decimal("0.5")}, "0.2", "g"),
        ("prednisone-oral", {"weight_kg": Decimal("70.1")}, "70.1", "mg"),
        ("rituximab-weekly", {"weight_kg": 80, "height_cm": 180}, "750", "mg"),
        ("rituximab-two-dose", {}, "1000", "mg"),
    ],
)
@pytest.mark.rules("X-02")
def test_a_dose_is_its_formula_of_the_recorded_measures(
    regimen: str, facts: dict[str, Any], amount: str, unit: str
) -> None:
    patient = Patient().record(infection_status="excluded", **facts).accepted(Complete("neurology-consult"))
    patient.confirm(regimen, reason="a choice")
    first = slots(pathway(), patient.course(regimen), "UTC", patient.episode.values())[0].dosage
    assert first is not None
    assert (first.text, first.unit) == (amount, unit)
    assert set(first.inputs) == set(facts)


@pytest.mark.rules("X-02")
def test_a_dose_is_not_rounded() -> None:
    patient = (
        Patient()
        .record(infection_status="excluded", weight_kg=70, height_cm=170)
        .accepted(Complete("neurology-consult"))
    )
    patient.confirm("rituximab-weekly", reason="a choice")
    exact = Decimal(375) * (Decimal(170) * Decimal(70) / Decimal(3600)).sqrt()
    assert abs(amounts(patient, "rituximab-weekly")[0] - exact) < EXACT


@pytest.mark.rules("X-02", "X-13")
def test_a_corrected_weight_changes_what_is_planned_and_not_what_was_given() -> None:
    patient = severe(steroids_contraindicated=True).at(1).confirm("ivig").give("ivig").record(weight_kg=50)
    assert amounts(patient, "ivig") == [Decimal(28), *[Decimal(20)] * 4]


@pytest.mark.rules("X-02")
def test_no_dose_is_made_up() -> None:
    patient = Patient().record(infection_status="excluded", severity="severe", steroids_contraindicated=True)
    assert patient.refused(Confirm(("ivig",))) == "missing-input"
    patient.record(weight_kg=70).confirm("ivig").record(weight_kg=None)
    assert patient.refused(Give("ivig"), "nurse") == "missing-input"
    assert amounts(patient, "ivig") == []
