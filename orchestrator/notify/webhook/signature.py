"""Who sent this, and is it whole? The signature of Standard Webhooks: HMAC-SHA256 over id, time and body.

`verify` is what a receiver does; it needs nothing but the standard library, and may be copied.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
TOLERANCE_SECONDS = 300
_MOMENT = re.compile(r"[0-9]{1,20}")


def secret_bytes(text: str) -> bytes:
    """Return the key that a secret's text stands for: ``whsec_`` and 24 to 64 bytes in base64. Raises ValueError."""
    if not text.startswith(PREFIX):
        raise ValueError("no prefix")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError("too short or too long")
    return key


def sign(secrets: Iterable[bytes], reference: str, seconds: int, body: bytes) -> str:
    """Return the value of webhook-signature: one signature for each secret. seconds: since 1970, when it is sent."""
    return " ".join(f"v1,{_sum(secret, reference, str(seconds), body)}" for secret in secrets)


def verify(
    secrets: Iterable[bytes],
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    tolerance: float = TOLERANCE_SECONDS,
) -> bool:
    """Tell whether a request is from somebody who knows one of the secrets, is whole, and was signed just now.

    headers: by lower-case name.   body: the bytes as they came.   now: seconds since 1970. Whoever also remembers
    webhook-id for as long as the tolerance cannot be told the same thing twice.
    """
    reference, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _MOMENT.fullmatch(sent) or abs(now - int(sent)) > tolerance:
        return False
    given = [each[3:].encode() for each in headers.get("webhook-signature", "").split() if each.startswith("v1,")]
    wanted = [_sum(secret, reference, sent, body).encode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)


def _sum(secret: bytes, reference: str, seconds: str, body: bytes) -> str:
    signed = b".".join((reference.encode(), seconds.encode(), body))
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
