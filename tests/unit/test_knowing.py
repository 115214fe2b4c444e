"""Goal: a person sees how a value is known, what a move did not wait for, and which numbers count over time."""

from decimal import Decimal
from typing import Any

import pytest

from orchestrator.episode.commands import Confirm, Give, Record, Retract
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import fact_is, not_recorded
from tests.unit.playing import CLINICIAN, NURSE, WORKFLOWS, Played

LIBRARY = load_library(WORKFLOWS)
DAY = 24


def pathway(name: str) -> Pathway:
    return LIBRARY.newest(name)


def derived_way() -> Played:
    """Worse after the pulse by what is seen, none by the clinician's word, then better by what is seen."""
    known = {"leukoencephalopathy_type": "post-infectious", "infection_status": "excluded", "weight_kg": 70}
    played = Played(pathway("leukoencephalopathy")).at(0.5, (NURSE, Record(facts=known)))
    played.at(1, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(2, (NURSE, Give(regimen="ivmp-pulse")))
    played.at(30, (NURSE, Record(facts={"symptoms": "progressing", "mri_finding": "abnormal"})))
    played.at(31, (CLINICIAN, Record(facts={"response": "none"})))
    return played.at(50, (NURSE, Record(facts={"symptoms": "improved"})))


def scored_way() -> Played:
    """A score with its digits exchanged, a reassessment, and one of another patient."""
    played = Played(pathway("autoimmune-cerebellar-ataxia"))
    played.at(0.5, (NURSE, Record(facts={"icars": 24, "infection_status": "excluded", "weight_kg": 70})))
    played.at(0.6, (NURSE, Record(facts={"icars": 42}, reason="Digits exchanged")))
    played.at(1, (CLINICIAN, Confirm(regimens=("ivig",))))
    played.at(14 * DAY + 3, (NURSE, Record(facts={"icars": Decimal("38.5")})))
    return played.at(
        20 * DAY, (NURSE, Record(facts={"icars": 12})), (NURSE, Retract(target="icars", reason="Another patient"))
    )


def rows(story: dict[str, Any], fact: str) -> list[dict[str, Any]]:
    return [row for row in story["facts"] if row["fact"] == fact]


def entry(story: dict[str, Any], words: str) -> dict[str, Any]:
    return next(each for each in story["timeline"] if each["words"] == words)


@pytest.mark.rules("L-08")
def test_a_derived_value_says_from_what_it_follows_and_a_clinicians_own_that_it_is_his() -> None:
    story = derived_way().story()
    worse, own = rows(story, "response")
    assert (worse["words"], worse["derived"], worse["own"], worse["status"]) == ("worse", True, False, "replaced")
    assert worse["how"] == "derived from symptoms progressing and leukoencephalopathy type post-infectious (L-08)"
    assert [each["fact"] for each in worse["basis"]] == ["symptoms", "leukoencephalopathy_type"]  # whatever the images
    assert (worse["origin"]["kind"], worse["origin"]["sources"][0]["key"]) == ("sourced", "002")
    assert (own["words"], own["derived"], own["own"], own["status"]) == ("none", False, True, "stands")
    assert own["how"] == "recorded by u-17, clinician, own entry"
    assert own["origin"] is None
    assert rows(story, "symptoms")[0]["how"] == "recorded by u-204, nurse"


@pytest.mark.rules("L-08")
def test_the_timeline_tells_a_derived_value_beside_what_was_recorded() -> None:
    story = derived_way().story()
    told = entry(story, "Recorded symptoms progressing and MRI abnormal")["details"][0]
    assert told == (
        "response: worse, derived from symptoms progressing and leukoencephalopathy type post-infectious (L-08)"
    )
    own = entry(story, "Recorded response none")["details"][0]
    assert own == "response: none, the clinician's own entry, not derived; takes the place of entry 11"
    assert entry(story, "Recorded symptoms improved")["details"][0] == "symptoms improved takes the place of entry 11"


def test_a_value_that_no_longer_follows_says_so() -> None:
    played = Played(pathway("leukoencephalopathy"))
    played.at(1, (NURSE, Record(facts={"leukoencephalopathy_type": "toxic", "symptoms": "persisting"})))
    story = played.at(2, (NURSE, Record(facts={"symptoms": None}))).story()
    last = rows(story, "response")[-1]
    assert (last["value"], last["derived"]) == (None, True)
    assert last["how"] == "nothing follows from leukoencephalopathy type toxic (L-08)"


def test_a_value_by_a_row_that_no_document_gives_is_marked_local() -> None:
    played = Played(pathway("leukoencephalopathy"))
    seen = {
        "leukoencephalopathy_type": "toxic",
        "symptoms": "resolved",
        "csf_finding": "abnormal",
        "mri_finding": "normal",
    }
    story = played.at(1, (NURSE, Record(facts=seen))).story()
    assert rows(story, "response")[0]["origin"]["kind"] == "local"


@pytest.mark.rules("H-07")
def test_a_move_made_whatever_is_missing_says_what_is_once() -> None:
    known = {"infection_status": "excluded", "weight_kg": 70, "severity": "mild", "antibodies": []}
    known |= dict.fromkeys(("cns_lymphoma_suspected", "neurosarcoidosis_suspected", "agitated"), False)
    played = Played(pathway("autoimmune-hemiplegia")).at(0.5, (NURSE, Record(facts=known)))
    story = played.at(1, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(29 * DAY).story()
    last = story["way"][-1]
    assert last["stage"] == "second-line"
    assert "response" in [each["fact"] for each in last["missing"]]
    assert last["although"].startswith("although 8 facts were not recorded: ")
    assert "whether a central line is difficult" in last["although"]
    told = [line for each in story["timeline"] for line in each["details"] if "although" in line]
    assert told == [f"Moved from reassess to second line (H-07), {last['although']}"]
    assert {stay["although"] for stay in story["way"][:-1]} == {""}


def test_one_missing_fact_is_told_alone() -> None:
    found = pathway("autoimmune-hemiplegia")
    assert not_recorded(found, ["response"]) == "response was not recorded"
    assert not_recorded(found, []) == ""
    assert fact_is(found, "cns_lymphoma_suspected", value=False) == "CNS lymphoma is not suspected"
    assert fact_is(found, "cns_lymphoma_suspected", value=True) == "CNS lymphoma is suspected"
    assert fact_is(found, "weight_kg", 70) == "weight 70 kg"


@pytest.mark.rules("A-14")
def test_a_plotted_number_has_its_recordings_and_which_of_them_counted() -> None:
    (plot,) = scored_way().story()["plots"]
    assert (plot["fact"], plot["label"], plot["low"], plot["high"]) == ("icars", "ICARS score", "0", "100")
    assert plot["origin"]["rules"] == ["A-14"]
    values = [(each["value"], each["status"], (each["left"] or {}).get("reason")) for each in plot["values"]]
    assert values == [
        ("24", "corrected", "Digits exchanged"),
        ("42", "counts", None),  # measured anew at the reassessment, and right in its time
        ("38.5", "counts", None),
        ("12", "retracted", "Another patient"),
    ]


def test_a_value_taken_back_to_unknown_does_not_count() -> None:
    played = Played(pathway("autoimmune-cerebellar-ataxia")).at(1, (NURSE, Record(facts={"icars": 30})))
    (plot,) = played.at(2, (NURSE, Record(facts={"icars": None}))).story()["plots"]
    assert [(each["words"], each["status"]) for each in plot["values"]] == [("30", "corrected"), ("unknown", "unknown")]


def test_nothing_is_plotted_that_was_never_recorded() -> None:
    assert Played(pathway("autoimmune-cerebellar-ataxia")).at(1).story()["plots"] == []
