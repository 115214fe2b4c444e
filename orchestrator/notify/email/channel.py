"""How does a message leave by mail? Over SMTP with TLS, once a call; what the server says decides whether to try again.

Final is what the server says of this recipient or this letter (5xx to RCPT or DATA). Whatever stands between us and
the server (connection, certificate, login, a refused sender) is the same for every letter and can be mended without
touching one. It counts as passing, so that all that waits goes out by itself once it is mended, and not as many dead
letters as there were reminders. The owners are told of both.
"""

import contextlib
import datetime as dt
import smtplib
import socket

from orchestrator.clock import Clock, HostClock
from orchestrator.config import SettingError
from orchestrator.notify.channel import DELIVERED, UNREADABLE, Message, Result, Sent
from orchestrator.notify.email.letter import letter
from orchestrator.notify.email.settings import ADDRESS, IMPLICIT, MailSettings
from orchestrator.wire.deadline import BoundedTLS, Deadline, addresses, connect, network_code, secure

_GOODBYE_SECONDS = 2.0
_FAILURES = (smtplib.SMTPException, OSError, SettingError)
_LOGIN_WANTED = {530, 534, 535, 538}


class EmailChannel:
    """Sends messages through one mail server."""

    name = "e-mail"

    def __init__(self, settings: MailSettings, zone: dt.tzinfo, clock: Clock | None = None) -> None:
        self._settings, self._zone, self._clock = settings, zone, clock or HostClock()

    def send(self, message: Message, to: str) -> Sent:
        """Send one letter. A second one for the same id carries the same Message-ID."""
        if not ADDRESS.fullmatch(to):
            return Sent(Result.PERMANENT, "bad-address")
        text = letter(message, self._settings.sender, to, self._zone, self._clock.now())
        try:
            with contextlib.closing(_Session(self._settings)) as session:
                session.sendmail(self._settings.sender, [to], text)
                session.part()
        except _FAILURES as error:
            return fault(error)
        return DELIVERED

    def probe(self) -> str:
        """Return the code of what keeps us from the server; empty when it lets us in. Sends nothing."""
        try:
            with contextlib.closing(_Session(self._settings)) as session:
                session.part()
        except _FAILURES as error:
            return fault(error).code
        return ""


class _Session(smtplib.SMTP):
    """A session within one deadline, with TLS and logged in when it is made."""

    def __init__(self, settings: MailSettings) -> None:
        self._to, self._deadline = settings, Deadline(settings.seconds)
        self._context, self._password = settings.context(), settings.password()
        super().__init__(local_hostname=settings.domain)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._host = self._to.host  # whose certificate the library asks for
        code, said = self.connect(self._to.host, self._to.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        if self._to.tls != IMPLICIT:
            self.starttls(context=self._context)
            assert isinstance(self.sock, BoundedTLS), "the context is tls_context's"
            self.sock.deadline = self._deadline
        if self._to.user:
            self.login(self._to.user, self._password)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect as the library asks for it."""
        made = connect(addresses(host, port, self._deadline), self._deadline)
        if self._to.tls != IMPLICIT:
            return made
        try:
            return secure(made, self._context, host, self._deadline)
        except BaseException:
            made.close()
            raise

    def part(self) -> None:
        """Say goodbye. What was accepted stays accepted, so whatever becomes of this is nobody's trouble."""
        self._deadline.within(_GOODBYE_SECONDS)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self.quit()


def fault(error: Exception) -> Sent:
    """Return what a failure means: its code is ours, never the server's text."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _answer(min(code for code, _ in error.recipients.values()), "recipient-refused")
        case smtplib.SMTPDataError():
            return _answer(error.smtp_code, "letter-refused")
        case SettingError():
            return Sent(Result.PASSING, UNREADABLE)
        case _:
            return Sent(Result.PASSING, _between(error))


def _between(error: Exception) -> str:
    """Return the code of what stands between us and the server."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "login-refused"
        case smtplib.SMTPSenderRefused():
            return "login-refused" if error.smtp_code in _LOGIN_WANTED else "sender-refused"
        case smtplib.SMTPServerDisconnected():
            return network_code(error.__context__)
        case smtplib.SMTPNotSupportedError():
            return "not-offered"  # TLS or login, without which nothing is sent
        case smtplib.SMTPException():
            return "server-refused"
        case _:
            return network_code(error)


def _answer(code: int, name: str) -> Sent:
    """Return what an answer to this recipient or letter means: 4xx passes, 5xx stays."""
    if code in _LOGIN_WANTED:
        return Sent(Result.PASSING, "login-refused")
    if 500 <= code <= 599:
        return Sent(Result.PERMANENT, name)
    return Sent(Result.PASSING, f"{name}-for-now")
