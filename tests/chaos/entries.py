"""What does the checker read in a store? Entries, opened, and what was told in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from orchestrator.audit.seal import Header
from orchestrator.episode.commands import Tick, moment
from orchestrator.notify.channel import Message
from orchestrator.notify.wording import reference
from tests.chaos.pager import ROUTE


@dataclass(frozen=True)
class Entry:
    """One entry, opened, with the alarm of the episode as this entry leaves it."""

    header: Header
    events: Sequence[dict[str, Any]]
    next_due_at: datetime | None

    @property
    def fired(self) -> bool:
        return self.header.cause == Tick.kind


class Told(NamedTuple):
    """One rung of one reminder, told to one role at one moment."""

    about: str
    rung: int
    role: str
    due_at: datetime
    told_at: datetime

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> "Told":
        about = f"{event['name']}#{event['subject']}/{event['n']}"
        return cls(about, event["rung"], event["role"], _at(event["due_at"]), _at(event["told_at"]))

    @classmethod
    def of_notice(cls, row: Mapping[str, Any]) -> "Told":
        return cls(row["about"], row["rung"], row["role"], _at(row["due_at"]), _at(row["told_at"]))


def told_in(entries: Sequence[Entry]) -> Iterator[Told]:
    for entry in entries:
        for event in entry.events:
            if event["type"] == "reminder-told":
                yield Told.of_event(event)


def reference_of(notice: Mapping[str, Any], route: str = ROUTE) -> str:
    """Return the id of the message that tells of a notice by a route."""
    at = datetime(2026, 1, 1, tzinfo=UTC)  # nothing but id and route counts
    told = f"{notice['episode_id']}.{notice['key']}"
    return reference(Message(told, "", "", "", 0, at, at, False, "", route))


def _at(text: str) -> datetime:
    return moment(text, "at")
