"""What is a channel? A means by which a notice reaches people. One folder a channel, the same shape in each.

A channel decides whether trying again has a point; whoever calls it keeps count and loses nothing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from orchestrator.service.rows import Lease


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


class Channel(Protocol):
    """Sends notices. After a crash it may be handed one again: `key` is the same then, so that it can tell."""

    name: str

    def send(self, notice: Lease, key: str) -> Sent: ...
