"""Where may webhooks go? To hosts that are listed, each with its secrets, and to nothing else."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.notify.webhook.addresses import Networks
from orchestrator.wire.target import PORTS, Target


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
