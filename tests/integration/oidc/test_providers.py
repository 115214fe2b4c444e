"""Goal: a provider that lies, answers too much or points elsewhere lets nobody in; one that is away keeps none out."""

from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator import config
from orchestrator.config import OpenIdSettings, SettingError
from orchestrator.entrance import provider_fault
from orchestrator.errors import ProviderFailed
from orchestrator.identity.openid import OpenId
from orchestrator.web.provider import BACK, OUT
from tests.integration.oidc.conftest import Clinic, away, back, refused
from tests.servers.vouching import CLIENT, Issuer


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


def test_what_keeps_people_from_coming_by_the_provider_stands_in_the_log(
    clinic: Clinic, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.secret.unlink()
    browser = clinic.browser()
    back(browser, issuer.authorize(away(browser)))
    down = Clinic(clinic.house, "http://127.0.0.1:9", clinic.secret)
    down.browser().get(OUT)
    clinic.browser().get(f"{BACK}?state=mine")
    said = [record.getMessage() for record in caplog.records if getattr(record, "event", "") == "provider-failed"]
    assert len(said) == 2, "a stranger's address is no fault of the provider's"
    assert "CAREPATH_OIDC_CLIENT_SECRET_FILE: the file" in said[0]
    assert "cannot be reached" in said[1]


def test_a_secret_that_cannot_be_read_is_told_before_anybody_comes(secret: Path) -> None:
    def fault(file: Path | None) -> str:
        return provider_fault(OpenIdSettings("https://login.example", CLIENT, file, ""))

    assert (provider_fault(None), fault(None), fault(secret)) == ("", "", "")
    secret.unlink()
    assert fault(secret).startswith("CAREPATH_OIDC_CLIENT_SECRET_FILE: the file")


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
