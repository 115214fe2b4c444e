"""Goal: a second factor is added, asked for, and taken off on pages; a password alone opens nothing then."""

import re
from dataclasses import dataclass, replace

import pyotp
import pytest
from httpx2 import Response

from orchestrator.service.people.codes import RECOVERY_CODES, STEP_SECONDS
from orchestrator.service.people.factors import Factors
from orchestrator.service.people.guessing import LOCKED_AFTER
from orchestrator.service.people.signing import Signing
from tests.integration.gateways import Gateway
from tests.integration.web.conftest import PASSWORD, WARD, Browser, House
from tests.integration.web.test_rota import gate, reached

__all__ = ["gate", "reached"]
_SECRET = re.compile(r'class="secret">([A-Z2-7-]+)<')
_CODES = re.compile(r"<li><code>([0-9a-z-]+)</code></li>")
PAGE = "/me/factor"


@dataclass
class App:
    """Somebody's authenticator app, and the codes for its loss."""

    house: House
    person_id: str
    totp: pyotp.TOTP
    recovery: list[str]

    def code(self) -> str:
        """Return a code that was not used; the wall is nobody's to move, so that what was used is longer ago."""
        with self.house.ward.system.store.change() as change:
            row = change.factor(self.person_id)
            assert row is not None
            change.put_factor(row._replace(last_step=row.last_step - 10))
            return self.totp.generate_otp(int(change.times().wall.timestamp()) // STEP_SECONDS)


def add_app(house: House, browser: Browser, login: str) -> App:
    """Add an app as a person does; return it, and how the pages looked on the way."""
    shown = browser.send(PAGE, f"{PAGE}/start", present=PASSWORD)
    assert shown.status_code == 200, shown.text
    (letters,) = _SECRET.findall(shown.text)
    app = App(house, house.people[login], pyotp.TOTP(letters.replace("-", "")), [])
    with house.ward.system.store.read() as reader:
        code = app.totp.at(reader.times().wall)
    done = browser.send(PAGE, f"{PAGE}/confirm", code=code)
    assert done.status_code == 200, done.text
    app.recovery = _CODES.findall(done.text)
    return app


def asked(browser: Browser, login: str = "nurse") -> Response:
    """Send the password, and return what is answered."""
    return browser.send("/sign-in?next=/me", login=login, password=PASSWORD)


def test_an_app_is_added_and_asked_for(each_house: House) -> None:
    house, nurse = each_house, each_house.signed_in("nurse")
    elsewhere = house.signed_in("nurse")
    assert "Add an authenticator app" in nurse.get(PAGE).text
    assert nurse.send(PAGE, f"{PAGE}/start", present="not the password").status_code == 422
    shown = nurse.send(PAGE, f"{PAGE}/start", present=PASSWORD)
    assert '<path d="M' in shown.text
    assert "style=" not in shown.text
    assert 'inputmode="numeric" autocomplete="one-time-code"' in shown.text
    wrong = nurse.send(PAGE, f"{PAGE}/confirm", code="000000")
    assert wrong.status_code == 422
    assert not _SECRET.search(wrong.text), "the secret is shown once"
    assert asked(house.browser()).headers["location"] == "/me", "it counts from the first right code on"
    app = add_app(house, nurse, "nurse")
    assert len(app.recovery) == RECOVERY_CODES
    assert elsewhere.get("/me").status_code == 303, "every other session ends"
    browser = house.browser()
    answer = asked(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/code?next=/me")
    assert browser.get("/me").headers["location"].startswith("/sign-in"), "the password alone opens nothing"
    page = browser.get("/sign-in/code?next=/me")
    assert 'name="code" inputmode="numeric" autocomplete="one-time-code"' in page.text
    wrong = browser.send("/sign-in/code?next=/me", "/sign-in/code", code="000000")
    assert wrong.status_code == 401
    assert 'name="next" value="/me"' in wrong.text
    code = app.code()
    let_in = browser.send("/sign-in/code?next=/me", "/sign-in/code", code=code)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/me")
    assert "Nurse" in browser.get("/me").text
    again = house.browser()
    asked(again)
    assert again.send("/sign-in/code", code=code).status_code == 401, "a code is taken once"
    assert browser.get("/sign-in/code").headers["location"] == "/", "nothing waits any more"
    assert house.browser().get("/sign-in/code").headers["location"] == "/sign-in"
    assert house.ward.system.people.faults() == []


def test_a_recovery_code_opens_once_and_leads_to_another_app(house: House) -> None:
    nurse = house.signed_in("nurse")
    app = add_app(house, nurse, "nurse")
    browser = house.browser()
    asked(browser)
    assert browser.send("/sign-in/code", recovery="").status_code == 422, "nothing typed is no guess"
    let_in = browser.send("/sign-in/code", recovery=app.recovery[0].upper())
    assert let_in.headers["location"] == PAGE
    assert f"Recovery codes that are left: {RECOVERY_CODES - 1}" in browser.get(PAGE).text
    asked(browser)
    assert browser.send("/sign-in/code", recovery=app.recovery[0]).status_code == 401
    left_open = browser.send(PAGE, f"{PAGE}/codes", present=PASSWORD, code="000000")
    assert left_open.status_code == 422
    assert browser.send(PAGE, f"{PAGE}/codes", present="not it", code=app.code()).status_code == 422
    renewed = _CODES.findall(browser.send(PAGE, f"{PAGE}/codes", present=PASSWORD, code=app.code()).text)
    assert not set(renewed) & set(app.recovery)
    assert browser.send(PAGE, f"{PAGE}/end", present="not it", code=app.code()).status_code == 422
    ended = browser.send(PAGE, f"{PAGE}/end", present=PASSWORD, recovery=renewed[1])
    assert ended.status_code == 303
    assert asked(house.browser()).headers["location"] == "/me", "the password is enough again"
    kinds = [each["kind"] for each in house.ward.system.people.records() if each["about"] == house.people["nurse"]]
    assert [each for each in kinds if each.startswith("factor")] == ["factor", "factor-codes", "factor-ended"]


def test_a_form_that_is_sent_twice_shows_nothing_twice(house: House) -> None:
    nurse = house.signed_in("nurse")
    app = add_app(house, nurse, "nurse")
    typed = {"present": PASSWORD, "key": "k" * 32}
    assert len(_CODES.findall(nurse.send(PAGE, f"{PAGE}/codes", code=app.code(), **typed).text)) == RECOVERY_CODES
    again = nurse.send(PAGE, f"{PAGE}/codes", code=app.code(), **typed)
    assert again.status_code == 200
    assert not _CODES.search(again.text)
    assert "shown then" in again.text


def test_whoever_must_have_one_can_do_nothing_else_before(house: House) -> None:
    system = house.ward.system
    mac = system.keyring.look_mac
    signing = Signing(system.store, mac, frozenset({"nurse"}))
    house.ward.system = replace(
        system, signing=signing, factors=Factors(system.store, system.keyring, mac, signing, "carepath")
    )
    house.add("nurse", (WARD, "nurse"))
    house.add("lead", (WARD, "lead"))
    nurse = house.browser()
    assert asked(nurse).headers["location"] == PAGE
    for path in ("/", "/me", "/worklist", "/password", "/glass"):
        assert nurse.get(path).headers["location"] == PAGE
    page = nurse.get(PAGE)
    assert "Your hospital asks for a second factor" in page.text
    blocked = nurse.send(PAGE, "/me/tokens", label="x", scope=["see"], days="1", present=PASSWORD)
    assert blocked.headers["location"] == PAGE
    assert signing.tokens(house.people["nurse"]) == []
    add_app(house, nurse, "nurse")
    assert nurse.get("/worklist").status_code == 200
    assert asked(house.browser(), "lead").headers["location"] == "/me", "of others none is required"


def test_wrong_codes_lock_the_account_and_keep_out_nobody_who_is_in(house: House) -> None:
    nurse = house.signed_in("nurse")
    app = add_app(house, nurse, "nurse")
    browser = house.browser()
    asked(browser)
    for _ in range(LOCKED_AFTER):
        assert browser.send("/sign-in/code", code="000000").status_code == 401
    assert "locked for a while" in browser.send("/sign-in/code", code=app.code()).text
    assert asked(house.browser()).status_code == 401, "nor is it told that the password is right"
    episode = house.ward.enrol()
    assert nurse.get(episode).status_code == 200, "who is in already goes on"


def test_the_glass_is_broken_with_the_password_alone(house: House) -> None:
    """In an emergency nobody looks for a telephone."""
    house.ward.enrol("0007")
    house.add("stranger", ("N9", "nurse"))
    stranger = house.browser().sign_in("stranger")
    add_app(house, stranger, "stranger")
    typed = {"system": "hospital-number", "number": "0007", "reason": "called to an emergency"}
    opened = stranger.send("/glass", password=PASSWORD, **typed)
    assert opened.status_code == 303
    assert opened.headers["location"].startswith("/episodes/")


def test_an_administrator_takes_off_a_lost_one_and_the_person_is_told(reached: House, gate: Gateway) -> None:
    house = reached
    nurse, boss = house.signed_in("nurse"), house.signed_in("administrator", ("*", "administrator"))
    nurse.send("/me/reach", "/me/reach/contact", channel="e-mail", address="nurse@home.example")
    app = add_app(house, nurse, "nurse")
    page = f"/people/{house.people['nurse']}"
    shown = boss.get(page).text
    assert "An authenticator app, since" in shown
    assert app.totp.secret not in shown.replace("-", "")
    assert "with a second factor" in boss.get("/people").text
    typed = {"reason": "lost the telephone", "present": PASSWORD}
    assert boss.send(page, f"{page}/factor", **{**typed, "reason": ""}).status_code == 422
    kept = boss.send(page, f"{page}/factor", **{**typed, "present": "not it"})
    assert kept.status_code == 422
    assert 'value="lost the telephone"' in kept.text
    assert boss.send(page, f"{page}/factor", **typed).status_code == 303
    assert "lost the telephone" in boss.get(page).text, "it stands in the record, with its reason"
    (letter,) = gate.server.arrivals
    assert letter.to == "nurse@home.example"
    assert "Your second factor was taken off" in str(letter)
    browser = house.browser()
    assert asked(browser).headers["location"] == PAGE, "the person is told at the next signing in"
    told = browser.get(PAGE).text
    assert "Administrator took your second factor off" in told
    assert "lost the telephone" in told
    assert browser.get("/me").status_code == 200
    own = f"/people/{house.people['administrator']}"
    add_app(house, boss, "administrator")
    refused = boss.send(own, f"{own}/factor", **typed)
    assert refused.status_code == 422
    assert "on your own page" in refused.text


def test_who_has_no_password_is_told_where_it_is_asked(house: House) -> None:
    nurse = house.signed_in("nurse")
    with house.ward.system.store.change() as change:
        person = change.person(house.people["nurse"])
        assert person is not None
        change.save_person(person._replace(password_hash=""))
    page = nurse.get(PAGE)
    assert "Has no password." in page.text
    assert "/start" not in page.text


@pytest.mark.parametrize("path", ["start", "confirm", "codes", "end"])
def test_nobody_else_changes_it(house: House, path: str) -> None:
    nurse, other = house.signed_in("nurse"), house.signed_in("other", (WARD, "nurse"))
    add_app(house, nurse, "nurse")
    other.send(PAGE, f"{PAGE}/{path}", present=PASSWORD, code="000000")
    assert house.ward.system.factors.of(house.people["nurse"]) is not None
    assert house.ward.system.factors.of(house.people["other"]) is None
