"""Goal: mail goes out under TLS alone, and what a server says of one letter is told from what it says of us."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.clock import VirtualClock
from orchestrator.config import SettingError
from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.email import STARTTLS, EmailChannel, MailSettings
from orchestrator.notify.email.channel import fault
from orchestrator.notify.email.letter import letter
from orchestrator.wire.deadline import tls_context
from tests.servers import outside
from tests.servers.certificates import Authority
from tests.servers.outside import HOST, Outside

LONDON, TO, SENDER = ZoneInfo("Europe/London"), "neuro-1@ward.example", "carepath@hospital.example"
NOW = datetime(2026, 7, 2, 8, 31, 7, tzinfo=UTC)
MESSAGE = Message(
    "0192f0c1.3.0", "reminder", "clinician", "neuro-1", 0, datetime(2026, 7, 2, 8, 30, tzinfo=UTC), NOW, late=False,
    link="https://carepath.hospital.example/open/0192f0c1.3.0",
)  # fmt: skip
LETTER = """\
From: carepath <carepath@hospital.example>
To: neuro-1@ward.example
Subject: carepath: A reminder waits for an answer
Date: Thu, 02 Jul 2026 08:31:07 +0000
Message-ID: <bc6381c5bc7f7b2fee3d8f51a7719463@hospital.example>
Carepath-Notice: bc6381c5bc7f7b2fee3d8f51a7719463
Auto-Submitted: auto-generated
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: 7bit
MIME-Version: 1.0

A reminder waits for an answer.

Ward:      neuro-1
For:       clinician
Due since: 2026-07-02 09:30 BST
Told:      2026-07-02 09:31 BST
Step:      1 (the first to be told)

https://carepath.hospital.example/open/0192f0c1.3.0

Opening a link changes nothing: sign in and acknowledge there.
This mail was sent by a program; nobody reads replies.
"""


def settings(port: int, file: Path) -> MailSettings:
    password = lambda: outside.PASSWORD  # noqa: E731  read when it is wanted
    return MailSettings(HOST, port, STARTTLS, lambda: tls_context(str(file)), SENDER, outside.USER, password)


def send(chosen: MailSettings) -> Sent:
    return EmailChannel(chosen, LONDON, VirtualClock(NOW)).send(MESSAGE, TO)


@pytest.fixture
def server(trusted: Authority) -> Iterator[Outside]:
    with outside.mail_server(trusted.server(HOST), login=True) as running:
        yield running


def test_the_whole_letter(server: Outside, trusted: Authority) -> None:
    assert send(settings(server.port, trusted.file)) == DELIVERED
    assert server.arrivals[0].body.decode() == LETTER.replace("\n", "\r\n")


@pytest.mark.parametrize("kind", ["set-aside", "clock", "undelivered", "of-tomorrow"])
def test_every_kind_of_notice_can_be_told(kind: str) -> None:
    parsed = message_from_bytes(letter(MESSAGE._replace(kind=kind), SENDER, TO, LONDON, NOW), policy=policy.SMTP)
    assert str(parsed["To"]) == TO
    assert "Step:" not in parsed.get_content()
    assert "reminder waits" not in parsed.get_content()


def test_nothing_is_sent_without_tls(trusted: Authority) -> None:
    with outside.mail_server(None) as server:
        assert send(settings(server.port, trusted.file)) == Sent(Result.PASSING, "not-offered")
        assert server.arrivals == []


def test_a_server_that_drips_once_it_speaks_tls_does_not_hold_us(trusted: Authority) -> None:
    context = trusted.server(HOST)
    gave_in: list[bool] = []

    def talks(taken: socket.socket, over: threading.Event) -> None:
        for answer in (b"220 mail.example\r\n", b"250-mail.example\r\n250 STARTTLS\r\n", b"220 go on\r\n"):
            taken.sendall(answer)
            if answer != b"220 go on\r\n":
                taken.recv(1000)
        with context.wrap_socket(taken, server_side=True) as speaking:
            speaking.recv(1000)
            gave_in.append(outside.drip(speaking, b"250-mail.example ", over, 4.0))

    with outside.rude_server(talks) as port:
        assert send(replace(settings(port, trusted.file), seconds=0.4)) == Sent(Result.PASSING, "timeout")
        assert gave_in == []


def test_a_wrong_password_passes_since_it_can_be_mended(server: Outside, trusted: Authority) -> None:
    wrong = replace(settings(server.port, trusted.file), password=lambda: "guess")
    assert send(wrong) == Sent(Result.PASSING, "login-refused")
    assert send(replace(wrong, user="")) == Sent(Result.PASSING, "login-refused")
    assert server.arrivals == []


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (451, Sent(Result.PASSING, "letter-refused-for-now")),
        (554, Sent(Result.PERMANENT, "letter-refused")),
        (530, Sent(Result.PASSING, "login-refused")),
    ],
)
def test_what_a_server_says_of_the_letter(server: Outside, trusted: Authority, answer: int, sent: Sent) -> None:
    server.answers.append(answer)
    assert send(settings(server.port, trusted.file)) == sent


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (smtplib.SMTPSenderRefused(550, b"no", SENDER), Sent(Result.PASSING, "sender-refused")),
        (smtplib.SMTPSenderRefused(530, b"no", SENDER), Sent(Result.PASSING, "login-refused")),
        (smtplib.SMTPConnectError(554, b"no"), Sent(Result.PASSING, "server-refused")),
        (smtplib.SMTPRecipientsRefused({TO: (421, b"no")}), Sent(Result.PASSING, "recipient-refused-for-now")),
        (smtplib.SMTPRecipientsRefused({TO: (-1, b"")}), Sent(Result.PASSING, "recipient-refused-for-now")),
        (ConnectionResetError(), Sent(Result.PASSING, "connection-lost")),
        (OSError(113, "no route"), Sent(Result.PASSING, "unreachable")),
    ],
)
def test_what_stands_between_us_and_the_server_passes(error: Exception, sent: Sent) -> None:
    assert fault(error) == sent


def test_a_secret_that_cannot_be_read_passes(server: Outside, trusted: Authority) -> None:
    def unreadable() -> str:
        raise SettingError("password_file: the file cannot be read")

    assert send(replace(settings(server.port, trusted.file), password=unreadable)) == Sent(
        Result.PASSING, "file-unreadable"
    )
    assert server.arrivals == []
