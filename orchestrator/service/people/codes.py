"""Is this the code that the app shows now? RFC 6238, as every authenticator app does it; and the codes for its loss.

Six digits from HMAC-SHA-1 over half minutes: what the apps can do, whatever else an address for them may ask for.
"""

import base64
import hashlib
import re
import secrets
from datetime import datetime

from pyotp import TOTP

STEP_SECONDS, DRIFT = 30, 1
"""A code holds for so long; one from so many steps before or after is taken, for clocks that part."""
RECOVERY_CODES = 10
_SECRET_BYTES = 20
_RECOVERY_BYTES, _GROUP = 15, 4
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing in it looks like something else in it
_MEANT = str.maketrans("oil", "011")
_BETWEEN = re.compile(r"[\s-]")
_DIGITS = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """Return a secret of 160 bits, as long as the hash (RFC 4226)."""
    return secrets.token_bytes(_SECRET_BYTES)


def address(secret: bytes, login: str, issuer: str) -> str:
    """Return what an app reads from a QR code."""
    return _totp(secret).provisioning_uri(name=login, issuer_name=issuer)


def in_letters(secret: bytes) -> str:
    """Return a secret for who types it into an app: base 32, in groups of four."""
    return _grouped(_totp(secret).secret)


def plain(text: str) -> str:
    """Return a code without the blanks and lines that people type between its parts."""
    return _BETWEEN.sub("", text)


def is_of_app(text: str) -> bool:
    """Tell whether this reads like a code of an app, and not like one for its loss."""
    return _DIGITS.fullmatch(plain(text)) is not None


def step_of(secret: bytes, text: str, wall: datetime) -> int | None:
    """Return the half minute since 1970 whose code this is, of those that count now; None where it is none of them."""
    if not is_of_app(text):
        return None
    now, totp = int(wall.timestamp()) // STEP_SECONDS, _totp(secret)
    near = range(max(0, now - DRIFT), now + DRIFT + 1)
    fitting = [step for step in near if secrets.compare_digest(totp.generate_otp(step), plain(text))]
    return fitting[-1] if fitting else None


def new_recovery_codes() -> list[str]:
    """Return codes for the loss of the app, each of 120 bits and good once, as they are written down."""
    return [_recovery_code(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def recovery_hash(person_id: str, text: str) -> bytes:
    """Return what is kept of a code for the loss of the app; letters that look like digits are read as those.

    It is random and long, so that a plain hash tells nothing, as with tokens.
    """
    meant = plain(text).lower().translate(_MEANT)
    return hashlib.sha256(f"carepath recovery {person_id} {meant}".encode("utf-8", "surrogateescape")).digest()


def _recovery_code(drawn: bytes) -> str:
    number = int.from_bytes(drawn)
    return _grouped("".join(_LETTERS[number >> shift & 31] for shift in range(0, 8 * len(drawn), 5)))


def _grouped(text: str) -> str:
    return "-".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def _totp(secret: bytes) -> TOTP:
    return TOTP(base64.b32encode(secret).decode())
