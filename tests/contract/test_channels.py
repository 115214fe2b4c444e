"""Goal: every channel keeps the same promises towards real servers, whatever these do.

A message arrives with all that it should say and nothing of a patient; a second copy can be told; the time is bounded;
a failure has a short word of our own and says whether to try again; nobody is told who cannot show who he is.
"""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.email import IMPLICIT, STARTTLS, EmailChannel, MailSettings
from orchestrator.notify.webhook import HookHost, HookSettings, WebhookChannel
from orchestrator.wire.deadline import tls_context
from tests.servers import outside
from tests.servers.certificates import Authority, authority
from tests.servers.outside import DROP, HOST, LATER, NEVER, SAYS, Outside

SECONDS, SHORT = 10.0, 0.4
PATIENCE = 4.0
"""After so long a rude server gives in and is polite, so that whoever waits for it beyond his time is found out."""
LONDON = ZoneInfo("Europe/London")
SECRET = b"x" * 32
MESSAGE = Message(
    "0192f0c1.3.0", "reminder", "clinician", "neuro-1", 2, datetime(2026, 7, 2, 8, 30, tzinfo=UTC),
    datetime(2026, 7, 2, 8, 31, tzinfo=UTC), late=True, link="https://carepath.hospital.example/open/0192f0c1.3.0",
)  # fmt: skip


LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True)
class Gate:
    """One channel with its kind of server. make: the channel to a port, with an authority's file and a time."""

    name: str
    make: Callable[[int, Path, float], EmailChannel | WebhookChannel]
    serve: Callable[[ssl.SSLContext], AbstractContextManager[Outside]]
    to: Callable[[int], str]
    reference: str  # the header by which a copy is told
    implicit: bool  # TLS from the first byte
    first_words: bytes  # how its servers begin to speak

    def send(self, port: int, trusted: Path, message: Message = MESSAGE, seconds: float = SECONDS) -> Sent:
        return self.make(port, trusted, seconds).send(message, self.to(port))


def mail_gate(tls: str) -> Gate:
    def make(port: int, trusted: Path, seconds: float) -> EmailChannel:
        settings = MailSettings(
            HOST, port, tls, lambda: tls_context(str(trusted)), "carepath@hospital.example", outside.USER,
            lambda: outside.PASSWORD, seconds,
        )  # fmt: skip
        return EmailChannel(settings, LONDON)

    def serve(context: ssl.SSLContext) -> AbstractContextManager[Outside]:
        return outside.mail_server(context, implicit=tls == IMPLICIT, login=True)

    return Gate(
        f"mail-{tls}", make, serve, lambda _: "neuro-1@ward.example", "message-id", tls == IMPLICIT, b"220 mail.example"
    )


def hook_gate() -> Gate:
    def make(port: int, trusted: Path, seconds: float) -> WebhookChannel:
        host = HookHost((lambda: SECRET,), lambda: tls_context(str(trusted)), LOOPBACK)
        return WebhookChannel(HookSettings({f"{HOST}:{port}": host}, seconds))

    return Gate(
        "webhook", make, outside.hook_server, lambda port: f"https://{HOST}:{port}/in?ward=1", "webhook-id",
        True, b"HTTP/1.1 200 OK\r\nX-Slow: ",
    )  # fmt: skip


GATES = [mail_gate(STARTTLS), mail_gate(IMPLICIT), hook_gate()]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"), "stranger")


@pytest.fixture(params=GATES, ids=lambda gate: gate.name)
def gate(request: pytest.FixtureRequest) -> Gate:
    found: Gate = request.param
    return found


@pytest.fixture
def server(gate: Gate, trusted: Authority) -> Iterator[Outside]:
    with gate.serve(trusted.server(HOST)) as running:
        yield running


def test_a_message_arrives_once_with_all_that_it_says(gate: Gate, server: Outside, trusted: Authority) -> None:
    assert gate.send(server.port, trusted.file) == DELIVERED
    (arrival,) = server.arrivals
    said = arrival.body.decode("ascii")
    assert all(word in said for word in ("neuro-1", "clinician", MESSAGE.link, "A reminder waits for an answer"))
    assert arrival.to == ("neuro-1@ward.example" if "mail" in gate.name else "/in?ward=1")


def test_the_same_notice_by_another_route_is_no_copy(gate: Gate, server: Outside, trusted: Authority) -> None:
    for message in (MESSAGE._replace(route="one"), MESSAGE._replace(route="other"), MESSAGE._replace(route="one")):
        assert gate.send(server.port, trusted.file, message) == DELIVERED
    one, other, again = (arrival.headers[gate.reference] for arrival in server.arrivals)
    assert one == again != other


def test_a_second_copy_can_be_told(gate: Gate, server: Outside, trusted: Authority) -> None:
    for message in (MESSAGE, MESSAGE, MESSAGE._replace(id="0192f0c1.4.0")):
        assert gate.send(server.port, trusted.file, message) == DELIVERED
    first, again, other = (arrival.headers[gate.reference] for arrival in server.arrivals)
    assert first == again != other


def test_a_connection_that_breaks_after_the_message_was_taken_leaves_a_copy_that_can_be_told(
    gate: Gate, server: Outside, trusted: Authority
) -> None:
    server.answers.append(DROP)
    assert gate.send(server.port, trusted.file) == Sent(Result.PASSING, "connection-lost")
    assert gate.send(server.port, trusted.file) == DELIVERED
    first, again = (arrival.headers[gate.reference] for arrival in server.arrivals)
    assert first == again


def test_a_refusal_for_now_passes_and_one_for_good_stays(gate: Gate, server: Outside, trusted: Authority) -> None:
    server.answers.extend([LATER, NEVER])
    sent = [gate.send(server.port, trusted.file) for _ in range(2)]
    assert [each.result for each in sent] == [Result.PASSING, Result.PERMANENT]
    assert all(map(is_short_word, sent))
    assert server.arrivals == []
    assert gate.send(server.port, trusted.file) == DELIVERED


def is_short_word(sent: Sent) -> bool:
    return re.fullmatch(r"[a-z]+(-[a-z]+){0,3}", sent.code) is not None and sent.code not in SAYS


def test_a_server_that_is_down_passes(gate: Gate, trusted: Authority) -> None:
    with outside.nobody_listens() as port:
        assert gate.send(port, trusted.file) == Sent(Result.PASSING, "unreachable")


def test_a_server_that_hangs_does_not_hold_us(gate: Gate, trusted: Authority) -> None:
    gave_in: list[bool] = []

    def hangs(_: socket.socket, over: threading.Event) -> None:
        if not over.wait(PATIENCE):
            gave_in.append(True)

    with outside.rude_server(hangs) as port:
        assert gate.send(port, trusted.file, seconds=SHORT) == Sent(Result.PASSING, "timeout")
        assert gave_in == []


def test_a_server_that_drips_does_not_hold_us(gate: Gate, trusted: Authority) -> None:
    context = trusted.server(HOST)

    def drips(taken: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(taken, server_side=True) if gate.implicit else taken as speaking:
            gave_in.append(outside.drip(speaking, gate.first_words, over, PATIENCE))

    gave_in: list[bool] = []
    with outside.rude_server(drips) as port:
        assert gate.send(port, trusted.file, seconds=SHORT) == Sent(Result.PASSING, "timeout")
        assert gave_in == []


@pytest.mark.parametrize("words", [b"", b"no such protocol\r\n\r\n", b"\x00" * 20_000])
def test_a_server_that_speaks_something_else_passes(gate: Gate, trusted: Authority, words: bytes) -> None:
    def talks(taken: socket.socket, over: threading.Event) -> None:
        taken.sendall(words)
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(4096):
            pass

    with outside.rude_server(talks) as port:
        sent = gate.send(port, trusted.file, seconds=SHORT)
    assert sent.result is Result.PASSING
    assert is_short_word(sent)


def test_a_certificate_that_nobody_vouches_for_is_refused(gate: Gate, server: Outside, stranger: Authority) -> None:
    assert gate.send(server.port, stranger.file) == Sent(Result.PASSING, "wrong-certificate")
    assert server.arrivals == []


@pytest.mark.parametrize(("name", "expired"), [("elsewhere.example", False), (HOST, True)])
def test_a_certificate_of_another_name_or_time_is_refused(
    gate: Gate, trusted: Authority, name: str, expired: bool
) -> None:
    with gate.serve(trusted.server(name, expired=expired)) as server:
        assert gate.send(server.port, trusted.file) == Sent(Result.PASSING, "wrong-certificate")
        assert server.arrivals == []


def test_an_address_that_is_none_is_refused_for_good(gate: Gate, server: Outside, trusted: Authority) -> None:
    channel = gate.make(server.port, trusted.file, SECONDS)
    for to in ("", "a b", "x\r\nRCPT TO:<other@ward.example>", "ftp://localhost/", "a@b\n"):
        assert channel.send(MESSAGE, to).result is Result.PERMANENT
    assert server.arrivals == []


def test_what_a_ward_is_called_adds_no_header_and_no_line(gate: Gate, server: Outside, trusted: Authority) -> None:
    nasty = "neuro\r\nBcc: other@ward.example\r\n\r\nfree\u2028text"
    assert gate.send(server.port, trusted.file, MESSAGE._replace(ward=nasty, role=nasty, link=nasty)) == DELIVERED
    (arrival,) = server.arrivals
    assert "bcc" not in arrival.headers
    assert b"\nBcc:" not in arrival.body
    assert b"\nfree" not in arrival.body


def test_a_probe_tells_what_is_in_the_way_and_sends_nothing(
    gate: Gate, server: Outside, trusted: Authority, stranger: Authority
) -> None:
    def probe(port: int, file: Path) -> str:
        channel = gate.make(port, file, SECONDS)
        return channel.probe() if isinstance(channel, EmailChannel) else channel.probe(gate.to(port))

    assert probe(server.port, trusted.file) == ""
    assert probe(server.port, stranger.file) == "wrong-certificate"
    assert server.arrivals == []
