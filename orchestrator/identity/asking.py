"""How is a provider asked? At its own host alone, verified by TLS, bounded in time and size, and without redirects.

The standard library's client suits: it follows no redirects, obeys no proxy of the environment, and takes a socket that
is made here. Which host that is, the hospital's settings say; it may well lie in the house's own network.
"""

import http.client
import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

from orchestrator import __version__
from orchestrator.errors import ProviderFailed
from orchestrator.wire.deadline import Deadline, addresses, connect, network_code, secure, tls_context
from orchestrator.wire.hosts import is_loopback
from orchestrator.wire.target import PORTS, Target, target

SECONDS, MOST_BYTES = 5.0, 200_000


class Told(NamedTuple):
    """What was answered: an object of JSON, empty where it was none."""

    status: int
    document: dict[str, Any]


class Asking:
    """Asks one host. home: any address of it."""

    def __init__(self, home: str) -> None:
        self._home = target(home)

    def get(self, url: str) -> dict[str, Any]:
        """Return the object that an address gives. Raises ProviderFailed."""
        told = self._ask("GET", url, b"", {})
        if told.status != http.HTTPStatus.OK or not told.document:
            raise ProviderFailed(f"the provider does not answer as it should: status {told.status}")
        return told.document

    def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> Told:
        """Send a form. basic: name and secret of the client, told in a header. Raises ProviderFailed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            pair = ":".join(quote_plus(each) for each in basic)  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return self._ask("POST", url, urlencode(fields).encode(), headers)

    def check(self, url: str) -> None:
        """Raise ProviderFailed for an address of another host, or one that is not over TLS."""
        self._where(url)

    def _where(self, url: str) -> Target:
        try:
            where = target(url)
        except ValueError:
            raise ProviderFailed("the provider names an address that cannot be used") from None
        if where[:3] != self._home[:3]:
            raise ProviderFailed("the provider names an address of another host than its own")
        if where.scheme == "http" and not is_loopback(where.host):
            raise ProviderFailed("the provider names an address without TLS")
        return where

    def _ask(self, method: str, url: str, body: bytes, more: Mapping[str, str]) -> Told:
        where = self._where(url)
        headers = {"Accept": "application/json", "User-Agent": f"carepath/{__version__}", "Connection": "close", **more}
        connection = _Connection(where, Deadline(SECONDS))
        try:
            connection.request(method, where.path, body or None, headers)
            answer = connection.getresponse()
            read = answer.read(MOST_BYTES + 1)
        except http.client.HTTPException:
            raise ProviderFailed("the provider cannot be reached: no-http") from None
        except OSError as error:
            raise ProviderFailed(f"the provider cannot be reached: {network_code(error)}") from None
        finally:
            connection.close()
        if len(read) > MOST_BYTES:
            raise ProviderFailed(f"the provider answers with more than {MOST_BYTES} bytes")
        return Told(answer.status, _object(read))


class _Connection(http.client.HTTPConnection):
    """A connection whose every wait is cut to one deadline."""

    def __init__(self, where: Target, deadline: Deadline) -> None:
        super().__init__(where.host, where.port)
        self.default_port = PORTS[where.scheme]  # which the Host header leaves out
        self._secure, self._deadline = where.scheme == "https", deadline

    def connect(self) -> None:
        """Resolve and connect, and have the host show who it is."""
        made: socket.socket = connect(addresses(self.host, self.port, self._deadline), self._deadline)
        self.sock = made  # closed with the connection from here on, whatever comes
        if self._secure:
            self.sock = secure(made, _context(), self.host, self._deadline)


@cache
def _context() -> ssl.SSLContext:
    """Return how the provider is verified: by the system's authorities, or those of SSL_CERT_FILE."""
    return tls_context(None)


def _object(read: bytes) -> dict[str, Any]:
    try:
        found = json.loads(read)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
