"""Goal: who comes in by the hospital's provider is whom the provider vouches for, by its own key, to us, just now."""

import base64
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from orchestrator import config
from orchestrator.config import OpenIdSettings, SettingError
from orchestrator.errors import ProviderFailed
from orchestrator.identity.openid import OpenId
from orchestrator.service.people import linking
from orchestrator.web.app import create_pages
from orchestrator.web.provider import OUT
from tests.integration.web.conftest import (
    ADMINISTRATOR,
    PASSWORD,
    Browser,
    House,
    each_house,
    each_ward,
    empty_store,
    house,
    ward,
)
from tests.servers.vouching import CLIENT, SECRET, Claims, Issuer, real_provider, signed_in_there, small_provider

__all__ = ["each_house", "each_ward", "empty_store", "house", "ward"]
JOURNEY = "carepath-journey"


@dataclass
class Clinic:
    """A house whose people come in by a provider as well. seconds: that pass evenly, for what is remembered."""

    house: House
    issuer: str
    secret: Path
    seconds: float = 0.0

    def __post_init__(self) -> None:
        settings = OpenIdSettings(self.issuer, CLIENT, self.secret, "the clinic's login")
        self.openid = OpenId(settings, even=lambda: self.seconds)

    def browser(self) -> Browser:
        pages = create_pages(self.house.ward.system, timezone="Europe/London", vouching=self.openid)
        return Browser(TestClient(pages, client=("127.0.0.1", 50000)))

    def person(self, login: str = "nurse", subject: str = "s-1") -> str:
        """Add a nurse who comes in as this subject."""
        person_id = self.house.add(login, ("N2", "nurse"))
        self.house.ward.system.linking.link(ADMINISTRATOR, person_id, self.issuer, subject)
        return person_id


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text(SECRET)
    return file


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with real_provider() as issuer:
        yield issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with small_provider() as made:
        yield made


@pytest.fixture
def clinic(house: House, issuer: Issuer, secret: Path) -> Clinic:
    return Clinic(house, issuer.address, secret)


def away(browser: Browser, address: str = OUT) -> str:
    answer = browser.get(address)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def within(address: str) -> str:
    parts = urlsplit(address)
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def back(browser: Browser, query: str) -> Response:
    return browser.get(f"/sign-in/back?{query}")


def refused(answer: Response, saying: str, status: int = 502) -> None:
    assert answer.status_code == status, answer.text
    (problem,) = re.findall(r'id="problem">([^<]+)<', answer.text)
    assert saying in unescape(problem)
    cookies = answer.headers.get_list("set-cookie")
    assert not any(each.startswith("carepath=") for each in cookies), "nobody was let in"
    assert any(each.startswith(f'{JOURNEY}=""') for each in cookies), "the journey is over"


# With a provider of others


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


# With one that lies


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


def _signed_with(key: Any, **header: Any) -> Callable[[Claims, Issuer], str]:  # noqa: ANN401
    return lambda claims, issuer: jwt.encode(
        {**issuer.header, **header}, claims, key, algorithms=[header.get("alg", "ES256")]
    )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _unsigned(claims: Claims, _: Issuer) -> str:
    return ".".join([*(_text(json.dumps(each).encode()) for each in ({"alg": "none", "typ": "JWT"}, claims)), ""])


def _with_public_key_as_secret(claims: Claims, issuer: Issuer) -> str:
    head = {"alg": "HS256", "kid": "one", "typ": "JWT"}
    said = ".".join(_text(json.dumps(each).encode()) for each in (head, claims))
    return f"{said}.{_text(hmac.digest(issuer.key.as_pem(private=False), said.encode(), 'sha256'))}"


def _with_its_own_key(claims: Claims, _: Issuer) -> str:
    own = ECKey.generate_key("P-256", {"kid": "mine"})
    header = {"alg": "ES256", "kid": "mine", "jwk": own.as_dict(private=False), "jku": "http://127.0.0.1:9/keys"}
    return jwt.encode(header, claims, own)


def _tampered(claims: Claims, issuer: Issuer) -> str:
    head, _, signature = jwt.encode(issuer.header, claims, issuer.key).split(".")
    return f"{head}.{_text(json.dumps({**claims, 'sub': 's-2'}).encode())}.{signature}"


def _access_token(claims: Claims, issuer: Issuer) -> str:
    return jwt.encode({**issuer.header, "typ": "at+jwt"}, claims, issuer.key)


_FORGED: dict[str, tuple[Callable[[Claims, Issuer], str], str]] = {
    "without a signature": (_unsigned, "not signed by its key"),
    "a public key taken for a secret": (_with_public_key_as_secret, "not signed by its key"),
    "a key of its own": (_with_its_own_key, "not signed by its key"),
    "another key of that name": (_signed_with(ECKey.generate_key("P-256", {"kid": "one"})), "not signed by its key"),
    "another kind of key": (_signed_with(RSAKey.generate_key(2048, {"kid": "one"}), alg="RS256"), "not signed by"),
    "changed afterwards": (_tampered, "not signed by its key"),
    "an access token": (_access_token, "is not an ID"),
    "no token": (lambda _, __: "a.b", "cannot be read"),
    "far too long": (lambda _, __: "a" * 30_000, "too long"),
}


def test_a_token_that_is_not_the_providers_is_refused(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    for issuer.sign, saying in _FORGED.values():  # noqa: B020
        browser = clinic.browser()
        refused(back(browser, issuer.authorize(away(browser))), saying)


_WRONG: dict[str, tuple[dict[str, Any], str]] = {  # a time is so many seconds from now
    "another nonce": ({"nonce": "another"}, "another journey"),
    "no nonce": ({"nonce": None}, "another journey"),
    "another audience": ({"aud": "others"}, "for somebody else"),
    "an audience of several": ({"aud": [CLIENT, "others"]}, "fetched for somebody else"),
    "fetched by another": ({"azp": "others"}, "fetched for somebody else"),
    "another issuer": ({"iss": "https://elsewhere.example"}, "of another issuer"),
    "expired": ({"exp": timedelta(seconds=-120)}, "has expired"),
    "without an end": ({"exp": None}, "for how long it holds"),
    "of the future": ({"iat": timedelta(hours=1)}, "does not hold yet"),
    "not begun": ({"nbf": timedelta(hours=1)}, "does not hold yet"),
    "about nobody": ({"sub": ""}, "names nobody"),
    "about a number": ({"sub": 7}, "names nobody"),
}  # fmt: skip


def test_a_token_for_others_or_another_time_is_refused(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    for change, saying in _WRONG.values():
        issuer.change = partial(_changed, change)
        browser = clinic.browser()
        refused(back(browser, issuer.authorize(away(browser))), saying)


def _changed(change: Claims, claims: Claims, _: Issuer) -> Claims:
    times = {name: int(time.time() + off.total_seconds()) for name, off in change.items() if isinstance(off, timedelta)}
    return {name: held for name, held in {**claims, **change, **times}.items() if held is not None}


def test_clocks_may_differ_by_less_than_a_minute(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    now = int(time.time())
    issuer.change = lambda claims, _: {**claims, "iat": now + 30, "nbf": now + 30, "exp": now - 30}
    browser = clinic.browser()
    assert back(browser, issuer.authorize(away(browser))).status_code == 303


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


def test_an_answer_of_another_provider_is_refused(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    browser = clinic.browser()
    query = issuer.authorize(away(browser))
    refused(back(browser, f"{query}&iss=https://elsewhere.example"), "another provider's")
    issuer.told = {"authorization_response_iss_parameter_supported": True}
    clinic.seconds += 4000
    refused(back(browser, issuer.authorize(away(browser))), "another provider's")
    query = issuer.authorize(away(browser))
    assert back(browser, f"{query}&iss={issuer.address}").status_code == 303
    state = parse_qs(urlsplit(away(browser := clinic.browser())).query)["state"][0]
    refused(back(browser, f"state={state}&iss={issuer.address}&error=access_denied"), "access_denied")


def test_a_new_key_of_the_provider_is_fetched(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    browser = clinic.browser()
    assert back(browser, issuer.authorize(away(browser))).status_code == 303
    issuer.key, issuer.header = ECKey.generate_key("P-256", {"kid": "two"}), {"alg": "ES256", "kid": "two"}
    browser = clinic.browser()
    refused(back(browser, issuer.authorize(away(browser))), "not signed by its key")
    clinic.seconds += 31
    assert back(browser, issuer.authorize(away(browser))).status_code == 303
    assert issuer.asked.count("/keys") == 2, "it is not asked anew for every token that names an unknown key"


_ODD: dict[str, tuple[dict[str, Any], str]] = {
    "tokens from another host": ({"token_endpoint": "https://elsewhere.example/token"}, "of another host"),
    "keys of another host": ({"jwks_uri": "https://elsewhere.example/keys"}, "of another host"),
    "keys without TLS elsewhere": ({"jwks_uri": "http://elsewhere.example/keys"}, "of another host"),
    "keys of another port": ({"jwks_uri": "http://127.0.0.1:9/keys"}, "of another host"),
    "browsers without TLS": ({"authorization_endpoint": "http://elsewhere.example/"}, "without TLS"),
    "browsers to a script": ({"authorization_endpoint": "javascript:alert(1)"}, "without TLS"),
    "another name": ({"issuer": "https://elsewhere.example"}, "calls itself otherwise"),
    "no keys": ({"jwks_uri": None}, "does not say its jwks_uri"),
}


def test_a_provider_that_points_elsewhere_is_not_followed(clinic: Clinic, issuer: Issuer) -> None:
    for told, saying in _ODD.values():
        issuer.told = told
        answer = clinic.browser().get(OUT)
        assert answer.status_code == 502
        assert saying in unescape(answer.text)


_ANSWERS: dict[str, tuple[tuple[int, dict[str, str], bytes], str]] = {
    "redirect": ((302, {"Location": "http://127.0.0.1:9/token"}, b""), "status 302"),
    "nested": ((200, {}, b"[" * 100_000), "gave no token"),
    "endless": ((200, {}, b"x" * 300_000), "more than 200000 bytes"),
    "broken": ((500, {}, b"<html>"), "status 500"),
    "script": ((400, {}, b'{"error": "<script>"}'), "status 400"),
}


def test_whatever_the_provider_answers_is_bounded(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    for issuer.answer, saying in _ANSWERS.values():  # noqa: B020
        browser = clinic.browser()
        refused(back(browser, issuer.authorize(away(browser))), saying)


def test_without_the_provider_a_password_still_opens(clinic: Clinic, issuer: Issuer, tmp_path: Path) -> None:
    clinic.person()
    down = Clinic(clinic.house, "http://127.0.0.1:9", clinic.secret)
    answer = down.browser().get(OUT)
    assert answer.status_code == 502
    assert "cannot be reached: unreachable" in answer.text
    assert down.browser().sign_in("nurse").get("/me").status_code == 200
    clinic.secret.unlink()
    browser = clinic.browser()
    refused(back(browser, issuer.authorize(away(browser))), "CAREPATH_OIDC_CLIENT_SECRET_FILE")
    assert clinic.house.browser().get(OUT).status_code == 404, "where there is none there is no such page"


def test_the_provider_can_be_checked_before_anybody_comes(issuer: Issuer, secret: Path) -> None:
    def check(address: str = issuer.address, file: Path | None = secret) -> None:
        OpenId(OpenIdSettings(address, CLIENT, file, "")).check()

    check()
    check(file=None)
    with pytest.raises(ProviderFailed, match="cannot be reached"):
        check("http://127.0.0.1:9")
    with pytest.raises(ProviderFailed, match="calls itself otherwise"):
        check(f"{issuer.address}/")
    secret.unlink()
    with pytest.raises(SettingError, match="CAREPATH_OIDC_CLIENT_SECRET_FILE"):
        check()


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


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"ISSUER": "https://login.example"},
        {"CLIENT_ID": "carepath"},
        {"ISSUER": "http://login.example", "CLIENT_ID": "carepath"},
        {"ISSUER": "https://login.example/?x=1", "CLIENT_ID": "carepath"},
        {"ISSUER": "https://user@login.example", "CLIENT_ID": "carepath"},
        {"ISSUER": "https://[login", "CLIENT_ID": "carepath"},
        {"ISSUER": "https://login.example", "CLIENT_ID": "carepath", "LABEL": "x" * 61},
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="CAREPATH_OIDC_"):
        config.read({f"CAREPATH_OIDC_{name}": value for name, value in wrong.items()}, home=tmp_path)


def test_settings_name_a_provider(tmp_path: Path) -> None:
    given = {"CAREPATH_OIDC_ISSUER": "https://login.example/realm", "CAREPATH_OIDC_CLIENT_ID": "carepath"}
    found = config.read(given, home=tmp_path).openid
    assert found == OpenIdSettings("https://login.example/realm", "carepath", None, "login.example")
    assert config.read({}, home=tmp_path).openid is None
