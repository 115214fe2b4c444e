"""Goal: over HTTP an episode says what follows from what, what to look at, and which numbers are shown over time."""

import pytest

from orchestrator.api.app import PREFIX
from tests.integration.api.conftest import Ward, enrolment


def enrol(ward: Ward, pathway: str) -> str:
    answer = ward.post("/episodes", enrolment(pathway=pathway))
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"]).removeprefix(PREFIX)


@pytest.mark.rules("L-08")
def test_a_derived_fact_says_from_what_it_follows(ward: Ward) -> None:
    episode = enrol(ward, "leukoencephalopathy")
    ward.do(episode, "record", facts={"leukoencephalopathy_type": "toxic", "symptoms": "persisting"})
    document = ward.get(episode).json()
    fact, (derivation,) = document["facts"]["response"], document["derivations"]
    assert (fact["value"], fact["derived"], fact["own"]) == ("none", True, False)
    assert fact["how"] == "derived from symptoms persisting and leukoencephalopathy type toxic (L-08)"
    assert [row["value"] for row in derivation["rows"] if row["now"]] == ["none"]
    ward.do(episode, "record", "clinician", facts={"response": "limited"})
    assert ward.get(episode).json()["facts"]["response"]["own"] is True
    story = ward.get(f"{episode}/story").json()
    told = [(row["words"], row["how"]) for row in story["facts"] if row["fact"] == "response"]
    assert told == [("none", fact["how"]), ("limited", "recorded by u-clinician, clinician, own entry")]


@pytest.mark.rules("A-14")
def test_forms_tasks_and_plots_come_over_http(ward: Ward) -> None:
    episode = enrol(ward, "autoimmune-cerebellar-ataxia")
    ward.do(episode, "record", facts={"infection_status": "excluded", "weight_kg": 70, "icars": 42})
    ward.do(episode, "confirm", "clinician", regimens=["ivig"])
    document = ward.get(episode).json()
    assert [(form["fact"], form["rules"]) for form in document["forms"]] == [("response", ["A-14"])]
    asked = {task["task"]: [fact["fact"] for fact in task["asks"]] for task in document["tasks"]}
    assert asked["icars-baseline"] == ["icars"]
    (plot,) = ward.get(f"{episode}/story").json()["plots"]
    assert [(each["value"], each["status"]) for each in plot["values"]] == [("42", "counts")]
    assert "42 on 2 Mar 2026, 08:00" in ward.get(f"{episode}/report").text
