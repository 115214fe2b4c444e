"""What is an entry, once it is open? The header's facts and the events of the body, typed."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from orchestrator.audit.seal import instant, refusal_in
from orchestrator.episode.event_json import event_from_json
from orchestrator.episode.events import Event

E = TypeVar("E", bound=Event)


class StoryEntry(NamedTuple):
    """One entry as it was opened. header: the fields of ``seal.Header``; body: None when it was erased.

    body: ``command`` (as ``command_to_json`` has it) and ``events`` (as ``event_to_json`` has them), in order;
    ``glass`` where somebody of another ward acted by a broken glass.
    """

    header: Mapping[str, Any]
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, read. at: UTC; refused: the code of the refusal, or None; origin, target: states."""

    episode_id: str
    ward: str
    seq: int
    at: dt.datetime
    who: Mapping[str, Any]
    kind: str
    command: Mapping[str, Any]
    events: tuple[Event, ...]
    erased: bool
    origin: str | None
    target: str
    refused: str | None
    corrects: int | None
    glass: bool

    @property
    def when(self) -> str:
        """Return its moment as text: ISO 8601 in UTC."""
        return instant(self.at)

    @property
    def reason(self) -> str | None:
        """Return the reason that was given, or None."""
        reason = self.command.get("reason")
        return reason if isinstance(reason, str) else None

    @property
    def stamp(self) -> dict[str, Any]:
        """Return what every row of a story tells of its entry: number, moment and who acted."""
        return {"seq": self.seq, "at": self.when, **self.who}

    def of(self, kind: type[E]) -> Iterator[E]:
        """Yield the events of one kind, in order."""
        return (event for event in self.events if isinstance(event, kind))


def read(entries: Iterable[StoryEntry]) -> tuple[Entry, ...]:
    """Return the entries, read; raises KeyError for an event that this version does not know."""
    return tuple(_read(each.header, each.body) for each in entries)


def read_events(entries: Iterable[StoryEntry], wanted: Callable[[Mapping[str, Any]], bool]) -> Iterator[Entry]:
    """Yield the entries that have events that are wanted, with these alone. wanted: asked of each as it is stored."""
    for entry in entries:
        events = [] if entry.body is None else [each for each in entry.body["events"] if wanted(each)]
        if events:
            yield _read(entry.header, {**(entry.body or {}), "events": events})


def every(entries: Iterable[Entry], kind: type[E]) -> Iterator[tuple[Entry, E]]:
    """Yield the events of one kind with their entries, in order."""
    return ((entry, event) for entry in entries for event in entry.of(kind))


def _read(header: Mapping[str, Any], body: Mapping[str, Any] | None) -> Entry:
    who = {
        "actor": header["actor"],
        "role": header["role"],
        "on_behalf_of": header.get("on_behalf_of"),
        "authenticated": bool(header.get("authenticated")),
    }
    return Entry(
        episode_id=header["episode_id"],
        ward=header["ward"],
        seq=header["seq"],
        at=dt.datetime.fromisoformat(header["at"]).astimezone(dt.UTC),
        who=who,
        kind=header["cause"],
        command={} if body is None else body.get("command") or {},
        events=() if body is None else tuple(event_from_json(each) for each in body["events"]),
        erased=body is None,
        origin=header.get("from_state"),
        target=header["to_state"],
        refused=refusal_in(str(header.get("result", ""))) or None,
        corrects=header.get("corrects"),
        glass=body is not None and bool(body.get("glass")),
    )
