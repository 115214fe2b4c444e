"""Goal: what every answer tells a browser keeps others out, in either face; cookies go to this host alone."""

import logging
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator.api.app import create_app
from orchestrator.web import static
from orchestrator.web.app import create_pages
from tests.integration.web.conftest import PASSWORD, WARD, Browser, House

ALWAYS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "carepath-store": "real",
}
ADDRESSES = ("/sign-in", "/welcome", "/password", "/glass", "/no-such-page", "/open/x", "/healthz")


def policy(answer: Response) -> dict[str, str]:
    parts = (each.strip().partition(" ") for each in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def secure(house: House) -> Browser:
    """Return a browser over HTTPS."""
    app = create_pages(house.ward.system, timezone="Europe/London")
    return Browser(TestClient(app, base_url="https://testserver"))


def answers(house: House) -> Iterator[Response]:
    house.add("nurse", (WARD, "nurse"))
    for browser in (house.browser(), house.browser().sign_in("nurse")):
        yield from (browser.get(each) for each in ADDRESSES)
        yield browser.client.post("/sign-in", data={"login": "nurse"})
        yield browser.client.request("TRACE", "/sign-in")
        yield browser.client.request("OPTIONS", "/sign-in", headers={"Origin": "https://elsewhere.example"})


def test_every_answer_is_dressed(house: House) -> None:
    for answer in answers(house):
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        rules = policy(answer)
        assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'"
        assert rules["frame-ancestors"] == "'none'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers.get("content-type", "text/html; charset=utf-8") == "text/html; charset=utf-8"


def test_only_what_is_the_same_for_all_may_be_kept(house: House) -> None:
    answer = house.browser().get(static.address("page.css"))
    assert "immutable" in answer.headers["cache-control"]
    assert house.browser().get("/static/000000000000/page.css").headers["cache-control"] == "no-store"
    for strange in ("/static/x/../../app.py", "/static/x/%2e%2e/app.py", "/static/", "/static/x/"):
        assert house.browser().get(strange).status_code in {303, 404}


def test_nothing_stands_in_a_page_that_the_policy_would_have_to_allow(house: House) -> None:
    for answer in answers(house):
        if not answer.text.startswith("<!doctype"):
            continue
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", answer.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text), "nothing comes from elsewhere"


def test_over_https_cookies_are_this_hosts_alone_and_browsers_stay_there(house: House) -> None:
    house.add("nurse", (WARD, "nurse"))
    browser = secure(house)
    assert browser.get("/sign-in").headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    shown = browser.client.get("/sign-in").text
    assert 'name="csrf"' in shown
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "https://testserver"}
    typed = {"csrf": "", "next": "/", "login": "nurse", "password": PASSWORD}
    answer = browser.client.post("/sign-in", data=typed, headers=own, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    cookies = answer.headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in cookies] == ["__Host-carepath", "__Host-carepath-browser"]
    for cookie in cookies:
        rest = {each.strip().lower() for each in cookie.split(";")}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= rest
        assert not [each for each in rest if each.startswith("domain")]
    left = browser.client.get("/password")
    assert left.status_code == 200
    word = re.search(r'name="csrf" value="(\w+)"', left.text)
    assert word is not None
    gone = browser.client.post("/sign-out", data={"csrf": word[1]}, headers=own, follow_redirects=False)
    assert gone.headers["clear-site-data"] == '"cache", "storage"'
    assert "strict-transport-security" not in house.browser().get("/sign-in").headers, "nobody promises it in the clear"


def test_the_api_says_so_too(house: House) -> None:
    with TestClient(create_app(house.ward.system), base_url="https://testserver") as client:
        answer = client.get("/api/v1/worklist")
    assert answer.status_code == 401
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert policy(answer)["default-src"] == "'none'"


def test_who_tries_what_he_may_not_stands_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    episode = house.ward.enrol()
    house.add("stranger", ("S9", "nurse"))
    browser = house.browser()
    with caplog.at_level(logging.WARNING):
        browser.send("/sign-in", login="stranger", password="not my password")
        browser.sign_in("stranger").get(f"{episode}/seen")
        house.add("lead", ("S9", "lead"))
        house.browser().sign_in("lead").get(f"{episode}/seen")
    events = {getattr(each, "event", "") for each in caplog.records}
    assert {"wrong-password", "refused", "other-ward"} <= events
    assert house.people["lead"] in caplog.text
    assert "not my password" not in caplog.text
