"""How are secrets and authorities read that the file of channels points to? Never from the file itself."""

import ssl
from decimal import Decimal
from pathlib import Path

from orchestrator.config import SettingError, secret
from orchestrator.errors import PathwayError
from orchestrator.notify.deadline import tls_context
from orchestrator.pathway.fields import Fields

LEAST_SECONDS, MOST_SECONDS = 1, 25


def beside(fields: Fields, name: str) -> Path:
    """Return the path that a file names: from the folder in which that file lies, unless it is absolute."""
    return Path(fields.file).parent / Path(name).expanduser()


def secret_of(fields: Fields, key: str, name: str) -> str:
    """Return what the secret file `name` holds. Raises PathwayError at the line of `key`."""
    try:
        return secret(beside(fields, name), key)
    except SettingError as error:
        raise fields.error(str(error), key, "it holds the secret alone, readable by carepath") from None


def take_context(fields: Fields) -> ssl.SSLContext:
    """Return how a server is verified: by the authorities in the file under `ca`, else by the system's."""
    name = fields.take("ca", str, None)
    try:
        return tls_context(None if name is None else str(beside(fields, name)))
    except OSError:
        raise fields.error(
            f"'ca' of {fields.what} cannot be used: {name}", "ca", "name a file of certificates in PEM"
        ) from None


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
