"""What does the file of channels say of mail?"""

from orchestrator.notify.email.settings import ADDRESS, IMPLICIT, STARTTLS, MailSettings
from orchestrator.notify.files import fault_at, secret_of, take_context, take_port, take_seconds
from orchestrator.notify.hosts import is_host
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.terms import name_in

_PORTS = {STARTTLS: 587, IMPLICIT: 465}


def read_mail(fields: Fields) -> MailSettings:
    """Return what is said under `mail`. Raises PathwayError."""
    host = fields.take("server", str).lower()
    if not is_host(host):
        raise fault_at(fields, "server", "must be the name of a host")
    tls = name_in(fields, "tls", fields.take("tls", str, STARTTLS), _PORTS, "kind of TLS")
    port, context, seconds = take_port(fields, _PORTS[tls]), take_context(fields), take_seconds(fields, 20)
    sender = fields.take("from", str)
    if not ADDRESS.fullmatch(sender):
        raise fault_at(fields, "from", "must be a mail address", "such as carepath@hospital.example")
    user, password = _login(fields)
    fields.done()
    return MailSettings(host, port, tls, context, sender, user, password, seconds)


def _login(fields: Fields) -> tuple[str, str]:
    user, file = fields.take("user", str, ""), fields.take("password_file", str, "")
    if bool(user) != bool(file):
        missing = "password_file" if user else "user"
        raise fields.error(f"{fields.what} has no '{missing}'", hint="a login needs both, or leave both out")
    if not user:
        return "", ""
    password = secret_of(fields, "password_file", file)
    if not (user.isascii() and user.isprintable() and password.isascii() and password.isprintable()):
        raise fault_at(fields, "password_file", "and 'user' must be visible ASCII", "SMTP takes no other in a login")
    return user, password
