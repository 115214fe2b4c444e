"""What does the file of channels say of mail?"""

from collections.abc import Callable
from pathlib import Path

from orchestrator.config import SettingError, secret
from orchestrator.notify.email.settings import ADDRESS, IMPLICIT, STARTTLS, MailSettings
from orchestrator.notify.files import beside, fault_at, later, take_context, take_port, take_seconds
from orchestrator.pathway.faults import Parts
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.terms import name_in
from orchestrator.wire.hosts import is_host

_PORTS = {STARTTLS: 587, IMPLICIT: 465}


def read_mail(fields: Fields, *, now: bool) -> MailSettings:
    """Return what is said under `mail`. now: read the files too that it points to. Raises PathwayError."""
    parts = Parts()
    host = parts.read(lambda: _server(fields))
    tls = parts.read(lambda: name_in(fields, "tls", fields.take("tls", str, STARTTLS), _PORTS, "kind of TLS"))
    port = parts.read(lambda: take_port(fields, _PORTS.get(tls, _PORTS[STARTTLS])))
    context = parts.read(lambda: take_context(fields, now=now))
    seconds = parts.read(lambda: take_seconds(fields, 15))
    sender = parts.read(lambda: _sender(fields))
    login = parts.read(lambda: _login(fields, now=now))
    parts.read(fields.done)
    parts.tell()
    return MailSettings(host, port, tls, context, sender, *login, seconds)


def _server(fields: Fields) -> str:
    host = fields.take("server", str).lower()
    if not is_host(host):
        raise fault_at(fields, "server", "must be the name of a host")
    return host


def _sender(fields: Fields) -> str:
    sender = fields.take("from", str)
    if not ADDRESS.fullmatch(sender):
        raise fault_at(fields, "from", "must be a mail address", "such as carepath@hospital.example")
    return sender


def _login(fields: Fields, *, now: bool) -> tuple[str, Callable[[], str]]:
    user, name = fields.take("user", str, ""), fields.take("password_file", str, "")
    if bool(user) != bool(name):
        missing = "password_file" if user else "user"
        raise fields.error(f"{fields.what} has no '{missing}'", hint="a login needs both, or leave both out")
    if not user:
        return "", str
    if not _plain(user):
        raise fault_at(fields, "user", "must be visible ASCII", "SMTP takes no other")
    path = beside(fields, name)
    return user, later(fields, "password_file", lambda: _password(path), now=now)


def _password(path: Path) -> str:
    password = secret(path, "password_file")
    if not _plain(password):
        raise SettingError(f"password_file: the file {path} must hold visible ASCII: SMTP takes no other")
    return password


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
