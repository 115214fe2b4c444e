"""Goal: a lead merges two records of one patient with both before his eyes, and takes it back; nobody else does."""

import re
from html import unescape

import pytest

from tests.integration.web.conftest import Browser, House

WHY = "same name, day of birth and address"


def compared(lead: Browser, episode: str, number: str) -> str:
    """Give the number of another record; return the page that shows both, or says why not."""
    return lead.send(f"{episode}/merge", f"{episode}/merge/compare", value=number, system="hospital-number").text


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page[page.index('class="sides"') :]))


def merge(lead: Browser, episode: str, number: str, **typed: str) -> tuple[int, str]:
    """Compare and merge; return the answer's status and where it leads, or its page."""
    fields = hidden(compared(lead, episode, number))
    answer = lead.send(f"{episode}/merge", f"{episode}/merge", **{**fields, "reason": WHY, **typed})
    return answer.status_code, answer.headers.get("location", answer.text)


@pytest.fixture
def two(each_house: House) -> tuple[str, str]:
    """A patient who was registered twice, each with an open episode on the same pathway."""
    return each_house.ward.enrol("0001"), each_house.ward.enrol("0002")


def test_both_are_shown_first_and_either_number_finds_both(each_house: House, two: tuple[str, str]) -> None:
    first, second = two
    lead, nurse = each_house.signed_in("lead"), each_house.signed_in("nurse")
    page = compared(lead, first, "0002")
    assert "0001" in page
    assert "0002" in page
    assert "More than one episode would be open on this pathway" in page
    status, there = merge(lead, first, "0002")
    assert (status, there) == (303, f"{first}/merge?done=merged")
    assert "Either number finds the episodes of both" in lead.get(there).text
    for number in ("0001", "0002"):
        found = nurse.send("/find", value=number, system="hospital-number").text
        assert first in found
        assert second in found
    for one, other in ((first, second), (second, first)):
        shown = nurse.get(one).text
        assert "2 records were merged" in shown
        assert "More than one episode is open on this pathway" in shown
        assert other in shown
        assert WHY in shown
    for one, told in (
        (first, "another record was merged into this patient"),
        (second, "this patient&#39;s record was merged"),
    ):
        report = unescape(nurse.get(f"{one}/report").text)
        assert unescape(told) in report
        assert WHY in report
    notices = each_house.ward.get("/inbox?ward=N2&role=lead").json()["notices"]
    assert [each["name"] for each in notices if each["kind"] == "merge"] == ["records-merged"] * 2
    assert "Two records were merged into one patient" in lead.get("/inbox?view=ward").text


def test_it_is_taken_back_and_who_acted_is_told(each_house: House, two: tuple[str, str]) -> None:
    first, second = two
    lead, nurse = each_house.signed_in("lead"), each_house.signed_in("nurse")
    merge(lead, first, "0002")
    page = lead.get(f"{first}/merge").text
    each_house.ward.advance(seconds=5)
    nurse.send(second, f"{second}/record", **{"fact.severity": "mild"})
    (replaced,) = re.findall(r'name="replaced" value="([^"]*)"', page)
    again = lead.send(f"{first}/merge", f"{first}/unmerge", replaced=replaced, reason=" ")
    assert (again.status_code, "say why" in again.text) == (422, True)
    back = lead.send(f"{first}/merge", f"{first}/unmerge", replaced=replaced, reason="two people of one name")
    assert back.status_code == 200
    assert "these people acted" in back.text
    assert "<b>Nurse</b>" in back.text
    once_more = lead.send(f"{first}/merge", f"{first}/unmerge", replaced=replaced, reason="two people of one name")
    assert once_more.status_code == 409
    for one in (first, second):
        assert "records were merged" not in nurse.get(one).text
        seen = lead.get(f"{one}/seen").text
        assert "merged two records" in seen
        assert "took a merge back" in seen
        assert "This record is whole" in seen


def test_what_was_typed_is_kept_and_what_changed_is_shown_anew(house: House) -> None:
    first, second = house.ward.enrol("0001"), house.ward.enrol("0002")
    lead = house.signed_in("lead")
    page = compared(lead, first, "9999")
    assert "no patient with this number" in page
    assert 'value="9999"' in page
    assert "both are the same record" in compared(lead, first, "0001")
    status, shown = merge(lead, first, "0002", reason="x")
    assert (status, "say why" in shown) == (422, True)
    fields = hidden(compared(lead, first, "0002"))
    house.ward.do(second, "close", "clinician", outcome="withdrawn", reason="moved away")
    late = lead.send(f"{first}/merge", f"{first}/merge", **{**fields, "reason": WHY})
    assert late.status_code == 409
    assert "compare them anew" in late.text
    assert WHY in late.text
    assert hidden(late.text)["compared"] != fields["compared"], "what comes back with it is what is shown now"


def test_another_wards_record_is_not_there(house: House) -> None:
    house.add("other", ("S9", "nurse"))
    first = house.ward.enrol("0001")
    answer = house.ward.post("/episodes", {**_wish("0002"), "ward": "S9"})
    second = answer.headers["location"].removeprefix("/api/v1")
    lead = house.signed_in("lead")
    assert "no patient with this number" in compared(lead, first, "0002")
    house.add("both", ("N2", "lead"), ("S9", "lead"))
    assert merge(house.browser().sign_in("both"), first, "0002")[0] == 303
    nurse = house.signed_in("nurse")
    shown = nurse.get(first).text
    assert second not in shown
    assert "One of them is on a ward that is not yours" in shown
    assert nurse.get(second).status_code == 404
    assert nurse.get(f"{first}/merge").status_code == 403
    sent = nurse.send("/find", value="0002", system="hospital-number")
    assert sent.headers["location"] == first, "either number finds what is on the own wards"


def _wish(number: str) -> dict[str, object]:
    return {
        "pathway": "post-viral-cerebellar-demyelination",
        "identifiers": [{"system": "hospital-number", "value": number}],
    }
