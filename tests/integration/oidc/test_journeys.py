"""Goal: whom the provider vouches for comes in: once, in the browser that went there, as the account is today."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response

from orchestrator.service.people import linking
from orchestrator.web.provider import OUT
from tests.integration.oidc.conftest import JOURNEY, Clinic, away, back, refused, within
from tests.integration.web.conftest import ADMINISTRATOR, PASSWORD, Browser, House
from tests.servers.vouching import Issuer, signed_in_there


def test_a_person_comes_in_by_the_provider(each_house: House, provider: str, secret: Path) -> None:
    clinic = Clinic(each_house, provider, secret)
    admin = each_house.signed_in("admin", ("*", "administrator"))
    nurse = each_house.add("nurse", ("N2", "nurse"))
    browser = clinic.browser()
    shown = browser.get("/sign-in?next=/me").text
    assert "Sign in with the clinic&#39;s login" in shown
    stranger = browser.get(within(signed_in_there(away(browser), "subject-7")))
    assert stranger.status_code == 403
    assert "<code>subject-7</code>" in stranger.text, "what is to be handed over to an administrator"
    assert browser.get("/me").status_code == 303
    system = each_house.ward.system
    assert len(system.people.people()) == 2, "nobody gets an account by coming along"
    system.linking.link(ADMINISTRATOR, nurse, provider, "subject-7")
    came = within(signed_in_there(away(browser, f"{OUT}?next=/me"), "subject-7"))
    answer = browser.get(came)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert "<h1>Nurse</h1>" in browser.get("/me").text
    again = clinic.browser()
    again.client.cookies.set(JOURNEY, "anything")
    refused(again.get(came), "another browser", 401)
    assert [each["kind"] for each in system.people.recorded(about=nurse).rows][:2] == ["signed-in", "linked"]
    assert admin.get(f"/people/{nurse}").status_code == 200
    assert system.people.faults() == []


def test_a_code_is_good_once(each_house: House, provider: str, secret: Path) -> None:
    clinic = Clinic(each_house, provider, secret)
    clinic.person(subject="subject-8")
    browser = clinic.browser()
    there = away(browser)
    kept = dict(browser.client.cookies)
    came = within(signed_in_there(there, "subject-8"))
    assert browser.get(came).status_code == 303
    thief = clinic.browser()
    thief.client.cookies.update({JOURNEY: kept[JOURNEY]})
    refused(thief.get(came), "gave no token for the code")


def test_whoever_is_signed_in_by_password_links_the_own_identity(house: House, provider: str, secret: Path) -> None:
    clinic = Clinic(house, provider, secret)
    house.add("nurse", ("N2", "nurse"))
    browser = clinic.browser().sign_in("nurse")
    page = browser.get("/me").text
    assert "Link my identity at the clinic&#39;s login" in page
    asked = browser.get(within(signed_in_there(away(browser, f"{OUT}?link=yes"), "subject-9")))
    assert asked.status_code == 200
    assert "<code>subject-9</code>" in asked.text
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked.text))
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}

    def confirm(browser: Browser, **typed: str) -> Response:
        return browser.client.post("/me/link", data={**hidden, **typed}, headers=own, follow_redirects=False)

    wrong = confirm(browser, present="not my password")
    assert wrong.status_code == 422
    assert house.ward.system.people.person(house.people["nurse"])["identities"] == []
    house.add("other", ("N2", "nurse"))
    other = clinic.browser().sign_in("other")
    word = re.findall(r'name="csrf" value="([^"]+)"', other.get("/me").text)[0]
    assert confirm(other, present=PASSWORD, csrf=word).status_code == 422, "vouched for somebody else"
    assert confirm(browser, present=PASSWORD).status_code == 303
    (linked,) = house.ward.system.people.person(house.people["nurse"])["identities"]
    assert (linked["issuer"], linked["subject"]) == (provider, "subject-9")
    fresh = clinic.browser()
    assert fresh.get(within(signed_in_there(away(fresh), "subject-9"))).headers["location"] == "/"
    assert "<h1>Nurse</h1>" in fresh.get("/me").text


def test_the_small_provider_is_asked_as_it_should_be(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    browser = clinic.browser()
    there = away(browser)
    asked = parse_qs(urlsplit(there).query)
    assert asked["scope"] == ["openid"]
    assert asked["redirect_uri"] == ["http://testserver/sign-in/back"]
    assert back(browser, issuer.authorize(there)).status_code == 303
    assert issuer.faults == []
    issuer.told = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    clinic.seconds += 4000
    browser = clinic.browser()
    assert back(browser, issuer.authorize(away(browser))).status_code == 303
    assert issuer.faults == []


def test_a_journey_belongs_to_one_browser_and_ends(
    clinic: Clinic, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.person()
    browser, victim = clinic.browser(), clinic.browser()
    query = issuer.authorize(away(browser))
    refused(back(victim, query), "another browser", 401)
    away(victim)
    refused(back(victim, query), "another browser", 401)
    there = away(browser)
    state = parse_qs(urlsplit(there).query)["state"][0]
    refused(back(browser, issuer.authorize(there).replace(state, state[::-1])), "another browser", 401)
    query = issuer.authorize(away(browser))
    refused(back(browser, f"{query}&{query}"), "cannot be read", 401)
    query = issuer.authorize(away(browser))
    with monkeypatch.context() as patch:
        patch.setattr(linking, "JOURNEY", timedelta(seconds=-1))
        refused(back(browser, query), "too long ago", 401)
    assert issuer.asked.count("/token") == 0, "none of it came as far as the provider"


def test_what_an_account_is_no_longer_opens_nothing(clinic: Clinic, issuer: Issuer) -> None:
    nurse = clinic.person()
    system, browser = clinic.house.ward.system, clinic.browser()
    clinic.house.add("admin", ("*", "administrator"))
    assert back(browser, issuer.authorize(away(browser))).status_code == 303
    system.linking.unlink(ADMINISTRATOR, nurse, issuer.address, "s-1")
    assert browser.get("/me").status_code == 303, "the sessions ended"
    assert back(browser, issuer.authorize(away(browser))).status_code == 403
    system.linking.link(ADMINISTRATOR, nurse, issuer.address, "s-1")
    system.people.end(ADMINISTRATOR, nurse)
    assert back(browser, issuer.authorize(away(browser))).status_code == 403, "its identities ended with it"


def test_signing_out_there_too(clinic: Clinic, issuer: Issuer) -> None:
    assert clinic.browser().get("/sign-in/farewell").headers["location"] == "/sign-in"
    issuer.told = {"end_session_endpoint": f"{issuer.address}/leave?x=1"}
    clinic.seconds += 4000
    where = clinic.browser().get("/sign-in/farewell").headers["location"]
    asked = parse_qs(urlsplit(where).query)
    assert asked["post_logout_redirect_uri"] == ["http://testserver/sign-in"]
    assert asked["x"] == ["1"]
