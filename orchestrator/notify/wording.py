"""What does a message say to people? Plain words, the same in every channel, and nothing of a patient.

A kind of notice that is not known here is told as a notice: a message that says little is better than none.
"""

import datetime as dt
import hashlib
import re

from orchestrator.notify.channel import Message

_TITLES = {
    "reminder": "A reminder waits for an answer",
    "set-aside": "An alarm could not fire and is tried again",
    "clock": "The clock cannot be trusted: all reminders are held",
    "overdue": "Reminders are late: something is due and does not fire",
    "restored": "The store was restored from a backup: what was entered since is missing",
    "undelivered": "A notice could not be delivered",
    "glass": "Somebody of another ward opened a patient's record in an emergency",
    "merge": "Two records were merged into one patient, or that was taken back",
    "ward-changed": "A patient was moved to your ward",
    "unassigned": "A reminder reaches nobody: no role on its ladder is held",
}
KINDS = tuple(_TITLES)
"""The kinds of notices."""
_OWN = {
    "test": "A test: by this way notices reach you",
    "factor-ended": "Your second factor was taken off: if you did not ask for that, tell an administrator at once",
}
"""What is told to one person, of the own account, and stands in no inbox."""
_OTHER = "A notice waits in the inbox"
_UNPRINTABLE = re.compile(r"[^ -~]")


def reference(message: Message) -> str:
    """Return by what a second copy is known again: 32 hex digits, the same for one notice by one route.

    By another route it is another message: who takes both must not take the second one for a copy.
    """
    return hashlib.sha256(f"carepath notice\n{message.id}\n{message.route}".encode()).hexdigest()[:32]


def title(message: Message) -> str:
    """Return one line that says what it is about."""
    return of_kind(message.kind)


def of_kind(kind: str) -> str:
    """Return one line that says what a notice of a kind is about."""
    return _OWN.get(kind) or _TITLES.get(kind, _OTHER)


def step(message: Message) -> str:
    """Return how far up its ladder a reminder is; empty for what has no ladder."""
    if message.kind != "reminder":
        return ""
    return f"{message.rung + 1} (nobody has answered yet)" if message.rung else "1 (the first to be told)"


def moment(at: dt.datetime, zone: dt.tzinfo) -> str:
    """Return a moment in the hospital's zone: ``2026-03-02 09:30 GMT``."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def plain(text: str) -> str:
    """Return the text with whatever is no visible ASCII character as '?', so that it can begin no line or header."""
    return _UNPRINTABLE.sub("?", text)
