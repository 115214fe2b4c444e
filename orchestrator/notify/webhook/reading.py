"""What does the file of channels say of webhooks?"""

import ipaddress
from collections.abc import Callable
from functools import partial
from pathlib import Path

from orchestrator.config import SettingError, secret
from orchestrator.notify.files import beside, fault_at, later, take_context, take_seconds
from orchestrator.notify.webhook.addresses import Networks
from orchestrator.notify.webhook.settings import HookHost, HookSettings, key
from orchestrator.notify.webhook.signature import LEAST_BYTES, MOST_BYTES, PREFIX, secret_bytes
from orchestrator.pathway.faults import Parts
from orchestrator.pathway.fields import Fields
from orchestrator.wire.hosts import is_loopback
from orchestrator.wire.target import target

_LOOPBACK: Networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_MAKE_ONE = f"echo {PREFIX}$(openssl rand -base64 32) makes one"


def read_hooks(fields: Fields, *, now: bool) -> HookSettings:
    """Return what is said under `webhook`. now: read the files too that it points to.

    Raises PathwayError, or notes faults of hosts where they are noted.
    """
    parts = Parts()
    seconds = parts.read(lambda: take_seconds(fields, 10))
    hosts = parts.read(lambda: fields.each("hosts", "host", lambda name, host: _host(name, host, now=now)))
    parts.read(fields.done)
    parts.tell()
    return HookSettings(hosts, seconds)


def _host(name: str, fields: Fields, *, now: bool) -> HookHost:
    parts = Parts()
    plain = parts.read(lambda: fields.take("plain_http", bool, False))
    parts.read(lambda: _check_name(name, fields, plain=plain))
    secrets = parts.read(lambda: _secrets(fields, now=now))
    networks = parts.read(lambda: _networks(fields))
    context = None if plain else parts.read(lambda: take_context(fields, now=now))
    parts.read(fields.done)
    parts.tell()
    return HookHost(secrets, context, _LOOPBACK if plain else networks)


def _secrets(fields: Fields, *, now: bool) -> tuple[Callable[[], bytes], ...]:
    files, parts = fields.texts("secret_files"), Parts()
    if not files:
        raise fault_at(fields, "secret_files", "names none", _MAKE_ONE)

    def one(file: str) -> Callable[[], bytes]:
        return later(fields, "secret_files", _reader(beside(fields, file)), now=now)

    found = tuple(parts.read(partial(one, file)) for file in files)
    parts.tell()
    return found


def _check_name(name: str, fields: Fields, *, plain: bool) -> None:
    """Refuse a name by which no URL would find the host."""
    scheme = "http" if plain else "https"
    try:
        where = target(f"{scheme}://{name}/")
    except ValueError as error:
        raise fields.error(f"host '{name}' {error}", hint="name it as in its URL: name, or name:port") from None
    if key(where) != name:
        raise fields.error(f"host '{name}' must be written '{key(where)}'")
    if plain and not is_loopback(where.host):
        raise fault_at(fields, "plain_http", "is for this machine's loopback alone", "leave it out, and use https")


def _reader(path: Path) -> Callable[[], bytes]:
    """Return what reads a secret's file."""

    def read() -> bytes:
        try:
            return secret_bytes(secret(path, "secret_files"))
        except ValueError:
            what = f"must hold '{PREFIX}' and {LEAST_BYTES} to {MOST_BYTES} bytes in base64"
            raise SettingError(f"secret_files: the file {path} {what}; {_MAKE_ONE}") from None

    return read


def _networks(fields: Fields) -> Networks:
    try:
        return tuple(ipaddress.ip_network(text) for text in fields.texts("networks", ()))
    except ValueError:
        raise fault_at(fields, "networks", "must be networks such as 10.20.0.0/16") from None
