"""How are secrets and authorities read that the file of channels points to? When they are used, and not before.

So whoever tells (a clock, a command) needs no secret, one that changes counts at once, and one that cannot be read
keeps messages waiting and nothing else.
"""

import ssl
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar

from orchestrator.config import SettingError
from orchestrator.errors import PathwayError
from orchestrator.pathway.fields import Fields
from orchestrator.wire.deadline import tls_context

T = TypeVar("T")
LEAST_SECONDS, MOST_SECONDS = 1, 15
"""For one message. A job begins none after ten seconds, and is ended by force after thirty."""


def beside(fields: Fields, name: str) -> Path:
    """Return the path that a file names: from the folder in which that file lies, unless it is absolute."""
    return Path(fields.file).parent / Path(name).expanduser()


def later(fields: Fields, key: str, read: Callable[[], T], *, now: bool) -> Callable[[], T]:
    """Return what reads a file that stands under `key`. now: read it once already, to see whether that can be done.

    Raises PathwayError at the line of `key`; what is returned raises SettingError.
    """
    if now:
        try:
            read()
        except SettingError as error:
            raise fields.error(str(error), key) from None
    return read


def take_context(fields: Fields, *, now: bool) -> Callable[[], ssl.SSLContext]:
    """Return how a server is verified: by the authorities in the file under `ca`, else by the system's."""
    name = fields.take("ca", str, None)
    path = None if name is None else beside(fields, name)
    return later(fields, "ca", cache(lambda: _context(path)), now=now)


def _context(path: Path | None) -> ssl.SSLContext:
    try:
        return tls_context(None if path is None else str(path))
    except OSError:
        raise SettingError(f"ca: the file {path} cannot be used; name a file of certificates in PEM") from None


def take_seconds(fields: Fields, default: float) -> float:
    """Return for how long one message may take in all."""
    found = fields.take("seconds", Decimal, Decimal(str(default)))
    if not LEAST_SECONDS <= found <= MOST_SECONDS:
        what = f"'seconds' of {fields.what} must be from {LEAST_SECONDS} to {MOST_SECONDS}"
        raise fields.error(what, "seconds", "one message may not hold up the others for longer")
    return float(found)


def take_port(fields: Fields, default: int) -> int:
    """Return a port's number."""
    port = fields.take("port", int, default)
    if not 1 <= port <= 65535:
        raise fields.error(f"'port' of {fields.what} must be from 1 to 65535", "port")
    return port


def fault_at(fields: Fields, key: str, what: str, hint: str = "") -> PathwayError:
    """Return the error for the value under `key`."""
    return fields.error(f"'{key}' of {fields.what} {what}", key, hint)
