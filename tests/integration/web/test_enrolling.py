"""Goal: a patient is enrolled once, on a ward of one's own, and found without a number in any address."""

from orchestrator.api.app import PREFIX
from tests.integration.api.conftest import PATHWAY
from tests.integration.web.conftest import House
from tests.integration.web.filling import form, send
from tests.integration.web.test_episode import words


def test_a_patient_is_enrolled_once(each_house: House) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    blank = form(nurse.get("/enrol").text, "enrol")
    typed: dict[str, str | list[str]] = {
        "system": ["hospital-number", ""],
        "value": ["0000042", ""],
        "pathway": PATHWAY,
        "ward": "N2",
    }
    wrong = send(nurse, blank, typed={**typed, "pathway": ""})
    assert wrong.status_code == 422
    kept = form(wrong.text, "enrol")
    assert ("value", "0000042") in kept.fields, "what was typed is kept"
    made = send(nurse, kept, pathway=PATHWAY, ward="N2")
    assert made.status_code == 303, words(made.text)
    page = made.headers["location"].partition("?")[0]
    shown = nurse.get(made.headers["location"]).text
    assert "0000042" in shown
    assert "Enrolled on Post-viral cerebellar demyelination" in words(shown)
    twice = send(nurse, form(nurse.get("/enrol").text, "enrol"), typed=typed)
    assert twice.status_code == 409
    assert f'href="{page}"' in twice.text
    other = each_house.signed_in("other", ("S9", "nurse"))
    unseen = send(other, form(other.get("/enrol").text, "enrol"), typed={**typed, "ward": "S9"})
    assert unseen.status_code == 409
    assert page not in unseen.text, "another ward's patient has no link"
    strange = send(nurse, form(nurse.get("/enrol").text, "enrol"), typed={**typed, "ward": "S9"})
    assert strange.status_code == 403
    assert "you have no post on this ward" in strange.text


def test_a_patient_is_found_by_a_number_on_ones_own_wards(house: House) -> None:
    page = house.ward.enrol("0000042")
    nurse, other = house.signed_in("nurse"), house.signed_in("other", ("S9", "nurse"))
    blank = form(nurse.get("/find").text, "find")
    assert send(nurse, blank, value="0000042").headers["location"] == page
    none = send(nurse, blank, value="0000043")
    assert "On your wards there is no patient with this number" in none.text
    strange = send(other, form(other.get("/find").text, "find"), value="0000042")
    assert "On your wards there is no patient with this number" in strange.text
    elsewhere = house.ward.post("/episodes", {
        "pathway": "autoimmune-cerebellar-ataxia", "ward": "N2", "timezone": "Europe/London",
        "identifiers": [{"system": "hospital-number", "value": "0000042"}],
    })  # fmt: skip
    both = send(nurse, blank, value="0000042")
    assert both.status_code == 200
    for address in (page, elsewhere.headers["location"].removeprefix(PREFIX)):
        assert f'href="{address}"' in both.text


def test_where_only_released_versions_are_used_the_page_says_so(house: House) -> None:
    house.ward.system.enrolments.released_only = True
    nurse = house.signed_in("nurse")
    assert "No pathway is released yet" in nurse.get("/enrol").text
