"""How does a message leave by webhook? One signed POST to a listed host, at an address that was checked.

The standard library's client suits: it follows no redirects, obeys no proxy of the environment, and takes a socket that
is made here. The name is resolved once and the connection goes to what was checked: a name that points elsewhere a
moment later gains nothing. TLS still asks for the certificate of the name.

What an answer means: 2xx delivered; 401, 403, 408, 425, 429 and 5xx may pass; every other 4xx and every redirect is
final. What stands between us and the host, or says that it does not know us, can be mended without touching a message,
and counts as passing.
"""

import datetime as dt
import http.client
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from orchestrator import __version__
from orchestrator.clock import Clock, HostClock
from orchestrator.config import SettingError
from orchestrator.notify import wording
from orchestrator.notify.channel import DELIVERED, UNREADABLE, Message, Result, Sent
from orchestrator.notify.webhook.addresses import all_allowed
from orchestrator.notify.webhook.settings import HookHost, HookSettings
from orchestrator.notify.webhook.signature import sign
from orchestrator.wire.deadline import Deadline, Resolver, addresses, connect, network_code, resolve, secure
from orchestrator.wire.target import PORTS, Target, target

_PASSING = {401: "not-let-in", 403: "not-let-in", 408: "timeout-there", 425: "too-early", 429: "too-many"}


class WebhookChannel:
    """Posts messages to listed hosts."""

    name = "webhook"

    def __init__(self, settings: HookSettings, clock: Clock | None = None, ask: Resolver = resolve) -> None:
        """Say where to. ask: how names are resolved."""
        self._settings, self._clock, self._ask = settings, clock or HostClock(), ask

    def send(self, message: Message, to: str) -> Sent:
        """Post one message. Tried again it has the same webhook-id and body, and a fresh time and signature."""
        try:
            where = target(to)
        except ValueError:
            return Sent(Result.PERMANENT, "bad-address")
        host = self._settings.find(where)
        if host is None:
            return Sent(Result.PERMANENT, "host-not-listed")
        try:
            secrets = [read() for read in host.secrets]
        except SettingError:
            return Sent(Result.PASSING, UNREADABLE)
        return self._attempt(where, host, lambda connection: _post(connection, where, self._signed(message, secrets)))

    def _signed(self, message: Message, secrets: Sequence[bytes]) -> "_Request":
        reference, body = wording.reference(message), payload(message)
        seconds = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"carepath/{__version__}",
            "Connection": "close",
            "webhook-id": reference,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(secrets, reference, seconds, body),
        }
        return _Request(body, headers)

    def probe(self, to: str) -> str:
        """Return the code of what keeps us from a host; empty when it can be reached. Sends nothing."""
        where = target(to)
        host = self._settings.find(where)
        if host is None:
            return "host-not-listed"
        return self._attempt(where, host, _open).code

    def _attempt(self, where: Target, host: HookHost, work: "Callable[[_Connection], Sent]") -> Sent:
        connection = _Connection(where, host, Deadline(self._settings.seconds), self._ask)
        try:
            return work(connection)
        except _Refused:
            return Sent(Result.PASSING, "address-refused")
        except http.client.RemoteDisconnected:
            return Sent(Result.PASSING, "connection-lost")
        except http.client.HTTPException:
            return Sent(Result.PASSING, "no-http")
        except SettingError:
            return Sent(Result.PASSING, UNREADABLE)
        except OSError as error:
            return Sent(Result.PASSING, network_code(error))
        finally:
            connection.close()


class _Request(NamedTuple):
    body: bytes
    headers: Mapping[str, str]


class _Refused(Exception):  # noqa: N818  not raised beyond this file
    """The name leads to an address that is not public, and whose network is not listed."""


class _Connection(http.client.HTTPConnection):
    """A connection to one of the host's addresses, all of which were checked."""

    def __init__(self, where: Target, host: HookHost, deadline: Deadline, ask: Resolver) -> None:
        super().__init__(where.host, where.port)
        self.default_port = PORTS[where.scheme]  # which the Host header leaves out
        self._host, self._deadline, self._ask = host, deadline, ask

    def connect(self) -> None:
        """Resolve once, check all, connect to what was checked."""
        places = addresses(self.host, self.port, self._deadline, self._ask)
        if not all_allowed(places, self._host.networks):
            raise _Refused
        made: socket.socket = connect(places, self._deadline)
        self.sock = made  # closed with the connection from here on, whatever comes
        if self._host.context is not None:
            self.sock = secure(made, self._host.context(), self.host, self._deadline)


def payload(message: Message) -> bytes:
    """Return the body: the same bytes for the same message, however often it is sent."""
    data = {
        "id": message.id, "kind": message.kind, "role": message.role, "ward": message.ward, "rung": message.rung,
        "due_at": _utc(message.due_at), "late": message.late, "link": message.link, "text": wording.title(message),
    }  # fmt: skip
    document = {"type": f"notice.{message.kind}", "timestamp": _utc(message.told_at), "data": data}
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def _post(connection: _Connection, where: Target, request: _Request) -> Sent:
    """Post, and read the status alone: nothing that a body could say would change what is done."""
    connection.request("POST", where.path, request.body, request.headers)
    return meaning(connection.getresponse().status)


def _open(connection: _Connection) -> Sent:
    connection.connect()
    return DELIVERED


def meaning(status: int) -> Sent:
    """Return what a status of HTTP means."""
    if 200 <= status <= 299:
        return DELIVERED
    if 300 <= status <= 399:
        return Sent(Result.PERMANENT, "redirects")
    if status in _PASSING:
        return Sent(Result.PASSING, _PASSING[status])
    if status == 410:
        return Sent(Result.PERMANENT, "gone")
    if 400 <= status <= 499:
        return Sent(Result.PERMANENT, "refused")
    return Sent(Result.PASSING, "server-error")


def _utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
