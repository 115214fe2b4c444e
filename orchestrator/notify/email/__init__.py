"""E-mail: SMTP with TLS, one recipient a message."""

from orchestrator.notify.email.channel import EmailChannel
from orchestrator.notify.email.settings import ADDRESS, IMPLICIT, STARTTLS, MailSettings

__all__ = ["ADDRESS", "IMPLICIT", "STARTTLS", "EmailChannel", "MailSettings"]
