"""May this token be believed? Signed by the provider's own key, for us, for this journey, and just now.

What a token says of its own key (jku, x5u, jwk) is not looked at: the keys are those that the configured issuer keeps
under its own address. Only signatures with a public key are taken: none without a signature, and none with a shared
secret, for which a public key could be passed off.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry, extract_compact

from orchestrator.errors import ProviderFailed

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_SECONDS = 60
_LONGEST_TOKEN, _LONGEST_SUBJECT = 20_000, 255
_KINDS = frozenset({"RSA", "EC"})


def key_set(document: Mapping[str, Any]) -> KeySet:
    """Return the public keys of a provider that serve to verify; what is for another use or another kind is left out.

    Raises ProviderFailed when there is none.
    """
    listed = document.get("keys")
    usable = [each for each in listed if _usable(each)] if isinstance(listed, list) else []
    try:
        keys = KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError):
        raise ProviderFailed("the provider's keys cannot be read") from None
    if not keys.keys:
        raise ProviderFailed("the provider shows no key that can be used")
    return keys


def knows(keys: KeySet, token: str) -> bool:
    """Tell whether one of these keys is the one that the token names: if not, the provider may have taken a new one."""
    try:
        header = jwt_header(token)
    except ProviderFailed:
        return True  # it is refused in any case
    return header.get("kid") is None or any(key.kid == header["kid"] for key in keys)


def jwt_header(token: str) -> dict[str, Any]:
    """Return what a token says of itself, unproved. Raises ProviderFailed."""
    if len(token) > _LONGEST_TOKEN:
        raise ProviderFailed("the provider's token is too long")
    try:
        return dict(extract_compact(token.encode()).headers())
    except (JoseError, ValueError):
        raise ProviderFailed("the provider's token cannot be read") from None


def verified(token: str, keys: KeySet) -> dict[str, Any]:
    """Return what a token claims, its signature proved. Raises ProviderFailed."""
    header = jwt_header(token)
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise ProviderFailed("the provider's token is not an ID token")
    try:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)  # more words in a head harm nobody
        return dict(jwt.decode(token, keys, registry=registry).claims)
    except (JoseError, ValueError, TypeError):
        raise ProviderFailed("the provider's token is not signed by its key, or not as it should be") from None


def subject_of(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float) -> str:
    """Return whom a token is about. now: seconds since 1970. Raises ProviderFailed."""
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer:
        _refuse("is of another issuer")
    if client_id not in listed:
        _refuse("is for somebody else")
    if claims.get("azp", client_id) != client_id or (len(listed) > 1 and "azp" not in claims):
        _refuse("was fetched for somebody else")
    _check_time(claims, now)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        _refuse("belongs to another journey")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isascii():
        _refuse("names nobody")
    return str(subject)


def check_strength(claims: Mapping[str, Any], wanted: Sequence[str]) -> None:
    """Raise ProviderFailed unless it says that one of these is how somebody signed in; nothing is wanted where none is.

    Providers may pass over what they were asked for, so that it is the answer that counts (OpenID Connect, 3.1.2.1).
    """
    if wanted and claims.get("acr") not in wanted:
        _refuse("does not say that you signed in there as is wanted: CAREPATH_OIDC_ACR")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    expires, made, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not all(isinstance(each, int | float) for each in (expires, made, begins)):
        _refuse("does not say for how long it holds")
    if float(expires or 0) <= now - LEEWAY_SECONDS:
        _refuse("has expired")
    if max(float(made or 0), float(begins)) > now + LEEWAY_SECONDS:
        _refuse("does not hold yet: see to the clocks here and there")


def _usable(each: object) -> bool:
    return isinstance(each, dict) and each.get("kty") in _KINDS and each.get("use", "sig") == "sig"


def _refuse(what: str) -> None:
    raise ProviderFailed(f"the provider's token {what}")
