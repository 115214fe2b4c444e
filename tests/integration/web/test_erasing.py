"""Goal: a record is erased on purpose alone: told what goes, with a reason and the own password; a hold keeps it."""

from html import unescape

import pytest
from httpx2 import Response

from orchestrator.service.people.guessing import LOCKED_AFTER
from orchestrator.service.people.recording import Author
from tests.integration.web.conftest import PASSWORD, Browser, House

WHY = "request 2026-117"


def shown(answer: Response) -> str:
    return unescape(answer.text)


@pytest.fixture
def closed(house: House) -> str:
    """The id of an episode that is closed."""
    episode = house.ward.enrol("no-0001")
    house.ward.do(episode, "close", "clinician", outcome="withdrawn", reason="moved away")
    return episode.rpartition("/")[2]


def auditor(house: House) -> Browser:
    return house.signed_in("auditor")


def administrator(house: House) -> Browser:
    return house.signed_in("administrator")


def erase(browser: Browser, episode_id: str, **typed: str) -> str:
    page = f"/episodes/{episode_id}/erase"
    answer = browser.send(page, **{"reason": WHY, "password": PASSWORD, **typed})
    return shown(browser.get(page)) if answer.status_code == 303 else shown(answer)


def test_the_page_says_what_goes_and_what_stays_and_shows_no_patient(house: House, closed: str) -> None:
    browser = administrator(house)
    led = browser.send("/erase", what="no-0001")
    assert led.headers["location"] == f"/episodes/{closed}/erase"
    text = shown(browser.get(led.headers["location"]))
    assert "the content of 1 episode." in text
    assert "Copies of the store that were made before" in text
    assert "no-0001" not in text


def test_it_is_erased_with_a_reason_and_the_own_password(house: House, closed: str) -> None:
    browser = administrator(house)
    text = erase(browser, closed, password="a wrong one, too")  # noqa: S106  one that does not fit
    assert "this is not your password" in text
    assert WHY in text, "what was typed is kept, but for the password"
    assert "a wrong one, too" not in text
    assert "say why in 3 to 500 characters" in erase(browser, closed, reason="x")
    assert house.ward.get(f"/episodes/{closed}").status_code == 200
    assert "This record is erased" in erase(browser, closed)
    assert house.ward.get(f"/episodes/{closed}").status_code == 410
    sight = house.ward.system.sight
    (made,) = [each for each in sight.looks(sight.looked.patient_of(closed)) if each["kind"] == "erased"]
    assert (made["kind"], made["what"], made["by"]) == ("erased", WHY, house.people["administrator"])
    again = browser.client.get(f"/episodes/{closed}/erase").text
    assert "<textarea" not in again, "there is nothing left to erase"


def test_passwords_are_not_guessed_there(house: House, closed: str) -> None:
    browser = administrator(house)
    for _ in range(LOCKED_AFTER):
        assert "this is not your password" in erase(browser, closed, password="a wrong one, too")  # noqa: S106
    erase(browser, closed, password="a wrong one, too")  # noqa: S106  of an account that is locked by now
    led = browser.send(f"/episodes/{closed}/erase", reason=WHY, password=PASSWORD)
    assert led.headers["location"].startswith("/sign-in")
    assert house.ward.get(f"/episodes/{closed}").status_code == 200, "whoever guesses is signed out, and erases nothing"


def test_a_hold_keeps_it_and_the_page_says_who_holds_it_why(house: House, closed: str) -> None:
    judge, browser = auditor(house), administrator(house)
    led = judge.send("/holds", what=closed)
    assert led.headers["location"] == f"/episodes/{closed}/hold"
    assert judge.send(f"/episodes/{closed}/hold", reason="case 7").status_code == 303
    listed = shown(judge.get("/holds"))
    assert "case 7" in listed
    assert closed in listed
    page = browser.client.get(f"/episodes/{closed}/erase").text
    assert "under a legal hold" in page
    assert "case 7" in page
    assert "<textarea" not in page
    word = {"reason": WHY, "password": PASSWORD}
    text = shown(browser.send("/erase", f"/episodes/{closed}/erase", **word))
    assert "an auditor must end the legal hold first" in text
    assert house.ward.get(f"/episodes/{closed}").status_code == 200
    assert judge.send(f"/episodes/{closed}/hold", reason="").status_code == 422
    assert judge.send(f"/episodes/{closed}/hold", reason="case 7 is over").status_code == 303
    assert "No record of your wards is held." in shown(judge.get("/holds"))
    assert "This record is erased" in erase(browser, closed)
    assert "nothing left to hold" in shown(judge.get(f"/episodes/{closed}/hold"))


def test_of_two_auditors_the_second_is_told(house: House, closed: str) -> None:
    house.ward.system.sight.erasure.hold(Author(house.add("other", ("*", "auditor")), "auditor"), closed, "case 8")
    judge = auditor(house)
    text = shown(judge.send("/holds", f"/episodes/{closed}/hold", reason="case 9"))
    assert "this record is held already" in text
    assert "Other" in text
    assert "case 9" in text


def test_an_open_episode_is_closed_first(house: House) -> None:
    episode_id = house.ward.enrol("0002").rpartition("/")[2]
    browser = administrator(house)
    page = browser.client.get(f"/episodes/{episode_id}/erase").text
    assert "1 episode of this patient is open" in page
    assert "<textarea" not in page
    sent = browser.send("/erase", f"/episodes/{episode_id}/erase", reason=WHY, password=PASSWORD)
    assert "close it first" in shown(sent)


def test_an_account_without_a_password_is_told_so(house: House, closed: str) -> None:
    browser = administrator(house)
    with house.ward.system.store.change() as change:
        person = change.person(house.people["administrator"])
        assert person is not None
        change.save_person(person._replace(password_hash=""))
    assert "Your account has no password" in shown(browser.get(f"/episodes/{closed}/erase"))


def test_other_wards_records_are_not_there(house: House, closed: str) -> None:
    for role, page in (("administrator", "erase"), ("auditor", "holds")):
        browser = house.signed_in(f"{role}-3", ("N3", role))
        for what in ("no-0001", closed, "9999", ""):
            answer = browser.send(f"/{page}", what=what)
            assert answer.status_code == 422
            assert "on your wards there is no patient" in shown(answer)
        assert browser.get(f"/episodes/{closed}/{page.rstrip('s')}").status_code == 404
    house.ward.system.sight.erasure.hold(Author("u-1", "auditor"), closed, "case 7")
    assert "case 7" not in shown(browser.get("/holds"))
    assert "case 7" in shown(auditor(house).get("/holds"))


def test_numbers_are_not_guessed_there(house: House) -> None:
    browser = administrator(house)
    for number in range(31):
        answer = browser.send("/erase", what=str(number + 5000))
    assert "wait a minute" in shown(answer)


def test_holds_come_a_page_at_a_time(each_house: House) -> None:
    house, erasure = each_house, each_house.ward.system.sight.erasure
    made = [house.ward.enrol(f"1{number:03}").rpartition("/")[2] for number in range(5)]
    for episode_id in made:
        erasure.hold(Author("u-1", "auditor"), episode_id, f"case {episode_id[:4]}")
    told, before = [], None
    for _ in range(3):
        page = erasure.holds(frozenset({"N2"}), before=before, limit=2)
        told += [each["episode_id"] for each in page.rows]
        before = page.after
    assert sorted(told) == sorted(made)
    assert before is None
    assert erasure.holds(frozenset({"N3"})).rows == []
    assert len(erasure.holds(None).rows) == 5
