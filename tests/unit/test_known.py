"""Goal: whoever looks at an episode sees what follows from what, whose entry stands, and what to look at first."""

from typing import Any

import pytest

from orchestrator.episode.commands import Close, Retract
from orchestrator.episode.view import view
from tests.patients import Patient
from tests.patients import pathway as named

Json = dict[str, Any]
TYPE = {"leukoencephalopathy_type": "post-infectious", "infection_status": "excluded", "weight_kg": 70}


def leuko() -> Patient:
    return Patient(named("leukoencephalopathy")).record(**TYPE)


def ataxia() -> Patient:
    return Patient(named("autoimmune-cerebellar-ataxia")).record(infection_status="excluded", weight_kg=70)


def seen(patient: Patient) -> Json:
    return view(patient.pathway, patient.episode, patient.now)


def rows(document: Json) -> list[tuple[str, bool | None, bool]]:
    (derivation,) = document["derivations"]
    return [(row["value"], row["holds"], row["now"]) for row in derivation["rows"]]


@pytest.mark.rules("L-08")
def test_a_derived_fact_says_from_what_it_follows_and_which_row_rules() -> None:
    document = seen(leuko().record(symptoms="resolved", csf_finding="normal", mri_finding="abnormal"))
    fact = document["facts"]["response"]
    assert (fact["value"], fact["derived"], fact["own"]) == ("partial", True, False)
    assert fact["how"] == (
        "derived from symptoms resolved, CSF normal, MRI abnormal and leukoencephalopathy type post-infectious (L-08)"
    )
    assert rows(document) == [
        ("worse", False, False),
        ("none", False, False),
        ("partial", False, False),
        ("complete", False, False),
        ("partial", True, True),
        ("partial", False, False),
    ]


@pytest.mark.rules("L-08")
def test_a_persons_own_entry_is_marked_and_the_rows_say_what_they_would_give() -> None:
    document = seen(leuko().record(symptoms="improved", response="none"))
    fact = document["facts"]["response"]
    assert (fact["value"], fact["derived"], fact["own"], fact["how"]) == ("none", False, True, "own entry, not derived")
    (derivation,) = document["derivations"]
    assert (derivation["value"], derivation["own"], derivation["derived"]) == ("none", True, False)
    assert [(value, now) for value, holds, now in rows(document) if holds] == [("partial", False)]


def test_a_row_is_unknown_while_facts_are_missing() -> None:
    document = seen(leuko().record(symptoms="resolved", csf_finding="normal"))
    assert "response" not in document["facts"]
    assert [holds for _, holds, _ in rows(document)] == [False, False, False, None, None, False]


@pytest.mark.rules("L-08")
def test_what_is_older_than_the_treatment_has_to_be_recorded_anew() -> None:
    patient = leuko().record(symptoms="improved")
    assert seen(patient)["derivations"][0]["awaits_new"] is None
    document = seen(patient.confirm("ivmp-pulse"))
    assert document["derivations"][0]["awaits_new"] == "symptoms"
    assert [(value, now) for value, holds, now in rows(document) if holds] == [("partial", False)]
    assert seen(patient.record(symptoms="persisting"))["derivations"][0]["awaits_new"] is None


@pytest.mark.rules("L-08", "X-20")
def test_a_value_that_has_decided_goes_with_its_reason() -> None:
    patient = leuko().confirm("ivmp-pulse").at(5 * 24).record(mri_finding="normal").record(csf_finding="normal")
    patient.record(symptoms="resolved")
    fact = seen(patient)["facts"]["response"]
    assert (fact["value"], fact["spent"]) == ("complete", True)
    patient.accepted(Retract("mri_finding", reason="another patient's"))
    assert "response" not in seen(patient)["facts"]
    assert patient.episode.stage == "reassess"


def test_a_recorded_fact_that_nothing_derives_has_no_such_words() -> None:
    fact = seen(leuko())["facts"]["weight_kg"]
    assert (fact["derived"], fact["own"], fact["how"]) == (False, False, None)


@pytest.mark.rules("A-14")
def test_a_form_shows_while_its_fact_is_missing() -> None:
    patient = ataxia()
    assert seen(patient)["forms"] == []  # nothing was given to which he could respond
    (form,) = seen(patient.confirm("ivig"))["forms"]
    assert form["fact"] == "response"
    assert form["items"] == ["Gait stability and walking unassisted", "Dysarthria", "Limb ataxia", "Nystagmus"]
    assert form["optional"] == ["SPECT: cerebellar perfusion"]
    assert (form["rules"], form["sources"]) == (["A-14"], ["001"])
    assert seen(patient.record(response="partial"))["forms"] == []


@pytest.mark.rules("A-14")
def test_a_task_says_what_it_asks_for_and_whether_it_was_recorded_since() -> None:
    patient = ataxia().record(icars=42).confirm("ivig")
    asked = {each["task"]: each["asks"] for each in seen(patient.at(14 * 24 + 1))["tasks"]}
    assert asked["icars-baseline"] == [{"fact": "icars", "label": "ICARS score", "recorded": True}]
    assert asked["icars-reassessment"] == [{"fact": "icars", "label": "ICARS score", "recorded": False}]
    again = {each["task"]: each["asks"] for each in seen(patient.record(icars=38))["tasks"]}
    assert again["icars-reassessment"][0]["recorded"] is True
    assert asked["mri-brain"] == []


@pytest.mark.rules("L-11", "L-12")
def test_a_repeated_task_says_its_rhythm() -> None:
    rhythms = {each["task"]: each["every"] for each in seen(leuko())["tasks"]}
    assert (rhythms["blood-pressure-control"], rhythms["serial-mri"]) == ("24 hours", "84 days")


def test_a_closed_episode_asks_for_nothing() -> None:
    document = seen(leuko().accepted(Close("transferred")))
    assert (document["closed"], document["derivations"], document["forms"]) == (True, [], [])
