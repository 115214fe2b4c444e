"""Where may webhooks go? To hosts that are listed, each with its secrets, and to nothing else."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from orchestrator.notify.hosts import is_host
from orchestrator.notify.webhook.addresses import Networks

_PATH = re.compile(r"[!-~]*")
PORTS = {"https": 443, "http": 80}


class Target(NamedTuple):
    """Where one request goes. path: with its query."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class HookHost:
    """A host that is listed. secrets: each signs, so that one can take the other's place.

    context: None for plain http, on this machine's loopback alone. Both are read when they are wanted, and raise
    SettingError.   networks: those that are not public and in which it may lie nevertheless.
    """

    secrets: tuple[Callable[[], bytes], ...] = field(repr=False)
    context: Callable[[], ssl.SSLContext] | None = field(repr=False)
    networks: Networks = ()


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The listed hosts, by `key`. seconds: for one request in all."""

    hosts: Mapping[str, HookHost]
    seconds: float = 10.0

    def find(self, where: Target) -> HookHost | None:
        """Return the host to which a request goes; None where it is not listed, or not for this scheme."""
        found = self.hosts.get(key(where))
        return found if found is not None and (found.context is None) == (where.scheme == "http") else None


def key(where: Target) -> str:
    """Return by what a host is listed: ``name``, or ``name:port`` where the port is not the scheme's own."""
    host = f"[{where.host}]" if ":" in where.host else where.host
    return host if where.port == PORTS[where.scheme] else f"{host}:{where.port}"


def target(url: str) -> Target:
    """Return where a URL leads. Raises ValueError, saying in a few words what is wrong with it.

    Taken are http and https, a plain host name or address, a port, a path and a query; visible ASCII alone.
    """
    if not _PATH.fullmatch(url) or "\\" in url:
        raise ValueError("holds a blank, a backslash or a character that is not ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in PORTS:
        raise ValueError("does not begin with https://")
    if "@" in parts.netloc:
        raise ValueError("names a user; a secret belongs into a file")
    if parts.fragment or url.endswith("#"):
        raise ValueError("has a fragment, which is never sent")
    if not is_host(host):
        raise ValueError("names no host")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port or PORTS[parts.scheme], (parts.path or "/") + query)
