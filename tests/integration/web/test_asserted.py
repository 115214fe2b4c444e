"""Goal: pages say of whoever merged or holds a record that nobody proved it, and of nobody else."""

import pytest

from orchestrator.service.people.looking import Who
from orchestrator.service.people.recording import Author
from tests.integration.api.test_asserted import merge
from tests.integration.web.conftest import House, shown
from tests.integration.web.test_patient import merge as merge_on_the_page

TAG = '<span class="tag">asserted</span>'


@pytest.mark.parametrize("asserted", [False, True])
def test_who_holds_a_record(each_house: House, asserted: bool) -> None:
    house = each_house
    judge, keeper = house.signed_in("auditor"), house.signed_in("administrator")
    episode = house.ward.enrol("0001").rpartition("/")[2]
    house.ward.system.sight.erasure.hold(Author(house.people["auditor"], "auditor", asserted), episode, "case 7")
    for browser, page in (
        (judge, "/holds"),
        (judge, f"/episodes/{episode}/hold"),
        (keeper, f"/episodes/{episode}/erase"),
    ):
        text = shown(browser.get(page))
        assert "case 7" in text
        assert (TAG in text) is asserted, page
    row = shown(judge.get(f"/episodes/{episode}/seen")).split("keeps it from being erased")[0].rsplit("<tr>", 1)[1]
    assert (TAG in row) is asserted


def test_who_merged_two_records(each_house: House) -> None:
    house = each_house
    first, second = house.ward.enrol("0001"), house.ward.enrol("0002")
    lead = house.signed_in("lead")
    merge(house.ward, first, "0002")
    for page in (first, second, f"{first}/merge"):
        assert f"u-lead {TAG}" in shown(lead.get(page)), page
    row = shown(lead.get(f"{first}/seen")).split("merged two records")[0].rsplit("<tr>", 1)[1]
    assert TAG in row
    report = shown(lead.get(f"{first}/report")).split("more than one record")[1].split("</ul>")[0]
    assert '<span class="note">asserted</span>' in report


def test_who_merged_them_on_the_page_is_proved(each_house: House) -> None:
    house = each_house
    first, _ = house.ward.enrol("0001"), house.ward.enrol("0002")
    lead = house.signed_in("lead")
    assert merge_on_the_page(lead, first, "0002")[0] == 303
    callout = shown(lead.get(first)).split('id="merged-title"')[1].split("</details>")[0]
    assert "Lead" in callout
    assert "asserted" not in callout
    assert TAG not in shown(lead.get(f"{first}/seen")).split("merged two records")[0].rsplit("<tr>", 1)[1]


def test_who_looked_at_a_terminal_has_no_role_and_is_said_so_in_german_too(house: House) -> None:
    episode = house.ward.enrol("0001")
    house.ward.system.sight.peek(Who("terminal-7", "", asserted=True), episode.rpartition("/")[2], "report")
    lead = house.signed_in("lead")
    lead.client.headers["Accept-Language"] = "de"
    row = shown(lead.get(f"{episode}/seen")).split("terminal-7")[1].split("</tr>")[0]
    assert '</th> <td> <span class="tag">nur angegeben</span></td>' in row, "and no head of the catalogue"
