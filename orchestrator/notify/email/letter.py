"""How is a message written as a letter? Short, in plain words, with headers by which a second copy is known again."""

import datetime as dt
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from orchestrator.notify import wording
from orchestrator.notify.channel import Message

_POLICY = SMTP.clone(max_line_length=None)


def letter(message: Message, sender: str, to: str, zone: dt.tzinfo, now: dt.datetime) -> bytes:
    """Return the letter as it is sent. sender, to: plain ASCII addresses.   now: when it is written.

    Two letters of one delivery have the same Message-ID: mail systems show one, and people can tell.
    """
    made, reference = EmailMessage(_POLICY), wording.reference(message)
    made["From"] = f"carepath <{sender}>"
    made["To"] = to
    made["Subject"] = f"carepath: {wording.title(message)}"
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{reference}@{sender.rpartition('@')[2]}>"
    made["Carepath-Notice"] = reference
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(_text(message, zone), charset="us-ascii", cte="7bit")
    return made.as_bytes()


def _text(message: Message, zone: dt.tzinfo) -> str:
    lines = [
        ("Ward", wording.plain(message.ward)),
        ("For", wording.plain(message.role)),
        ("Due since", wording.moment(message.due_at, zone)),
        ("Told", f"{wording.moment(message.told_at, zone)}{', late' if message.late else ''}"),
        ("Step", wording.step(message)),
    ]
    told = "\n".join(f"{name + ':':<11}{what}" for name, what in lines if what)
    return (
        f"{wording.title(message)}.\n\n{told}\n\n{wording.plain(message.link) or 'Sign in to carepath.'}\n\n"
        "Opening a link changes nothing: sign in and acknowledge there.\n"
        "This mail was sent by a program; nobody reads replies.\n"
    )
