"""How long may an exchange with a server take? So long in all, however slowly it answers, and no longer.

A socket's own timeout bounds one wait: a server that sends a byte a second keeps whoever reads a line for hours. The
sockets made here share one deadline, which every wait is cut to.
"""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, NamedTuple


class Address(NamedTuple):
    """One address of a host: what `getaddrinfo` tells of it. ip: as text, without a scope."""

    family: int
    ip: str
    port: int

    @property
    def place(self) -> tuple[Any, ...]:
        """Return what a socket connects to."""
        return (self.ip, self.port)


Resolver = Callable[[str, int], Sequence[Address]]


class Deadline:
    """A moment by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, above 0. Raises TimeoutError when none are."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left

    def within(self, seconds: float) -> None:
        """Come nearer: so many seconds from now at most."""
        self._end = min(self._end, monotonic() + seconds)


class BoundedSocket(socket.socket):
    """A socket that waits until its deadline and no longer."""

    deadline: Deadline

    def recv_into(self, *args: Any, **more: Any) -> int:  # noqa: ANN401  as the library has it
        self.settimeout(self.deadline.left())
        return super().recv_into(*args, **more)

    def sendall(self, *args: Any, **more: Any) -> None:  # noqa: ANN401
        self.settimeout(self.deadline.left())
        super().sendall(*args, **more)


class BoundedTLS(ssl.SSLSocket):
    """The same with TLS. The library makes it, so that its deadline is set once it is there."""

    deadline: Deadline | None = None

    def recv_into(self, *args: Any, **more: Any) -> int:  # noqa: ANN401
        self._bound()
        return super().recv_into(*args, **more)

    def sendall(self, *args: Any, **more: Any) -> None:  # noqa: ANN401
        self._bound()
        super().sendall(*args, **more)

    def _bound(self) -> None:
        if self.deadline is not None:
            self.settimeout(self.deadline.left())


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return how servers are verified: certificate and host name, against this file of authorities or the system's.

    Raises OSError (ssl.SSLError is one) for a file that cannot be used.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = BoundedTLS
    return context


def secure(plain: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> BoundedTLS:
    """Return the socket with TLS, once the server has shown that it is `host`. Raises OSError."""
    plain.settimeout(deadline.left())
    wrapped = context.wrap_socket(plain, server_hostname=host)
    assert isinstance(wrapped, BoundedTLS), "the context is tls_context's"
    wrapped.deadline = deadline
    return wrapped


def resolve(host: str, port: int) -> list[Address]:
    """Return the host's addresses for TCP, each once, in the system's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(
        dict.fromkeys(Address(int(family), str(place[0]).partition("%")[0], port) for family, *_, place in found)
    )


def addresses(host: str, port: int, deadline: Deadline, ask: Resolver = resolve) -> Sequence[Address]:
    """Return the host's addresses. Raises OSError; TimeoutError too, for the system's resolver knows no bound."""
    answer: queue.SimpleQueue[Sequence[Address] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put(ask(host, port))
        except UnicodeError:  # a name that cannot be one
            answer.put(socket.gaierror(socket.EAI_NONAME, "no such host"))
        except OSError as error:
            answer.put(error)

    threading.Thread(target=run, name="resolver", daemon=True).start()
    try:
        found = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("the resolver did not answer") from None
    if isinstance(found, OSError):
        raise found
    return found


def connect(places: Sequence[Address], deadline: Deadline) -> BoundedSocket:
    """Return a connection to the first of these addresses that takes one. Raises OSError, the last one's.

    Each may take its share of the time that is left, so that one that never answers does not hide the next.
    """
    last: OSError = OSError("no address")
    for index, each in enumerate(places):
        made = BoundedSocket(each.family, socket.SOCK_STREAM)
        made.deadline = deadline
        try:
            made.settimeout(deadline.left() / (len(places) - index))
            made.connect(each.place)
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last


def network_code(error: BaseException | None) -> str:
    """Return a failure of the network as a short word; that of a connection that ended for None."""
    match error:
        case TimeoutError():
            return "timeout"
        case socket.gaierror():
            return "no-such-host"
        case ssl.SSLCertVerificationError():
            return "wrong-certificate"
        case None | ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError() | ssl.SSLEOFError():
            return "connection-lost"
        case ssl.SSLError():
            return "no-tls"
        case _:
            return "unreachable"
