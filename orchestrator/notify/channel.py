"""What is a channel? A means by which a notice leaves the house. One folder a channel, the same shape in each.

A channel decides whether trying again has a point; whoever calls it keeps count and loses nothing. (The inbox is none:
a notice stands there from the transaction on that caused it.)
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """What leaves the house: opaque ids, a ward, a role, times; no patient's data, and not what the reminder is about.

    id: of the notice, the same by whatever route.   route: by which it leaves: with the id it names one delivery, and
    stays the same whenever that is tried again.   rung: how far up its ladder, from 0.   link: where a person who
    signs in finds the notice; opening it changes nothing. Times are in UTC.
    """

    id: str
    kind: str
    role: str
    ward: str
    rung: int
    due_at: datetime
    told_at: datetime
    late: bool
    link: str
    route: str = ""


class Result(Enum):
    """What became of one try."""

    DELIVERED = "delivered"
    PASSING = "passing"  # a failure that may pass: try again later
    PERMANENT = "permanent"  # a refusal for good: somebody has to be told


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of one try. code: why it failed, a short word of the channel's own, never a patient's data."""

    result: Result
    code: str = ""


DELIVERED = Sent(Result.DELIVERED)
UNREADABLE = "file-unreadable"
"""Code of a secret, or of authorities, that cannot be read: passing, for it can be mended."""


class Channel(Protocol):
    """Sends messages to addresses of its kind. After a crash it may be handed one again; its id is the same then."""

    name: str

    def send(self, message: Message, to: str) -> Sent: ...
