"""Goal: nobody comes in without a session; who guesses is slowed down; a form of elsewhere does nothing."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from orchestrator.service.people.guessing import AT_ONCE, FIRST_LOCK, LOCKED_AFTER
from orchestrator.service.people.recording import Author
from orchestrator.store.staff_tables import guess
from tests.integration.web.conftest import ADMINISTRATOR, PASSWORD, House


def test_a_store_without_anybody_says_how_to_begin(each_house: House) -> None:
    house, browser = each_house, each_house.browser()
    assert browser.get("/").headers["location"] == "/sign-in?next=/"
    assert browser.get("/sign-in").headers["location"] == "/welcome"
    typed = {"name": "A. Ministrator", "login": "admin", "password": PASSWORD}
    wrong = browser.send("/welcome", token="guess", **typed)
    assert wrong.status_code == 422
    assert 'value="A. Ministrator"' in wrong.text, "what was typed is kept"
    assert PASSWORD not in wrong.text
    assert browser.send("/welcome", token=house.ward.token, **typed).status_code == 303
    first = browser.get("/")
    assert "You are the only one here yet." in first.text
    assert 'href="/people/new"' in first.text
    house.add("nora", ("N2", "nurse"))
    assert "You are the only one" not in browser.get("/").text
    person = next(each for each in house.ward.system.people.people() if each["login"] == "admin")
    assert person["posts"] == [{"ward": "*", "role": "administrator"}]
    assert house.browser().get("/welcome").headers["location"] == "/sign-in"
    again = house.browser().send("/sign-in", "/welcome", token=house.ward.token, **typed)
    assert "there are accounts already" in again.text


def test_signing_in_and_out(each_house: House) -> None:
    each_house.add("nurse", ("N2", "nurse"))
    browser = each_house.browser()
    wrong = browser.send("/sign-in", login="nurse", password="something else it is")
    unknown = browser.send("/sign-in", login="nobody", password="something else it is")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("nurse", "") == unknown.text.replace("nobody", ""), "it is not told which was wrong"
    answer = browser.send("/sign-in?next=/password", login=" Nurse ", password=PASSWORD)
    assert answer.headers["location"] == "/password"
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    assert browser.get("/password").status_code == 200
    kept = dict(browser.client.cookies)
    assert browser.send("/password", "/sign-out").headers["location"] == "/sign-in"
    browser.client.cookies.update(kept)
    assert browser.get("/password").status_code == 303, "a session that was ended opens nothing"


@pytest.mark.parametrize("leads", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_signing_in_leads_nowhere_else(house: House, leads: str) -> None:
    house.add("nurse", ("N2", "nurse"))
    answer = house.browser().send("/sign-in", login="nurse", password=PASSWORD, next=leads)
    assert answer.headers["location"] == "/"


def test_a_form_of_elsewhere_does_nothing(house: House) -> None:
    browser = house.signed_in("nurse")
    word = {"csrf": "0" * 64}
    for headers in (
        {}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, {"Sec-Fetch-Site": "none"},
    ):  # fmt: skip
        assert browser.client.post("/sign-out", data=word, headers=headers).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert browser.client.post("/sign-out", data=word, headers=own).status_code == 403, "another session's word"
    assert browser.client.post("/sign-out", data={}, headers=own).status_code == 403
    assert browser.get("/password").status_code == 200


def test_a_password_counts_as_it_was_typed(house: House) -> None:
    browser = house.signed_in("nurse")
    blank = f" {PASSWORD} "
    assert browser.send("/password", present=PASSWORD, password=blank, again=PASSWORD).status_code == 422
    assert browser.send("/password", present=PASSWORD, password=blank, again=blank).status_code == 303
    assert house.browser().send("/sign-in", login="nurse", password=PASSWORD).status_code == 401
    assert house.browser().send("/sign-in", login="nurse", password=blank).status_code == 303


def test_a_form_counts_as_browsers_send_it_from_a_page_without_a_referrer(house: House) -> None:
    browser = house.signed_in("nurse")
    assert browser.get("/password").headers["referrer-policy"] == "same-origin", "so that browsers name our origin"
    word = re.search(r'name="csrf" value="(\w+)"', browser.get("/password").text)
    assert word is not None
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    sent = browser.client.post("/sign-out", data={"csrf": word[1]}, headers=headers, follow_redirects=False)
    assert sent.headers["location"] == "/sign-in"


def test_who_guesses_waits_and_the_account_is_locked_for_a_while(house: House) -> None:
    house.add("nurse", ("N2", "nurse"))
    browser = house.browser()
    for _ in range(LOCKED_AFTER):
        assert browser.send("/sign-in", login="nurse", password="something else it is").status_code == 401
    locked = browser.send("/sign-in", login="nurse", password=PASSWORD)
    assert locked.status_code == 401
    assert "locked for a while" in locked.text
    _let_wall_pass(house, FIRST_LOCK)
    assert browser.send("/sign-in", login="nurse", password=PASSWORD).status_code == 303


def test_a_browser_with_which_somebody_came_in_before_is_not_shut_by_strangers(each_house: House) -> None:
    each_house.add("nurse", ("N2", "nurse"))
    mine, stranger = each_house.browser().sign_in("nurse"), each_house.browser()
    mine.send("/me", "/sign-out")
    assert list(mine.client.cookies) == ["carepath-browser"], "who goes leaves no session, and a browser that is known"
    for number in range(AT_ONCE + LOCKED_AFTER):
        stranger.send("/sign-in", login="nurse" if number < LOCKED_AFTER else f"x{number}", password="something else")
    slowed = stranger.send("/sign-in", login="x", password="something else")
    assert "too many wrong passwords came from here" in slowed.text
    mine.sign_in("nurse")
    assert each_house.browser().send("/sign-in", login="nurse", password=PASSWORD).status_code == 401


def test_a_password_that_somebody_else_gave_is_changed_first(house: House) -> None:
    people = house.ward.system.people
    person = people.add(
        ADMINISTRATOR, login="nurse", name="Nurse", password="given by the boss", posts=[("N2", "nurse")]
    )
    browser = house.browser().sign_in("nurse", "given by the boss")
    assert browser.get("/").headers["location"] == "/password"
    other = house.browser().sign_in("nurse", "given by the boss")
    kept = browser.send("/password", present="given by the boss", password=PASSWORD, again="another of my words")
    assert kept.status_code == 422
    assert browser.send("/password", present="wrong it is now", password=PASSWORD, again=PASSWORD).status_code == 422
    weak = browser.send("/password", present="given by the boss", password="nursenursenurse", again="nursenursenurse")
    assert "too easily guessed" in weak.text
    used = browser.send("/password", present="given by the boss", password="1QAZ2wsx3edc", again="1QAZ2wsx3edc")
    assert "one of those that are used most" in used.text
    assert browser.send("/password", present="given by the boss", password=PASSWORD, again=PASSWORD).status_code == 303
    assert browser.get("/password").status_code == 200
    assert other.get("/password").status_code == 303, "other sessions ended"
    people.end(ADMINISTRATOR, person) if _second_administrator(house) else None
    assert browser.get("/password").status_code == 303, "an account that was ended lets nobody in"
    assert people.faults() == []


def _second_administrator(house: House) -> bool:
    house.ward.system.people.add(
        Author("u-test", "administrator"), login="admin", name="Admin", posts=[("*", "administrator")]
    )
    return True


def _let_wall_pass(house: House, gone: timedelta) -> None:
    """Let a lock be as old as that: the wall itself is nobody's to move."""
    with house.ward.system.store.change() as change:
        for row in change._sql.execute(select(guess)).all():
            same = (guess.c.who == row.who) & (guess.c.whence == row.whence)
            change._sql.execute(update(guess).where(same).values(free_at=row.free_at - gone))


def test_who_comes_in_anew_leaves_no_session_behind(house: House) -> None:
    """At a computer that several people use nobody's session lives on unseen when the next one comes in."""
    house.add("nurse", ("N2", "nurse"))
    house.add("nora", ("N2", "nurse"))
    browser = house.browser().sign_in("nurse")
    first = browser.client.cookies["carepath"]
    assert house.ward.system.signing.principal(first) is not None
    answer = browser.send("/me", "/sign-in", login="nora", password=PASSWORD)
    assert answer.status_code == 303
    assert house.ward.system.signing.principal(first) is None
    assert "Nora" in browser.get("/me").text


def test_a_store_that_takes_nothing_more_shows_its_patients_all_the_same(house: House) -> None:
    """A full disk must not lock out a ward that is signed in; what it looks at stands in the log then."""
    episode = house.ward.enrol()
    nurse = house.signed_in("nurse")
    signing = house.ward.system.signing
    _, token = signing.make_token(
        Author(house.people["nurse"], "nurse"), house.people["nurse"], label="x", scopes=["see"], days=1
    )
    found = signing.principal(nurse.client.cookies["carepath"])
    assert found is not None
    with house.ward.system.store.change() as change:
        change.touch_session(found.session or b"", change.times().wall - timedelta(minutes=2))
    with house.ward.system.store.change() as change:
        change._sql.exec_driver_sql("PRAGMA query_only=ON")
    assert nurse.get(episode).status_code == 200
    assert nurse.get("/worklist").status_code == 200
    assert signing.bearer(token) is not None
