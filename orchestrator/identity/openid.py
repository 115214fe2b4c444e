"""Whom does the hospital's provider vouch for? OpenID Connect: the authorization code flow, with PKCE, state and nonce.

The browser is sent to the provider and comes back with a code; what the code stands for is fetched by us, from the
provider's own host, and never passes through the browser.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from joserfc.jwk import KeySet

from orchestrator.clock import Clock, HostClock, elapsed
from orchestrator.config import OpenIdSettings, secret
from orchestrator.errors import ProviderFailed
from orchestrator.identity.asking import Asking
from orchestrator.identity.tokens import check_strength, key_set, knows, subject_of, verified
from orchestrator.service.people.provider import Came, Trip
from orchestrator.wire.hosts import is_loopback

_KEEP_SECONDS, _AGAIN_SECONDS = 3600.0, 30.0
"""How long what the provider says of itself is remembered; how soon it is asked for new keys again."""
_WELL_KNOWN = "/.well-known/openid-configuration"


class _Known(NamedTuple):
    """What the provider says of itself. at: when it was asked, in seconds that pass evenly."""

    at: float
    authorization: str
    token: str
    farewell: str
    names_itself: bool
    basic: bool
    keys: KeySet


class OpenId:
    """A provider of OpenID Connect; see `service.people.provider.Provider`. Threads may share it."""

    def __init__(
        self, settings: OpenIdSettings, clock: Clock | None = None, even: Callable[[], float] = elapsed
    ) -> None:
        """Say which. clock: the wall's time.   even: seconds that pass evenly. Nothing is asked yet."""
        self._settings, self._clock, self._even = settings, clock or HostClock(), even
        self._asking = Asking(settings.issuer)
        self._known: _Known | None = None

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    @property
    def label(self) -> str:
        return self._settings.label

    def away(self, trip: Trip) -> str:
        challenge = urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": trip.back,
            "scope": "openid", "state": trip.state, "nonce": trip.nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        if self._settings.acr:
            asked["acr_values"] = " ".join(self._settings.acr)
        return _with(self._now_known().authorization, asked)

    def subject(self, trip: Trip, came: Came) -> str:
        known = self._now_known()
        if came.issuer != self.issuer and (came.issuer or known.names_itself):
            raise ProviderFailed("the answer is another provider's")
        if came.error or not came.code:
            raise ProviderFailed(f"the provider did not let you in: {_plain(came.error) or 'no-code'}")
        token = self._fetch(known, trip, came.code)
        if not knows(known.keys, token) and self._even() - known.at >= _AGAIN_SECONDS:
            known = self._learn()
        now = self._clock.now().timestamp()
        client = self._settings.client_id
        claims = verified(token, known.keys)
        check_strength(claims, self._settings.acr)
        return subject_of(claims, issuer=self.issuer, client_id=client, nonce=trip.nonce, now=now)

    def farewell(self, back: str) -> str:
        where = self._now_known().farewell
        return _with(where, {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}) if where else ""

    def check(self) -> None:
        self._secret()
        self._learn()

    def _secret(self) -> str:
        """Return the client's secret, read anew so that a new one needs no restart; empty where it has none."""
        return client_secret(self._settings)

    def _fetch(self, known: _Known, trip: Trip, code: str) -> str:
        """Return the ID token that a code stands for."""
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": trip.back,
            "code_verifier": trip.verifier, "client_id": self._settings.client_id,
        }  # fmt: skip
        basic = None
        if held := self._secret():
            basic = (self._settings.client_id, held) if known.basic else None
            fields |= {} if known.basic else {"client_secret": held}
        told = self._asking.post(known.token, fields, basic)
        token = told.document.get("id_token")
        if not isinstance(token, str):
            error = _plain(told.document.get("error")) or f"status {told.status}"
            raise ProviderFailed(f"the provider gave no token for the code: {error}")
        return token

    def _now_known(self) -> _Known:
        known = self._known
        return known if known is not None and self._even() - known.at < _KEEP_SECONDS else self._learn()

    def _learn(self) -> _Known:
        """Ask the provider what it says of itself, and for its keys."""
        told = self._asking.get(self.issuer.rstrip("/") + _WELL_KNOWN)
        if told.get("issuer") != self.issuer:
            raise ProviderFailed("the provider calls itself otherwise: set CAREPATH_OIDC_ISSUER as it spells itself")
        token, keys = _text(told, "token_endpoint"), _text(told, "jwks_uri")
        self._asking.check(token)
        farewell = str(told.get("end_session_endpoint") or "")
        self._known = _Known(
            self._even(),
            _safe(_text(told, "authorization_endpoint")),
            token,
            _safe(farewell) if farewell else "",
            told.get("authorization_response_iss_parameter_supported") is True,
            "client_secret_basic" in told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
            key_set(self._asking.get(keys)),
        )
        return self._known


def client_secret(settings: OpenIdSettings) -> str:
    """Return the client's secret; empty where it has none. Raises SettingError for a file that cannot be read."""
    file = settings.secret_file
    return "" if file is None else secret(file, "CAREPATH_OIDC_CLIENT_SECRET_FILE")


def _with(address: str, asked: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _text(told: dict[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str):
        raise ProviderFailed(f"the provider does not say its {name}")
    return found


def _safe(address: str) -> str:
    """Return an address to which a browser may be sent: over TLS, or on this machine. Raises ProviderFailed."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not (parts.scheme == "https" or plain) or not parts.hostname or not address.isprintable():
        raise ProviderFailed("the provider sends browsers to an address without TLS")
    return address


def _plain(error: object) -> str:
    """Return an error's code as the provider gave it, if it is shaped like one."""
    text = str(error or "")
    return text if text.replace("_", "").isalnum() and text.isascii() and len(text) <= 40 else ""
