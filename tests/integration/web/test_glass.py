"""Goal: in an emergency another ward's patient is opened, for an hour and on record; nobody does so unseen."""

import re

import pytest

from orchestrator.service.people.glass import LASTS
from orchestrator.service.people.guessing import LOCKED_AFTER
from tests.integration.web.conftest import PASSWORD, Browser, House

PROBLEM = re.compile(r'class="problem"[^>]*>([^<]*)<')
WHY = "called to a cardiac arrest in the corridor"


@pytest.fixture
def stranger(each_house: House) -> Browser:
    """A clinician of another ward."""
    each_house.add("stranger", ("S9", "clinician"))
    return each_house.browser().sign_in("stranger")


def broken(browser: Browser, number: str = "0001", password: str = PASSWORD, **typed: str) -> str:
    """Break the glass; return where it leads, or the page that says why not."""
    typed = {"system": "hospital-number", "reason": WHY, **typed}
    answer = browser.send("/glass", number=number, password=password, **typed)
    return answer.headers.get("location", answer.text)


def test_it_takes_reason_number_and_password_and_ends_by_itself(each_house: House, stranger: Browser) -> None:
    ward = each_house.ward
    episode = ward.enrol()
    page = f"{episode}/seen"
    assert stranger.get(episode).status_code == 404
    for fault, wrong in (
        (broken(stranger, password="not my password"), "not your password"),
        (broken(stranger, number="0002"), "no patient with this number"),
        (broken(stranger, system="another-number"), "no patient with this number"),
        (broken(stranger, reason=" "), "say why"),
    ):
        assert wrong in fault
        assert PASSWORD not in fault
    assert 'value="0002"' in broken(stranger, number="0002"), "what was typed is kept"
    assert broken(stranger) == episode
    person = each_house.people["stranger"]
    with ward.system.store.read() as reader:
        found = reader.glass(person, ward.system.sight.looked.patient_of(episode[10:]), ward.now)
    assert found is not None
    assert found.until == ward.now + LASTS
    assert stranger.get(page).status_code == 403, "who has seen the record is the ward's own affair"
    ward.advance(hours=1)
    assert stranger.send("/glass", f"{episode}/glass/close").status_code == 404, "the hour is over"


def test_the_wards_lead_is_told_at_once_and_it_stands_in_the_record(each_house: House, stranger: Browser) -> None:
    ward = each_house.ward
    episode = ward.enrol()
    broken(stranger)
    broken(stranger)
    notices = [each for each in ward.get("/inbox?ward=N2&role=lead").json()["notices"] if each["kind"] == "glass"]
    assert [(each["role"], each["ward"], each["episode_id"]) for each in notices] == [("lead", "N2", episode[10:])]
    lead = each_house.signed_in("lead")
    shown = lead.get(f"{episode}/seen")
    assert shown.status_code == 200
    assert "broke the glass" in shown.text
    assert "Stranger" in shown.text
    assert WHY in shown.text
    told = ward.get(f"{episode}/looks").json()
    assert told["whole"]
    opened = [each for each in told["looks"] if each["kind"] == "glass"]
    assert [(each["what"], each["name"], each["role"], each["reason"], each["glass"]) for each in opened] == [
        ("opened", "Stranger", "clinician", WHY, True)
    ]


def test_it_can_be_closed_before_its_hour(each_house: House, stranger: Browser) -> None:
    ward = each_house.ward
    episode = ward.enrol()
    broken(stranger)
    assert stranger.send("/glass", f"{episode}/glass/close").status_code == 303
    assert stranger.send("/glass", f"{episode}/glass/close").status_code == 404
    kinds = [(each["kind"], each["what"]) for each in ward.get(f"{episode}/looks").json()["looks"]]
    assert ("glass", "closed") in kinds
    ward.advance(seconds=1)
    assert broken(stranger) == episode, "another emergency opens it again"


def test_a_patient_of_an_own_ward_is_opened_without_it(house: House) -> None:
    episode = house.ward.enrol()
    nurse = house.signed_in("nurse")
    assert broken(nurse) == episode
    told = house.ward.get(f"{episode}/looks").json()["looks"]
    assert "glass" not in {each["kind"] for each in told}


def test_only_who_works_at_a_bedside_may(house: House) -> None:
    house.ward.enrol()
    for role in ("auditor", "administrator"):
        house.add(role, ("S9", role))
        assert house.browser().sign_in(role).get("/glass").status_code == 403
    service = house.ward.system
    with service.store.read() as reader:
        assert reader.chain_after("") is None, "nobody looked at anything"


def test_who_tries_numbers_is_slowed_down(house: House) -> None:
    house.add("stranger", ("S9", "nurse"))
    browser = house.browser().sign_in("stranger")
    for number in range(30):
        assert "no patient with this number" in broken(browser, number=f"9{number}")
    house.ward.enrol()
    assert "wait a minute" in broken(browser)


def test_the_patients_page_says_that_it_is_open_and_what_is_done_there_says_so(house: House) -> None:
    house.add("stranger", ("S9", "clinician"))
    browser = house.browser().sign_in("stranger")
    episode = house.ward.enrol()
    assert broken(browser) == episode
    shown = browser.get(episode)
    assert shown.status_code == 200
    assert "this patient is of another ward" in shown.text
    assert f'action="{episode}/glass/close"' in shown.text
    sent = browser.send(episode, f"{episode}/record", **{"fact.severity": "severe"})
    assert sent.status_code == 303, sent.text
    last = house.ward.get(f"{episode}/timeline").json()["entries"][-1]
    assert (last["actor"], last["role"], last["glass"]) == (house.people["stranger"], "clinician", True)
    assert f'{episode}/seen"' not in shown.text, "who has seen it is the ward's own affair"
    own = house.signed_in("nurse").get(episode).text
    assert "this patient is of another ward" not in own
    assert f'href="{episode}/seen"' not in own
    assert f'href="{episode}/seen"' in house.signed_in("lead").get(episode).text


def test_who_opens_nothing_learns_not_who_is_here(house: House) -> None:
    """Without a reason nothing is opened and nothing recorded: so nothing is told of a number either."""
    house.ward.enrol()
    house.add("stranger", ("S9", "nurse"))
    browser = house.browser().sign_in("stranger")
    told = {tuple(PROBLEM.findall(broken(browser, number, reason="."))) for number in ("0001", "9")}
    assert len(told) == 1
    assert "say why" in str(told.pop())


def test_who_was_locked_out_by_others_comes_to_the_patient_all_the_same(each_house: House) -> None:
    """Whoever knows a login can lock its account: that must keep nobody from an emergency who is signed in."""
    house = each_house
    episode = house.ward.enrol()
    house.add("stranger", ("S9", "nurse"))
    browser, another = house.browser().sign_in("stranger"), house.browser()
    for _ in range(LOCKED_AFTER):
        another.send("/sign-in", login="stranger", password="something else it is")
    assert another.send("/sign-in", login="stranger", password=PASSWORD).status_code == 401
    assert broken(browser) == episode
    for _ in range(LOCKED_AFTER):
        assert "not your password" in broken(browser, password="something else it is")
    assert browser.get("/glass").headers["location"].startswith("/sign-in"), "no more guesses: the session has ended"
    kinds = [each["kind"] for each in house.ward.system.people.records() if each["kind"] == "signed-in"]
    assert len(kinds) == 1, "to say the password again is no signing in"
