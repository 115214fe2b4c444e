"""What must be known to send mail? Where the server is, how it is trusted, and who we are to it."""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

STARTTLS, IMPLICIT = "starttls", "implicit"
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@(?=[^@]{1,255}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
"""An address as we take it: the plain form, in ASCII. Quoted and international ones are refused when they are set."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """One mail server. tls: STARTTLS or IMPLICIT; without TLS nothing is sent, nor any password.

    context, password: read when they are wanted; they raise SettingError.   sender: the address from which mail comes.
    user: empty where the server asks for no login.   seconds: for one message in all.
    """

    host: str
    port: int
    tls: str
    context: Callable[[], ssl.SSLContext] = field(repr=False)
    sender: str
    user: str = ""
    password: Callable[[], str] = field(default=str, repr=False)
    seconds: float = 15.0

    @property
    def domain(self) -> str:
        """The sender's domain: our name in greetings and in Message-IDs."""
        return self.sender.rpartition("@")[2]
