"""Real servers of the world outside: for mail (aiosmtpd) and for webhooks, with TLS, on free ports of loopback.

A server does with each message what `answers` says next, and takes what comes after that.
"""

import asyncio
import email
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "localhost"
TAKE, LATER, NEVER, DROP = "take", "later", "never", "drop"
SAYS = "as said by the server: 4711"
USER, PASSWORD = "carepath", "correct horse"


@dataclass
class Arrival:
    """One message as it came. headers: by lower-case name.   to: an address, or a path."""

    to: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Outside:
    """What a server has taken, and how it goes on: by `answers`, and then by what is said `otherwise`."""

    port: int = 0
    otherwise: str | int = TAKE
    arrivals: list[Arrival] = field(default_factory=list)
    answers: deque[str | int] = field(default_factory=deque)

    def next(self) -> str | int:
        return self.answers.popleft() if self.answers else self.otherwise


class _Mailbox:
    """What aiosmtpd asks. LATER and NEVER are said of the recipient; a number is said of the letter."""

    def __init__(self, outside: Outside) -> None:
        self._outside, self._answer = outside, TAKE

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._answer = str(self._outside.next())
        if self._answer in {LATER, NEVER}:
            return f"{450 if self._answer == LATER else 550} {SAYS}"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content)
        headers = {name.lower(): str(value) for name, value in parsed.items()}
        if self._answer.isdigit():
            return f"{self._answer} {SAYS}"
        assert len(envelope.rcpt_tos) == 1
        self._outside.arrivals.append(Arrival(envelope.rcpt_tos[0], headers, envelope.content))
        if self._answer == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(context: ssl.SSLContext | None, *, implicit: bool = False, login: bool = False) -> Iterator[Outside]:
    """Run a mail server. context: None for one that offers no TLS.   implicit: TLS from the first byte."""
    outside, loop = Outside(), asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(
            _Mailbox(outside), hostname="mail.example", loop=loop, authenticator=_authenticate,
            auth_required=login and not implicit,
            auth_require_tls=not implicit, tls_context=None if implicit else context,
            require_starttls=context is not None and not implicit,
        )  # fmt: skip

    async def start() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None)

    async def finish() -> None:
        server.close()
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await loop.shutdown_default_executor()

    server = loop.run_until_complete(start())
    outside.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield outside
    finally:
        asyncio.run_coroutine_threadsafe(finish(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def hook_server(context: ssl.SSLContext | None) -> Iterator[Outside]:
    """Run a server for webhooks. context: None for plain http."""
    outside = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = outside.next()
            if answer in {TAKE, DROP}:
                headers = {name.lower(): value for name, value in self.headers.items()}
                outside.arrivals.append(Arrival(self.path, headers, body))
            if answer != DROP:
                self._reply({TAKE: 204, LATER: 503, NEVER: 410}.get(str(answer), answer))
            self.close_connection = True

        def _reply(self, status: str | int) -> None:
            self.send_response(int(status), SAYS)
            self.send_header("Location", f"/elsewhere?{SAYS.replace(' ', '-')}")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket.socket, Any]:
            taken, address = self.socket.accept()
            return (taken if context is None else _handshaken(taken, context)), address

    server = Server(("127.0.0.1", 0), Handler)
    outside.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield outside
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _handshaken(taken: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """Return the connection with TLS; a peer that goes away during the handshake is no trouble of the server's."""
    taken.settimeout(10)
    try:
        return context.wrap_socket(taken, server_side=True)
    except OSError:
        taken.close()
        raise


@contextmanager
def rude_server(talk: Callable[[socket.socket, threading.Event], object]) -> Iterator[int]:
    """Run a server that does with each connection what `talk` does, and yield its port. The event: the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not over.is_set():
                taken, _ = listening.accept()
                with taken:
                    try:
                        talk(taken, over)
                    except OSError:
                        continue  # whom we were rude to has gone

        port = listening.getsockname()[1]
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield port
        finally:
            over.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(10)


def drip(speaking: socket.socket, first: bytes, over: threading.Event, seconds: float) -> bool:
    """Begin to speak and go on byte by byte for so long. Raises OSError as soon as nobody listens any more."""
    speaking.sendall(first)
    for _ in range(int(seconds / 0.02)):
        speaking.sendall(b"x")
        over.wait(0.02)
    return True


@contextmanager
def nobody_listens() -> Iterator[int]:
    """Yield a port that is taken and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
