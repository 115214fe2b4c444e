"""Goal: a token opens something only if the provider made it, with its own key, for us, just now."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.integration.oidc.conftest import Clinic, away, back, refused
from tests.integration.web.conftest import House
from tests.servers.vouching import CLIENT, Claims, Issuer


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


@pytest.mark.parametrize("said", ["mfa", "https://loa.example/high"])
def test_who_came_in_as_strongly_as_the_hospital_wants_is_let_in(
    house: House, issuer: Issuer, secret: Path, said: str
) -> None:
    clinic = Clinic(house, issuer.address, secret, acr=("mfa", "https://loa.example/high"))
    clinic.person()
    issuer.change = lambda claims, _: {**claims, "acr": said}
    browser = clinic.browser()
    there = away(browser)
    assert parse_qs(urlsplit(there).query)["acr_values"] == ["mfa https://loa.example/high"]
    assert back(browser, issuer.authorize(there)).status_code == 303


@pytest.mark.parametrize(
    "said", [{}, {"acr": "0"}, {"acr": ["mfa"]}, {"acr": "mfa high"}, {"acr": None}, {"amr": ["mfa"]}]
)
def test_who_came_in_by_less_is_not(house: House, issuer: Issuer, secret: Path, said: dict[str, object]) -> None:
    clinic = Clinic(house, issuer.address, secret, acr=("mfa", "high"))
    clinic.person()
    issuer.change = lambda claims, _: {**claims, **said}
    browser = clinic.browser()
    refused(back(browser, issuer.authorize(away(browser))), "does not say that you signed in there as is wanted")


def test_where_nothing_is_wanted_nothing_is_asked(clinic: Clinic, issuer: Issuer) -> None:
    clinic.person()
    browser = clinic.browser()
    there = away(browser)
    assert "acr_values" not in there
    assert back(browser, issuer.authorize(there)).status_code == 303
