"""Is this the password? Argon2id, with OWASP's parameters; what was hashed with weaker ones is hashed anew."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from orchestrator.errors import InputError
from orchestrator.service.people.common import is_common

SHORTEST, LONGEST = 12, 256
_HARD, _SOFT = "bdfghjkmnprstvwz", "aeiou"
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str, *, own: tuple[str, ...] = ()) -> str:
    """Return the hash to be kept. own: words that a password must not be made of, such as the login.

    Raises InputError when it is too short, too long, or too easily guessed.
    """
    check(password, own)
    return _HASHER.hash(password)


def renewed(password: str) -> str:
    """Return today's hash of a password that just opened: how good it is was asked when it was chosen."""
    return _HASHER.hash(password)


def generated() -> str:
    """Return a password for somebody else, to be read out and typed once: five groups of four letters, 63 bits."""
    groups = ("".join(secrets.choice(letters) for letters in (_HARD, _SOFT, _HARD, _SOFT)) for _ in range(5))
    return "-".join(groups)


def fits(kept: str, password: str) -> bool:
    """Tell whether this is the password. It takes as long where there is none to compare with."""
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(kept or _none(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(kept)


def outdated(kept: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def check(password: str, own: tuple[str, ...] = ()) -> None:
    """Raise InputError, saying what would do, for a password that is not to be used."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password needs {SHORTEST} to {LONGEST} characters; several words make a good one")
    plain = password.lower()
    for word in own:
        plain = plain.replace(word.lower(), "") if word else plain
    if len(plain) < SHORTEST // 2 or len(set(plain)) < 5:
        raise InputError("this password is too easily guessed: it is little more than a name or a few characters")
    if is_common(password):
        raise InputError("this password is too easily guessed: it is one of those that are used most")


@cache
def _none() -> str:
    """Return what is compared with where nobody has such a login, so that time does not tell."""
    return _HASHER.hash("nobody has this password")
