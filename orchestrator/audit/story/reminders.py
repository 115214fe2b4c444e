"""Who was told what, when, and how late? Every firing of every reminder, and those that are still to come."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.audit.story.entries import Entry, StoryEntry, read_events
from orchestrator.audit.story.speech import about, origin, reminder_title, seconds
from orchestrator.episode import events as ev
from orchestrator.episode.event_json import TAGS
from orchestrator.episode.fold import OfReminder
from orchestrator.pathway.model import Pathway

Key = tuple[str, str, int]


@dataclass(slots=True)
class _Armed:
    """One reminder as it stands while the entries are read."""

    key: Key
    ladder: str
    due_at: dt.datetime | None
    climb_at: dt.datetime | None = None
    firings: list[dict[str, Any]] = field(default_factory=list)
    fulfilled: dict[str, Any] | None = None
    ended: dict[str, Any] | None = None

    @property
    def last(self) -> dict[str, Any]:
        """Return the present firing."""
        return self.firings[-1]


def _firing(entry: Entry, due_at: dt.datetime, *, late: bool) -> dict[str, Any]:
    return {
        "seq": entry.seq, "due_at": instant(due_at), "fired_at": entry.when, "_at": entry.at, "late": late,
        "late_seconds": max(seconds(due_at, entry.at), 0), "told": [], "acknowledged": None,
    }  # fmt: skip


class _Reader:
    """Follows the reminders through the entries."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self.all: list[_Armed] = []
        self.open: dict[Key, _Armed] = {}

    def take(self, entry: Entry, event: ev.Event) -> None:
        """Read one event; those of other things change nothing."""
        apply = _READERS.get(type(event))
        if apply is not None:
            apply(self, entry, event)

    def armed(self, _: Entry, event: ev.ReminderArmed) -> None:
        """Read that a reminder was armed."""
        made = _Armed((event.name, event.subject, event.n), event.ladder, event.due_at)
        self.open[made.key] = made
        self.all.append(made)

    def moved(self, _: Entry, event: ev.ReminderMoved) -> None:
        """Read that its moment moved."""
        self._of(event).due_at = event.due_at

    def fired(self, entry: Entry, event: ev.ReminderFired) -> None:
        """Read that it fired."""
        reminder = self._of(event)
        reminder.due_at = event.next_at
        reminder.firings.append(_firing(entry, event.due_at, late=event.late))

    def told(self, entry: Entry, event: ev.ReminderTold) -> None:
        """Read that a rung was told."""
        reminder = self._of(event)
        if event.again_at is not None:
            reminder.due_at = event.again_at
        if not reminder.firings:  # it fired in an entry that cannot be read
            reminder.firings.append(_firing(entry, event.due_at, late=event.late))
        reminder.climb_at = event.climb_at
        reminder.last["told"].append(
            {
                "rung": event.rung + 1, "role": event.role, "skipped": list(event.skipped),
                "due_at": instant(event.due_at),
                "told_at": instant(event.told_at), "late": event.late,
                "late_seconds": max(seconds(event.due_at, event.told_at), 0),
            }
        )  # fmt: skip

    def acknowledged(self, entry: Entry, event: ev.ReminderAcknowledged) -> None:
        """Read that a person saw it."""
        reminder = self._of(event)
        if event.again_at is not None:
            reminder.due_at = event.again_at
        reminder.climb_at = None
        if reminder.firings:
            reminder.last["acknowledged"] = entry.stamp

    def fulfilled(self, entry: Entry, event: ev.ReminderFulfilled) -> None:
        """Read that what it asks for was done."""
        reminder = self._of(event)
        reminder.due_at = None
        took = seconds(reminder.firings[0]["_at"], entry.at) if reminder.firings else None
        reminder.fulfilled = {**entry.stamp, "by": event.by, "took_seconds": took}

    def reopened(self, _: Entry, event: ev.ReminderReopened) -> None:
        """Read that what had fulfilled it was taken back."""
        reminder = self._of(event)
        reminder.fulfilled, reminder.due_at = None, event.due_at

    def ended(self, entry: Entry, event: ev.ReminderEnded) -> None:
        """Read that it ended."""
        reminder = self._of(event)
        reminder.due_at = None
        took = seconds(reminder.firings[0]["_at"], entry.at) if reminder.firings else None
        left = {**entry.stamp, "kind": entry.kind, "over": event.over, "took_seconds": took}
        if self._done(entry, reminder.key):
            reminder.fulfilled = {**left, "by": entry.seq}
        else:
            reminder.ended = left

    def closed(self, entry: Entry, _: ev.Closed) -> None:
        """Read that the episode closed, and every reminder with it."""
        for reminder in self.open.values():
            if reminder.due_at is not None or not (reminder.fulfilled or reminder.ended):
                reminder.due_at = None
                reminder.ended = {**entry.stamp, "kind": entry.kind, "over": False, "took_seconds": None}

    def _done(self, entry: Entry, key: Key) -> bool:
        """Return whether the entry did the very thing that the reminder asks for."""
        name, subject, number = key
        kind = self.pathway.reminders.get(name)
        until = None if kind is None else kind.until
        tasks = {subject, until.task if until else None}
        return (
            any(event.task in tasks for event in entry.of(ev.TaskCompleted))
            or any(until and event.fact == until.fact for event in entry.of(ev.FactRecorded))
            or any(
                (f"{event.regimen} {event.course}", event.number) == (subject, number)
                for event in entry.of(ev.AdministrationRecorded)
            )
        )

    def _of(self, event: OfReminder) -> _Armed:
        key = (event.name, event.subject, event.n)
        if key not in self.open:  # armed in an entry that was erased
            self.open[key] = _Armed(key, "", None)
            self.all.append(self.open[key])
        return self.open[key]


_READERS: dict[type[ev.Event], Callable[[_Reader, Entry, Any], None]] = {
    ev.ReminderArmed: _Reader.armed,
    ev.ReminderMoved: _Reader.moved,
    ev.ReminderFired: _Reader.fired,
    ev.ReminderTold: _Reader.told,
    ev.ReminderAcknowledged: _Reader.acknowledged,
    ev.ReminderFulfilled: _Reader.fulfilled,
    ev.ReminderReopened: _Reader.reopened,
    ev.ReminderEnded: _Reader.ended,
    ev.Closed: _Reader.closed,
}
_CLOSED = TAGS[ev.Closed]
_ARMED = TAGS[ev.ReminderArmed]
_FIRING = frozenset({TAGS[ev.ReminderFired], TAGS[ev.ReminderTold]})
_OF_REMINDERS = frozenset(TAGS[each] for each in _READERS if each is not ev.Closed)
_ANSWERS = frozenset(TAGS[each] for each in (ev.Closed, ev.TaskCompleted, ev.FactRecorded, ev.AdministrationRecorded))
"""What else `_Reader` looks at."""


def reminders(entries: Sequence[Entry], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the reminders that fired, in the order of their first firing, then those that are still to come.

    status: waiting (fired; it climbs on or fires again), unanswered (at the top of its ladder, and it does not fire
    again), seen (acknowledged, and asks for no more), answered (what it asks for was done), ended (what it belongs to
    is gone), to-come. took_seconds: from the first firing to the answer.
    """
    reader = _read(entries, pathway)
    fired = _fired(reader)
    coming = [each for each in reader.all if not each.firings and each.due_at and not (each.fulfilled or each.ended)]
    coming.sort(key=lambda each: (each.due_at, each.key))
    return _rows((*fired, *coming), pathway)


def newest(entries: Sequence[StoryEntry], pathway: Pathway, count: int | None) -> tuple[list[dict[str, Any]], int]:
    """Return of the reminders that fired the last so many, as `reminders` has them, and how many there are of all.

    count: None for all. Of the others nothing is made: what happened to them is passed over as it is stored.
    """
    first, places = _first_firings(entries)
    kept = len(first) if count is None else min(count, len(first))
    keys = {key for _, key in first[len(first) - kept :]}
    concerned = [entries[place] for place in sorted({place for key in keys for place in (*places[key], *places[None])})]
    wanted = read_events(concerned, lambda event: event["type"] in _ANSWERS or _key(event) in keys)
    fired = _fired(_read(wanted, pathway))
    return _rows(fired[len(fired) - kept :], pathway), len(first)


def _first_firings(entries: Sequence[StoryEntry]) -> tuple[list[tuple[str, Key]], Mapping[Key | None, list[int]]]:
    """Return when each reminder that fired did so first, in the order of `reminders`; armed anew it is another one.

    With it: the places of the entries that say something of each, under None of those that end them all.
    """
    found: list[tuple[str, Key]] = []
    places: defaultdict[Key | None, list[int]] = defaultdict(list)
    fired: set[Key] = set()
    for place, entry in enumerate(entries):
        for event in () if entry.body is None else entry.body["events"]:
            kind = event["type"]
            if kind == _CLOSED:
                places[None].append(place)
            key = _key(event)
            if key is None:
                continue
            places[key].append(place)
            if kind == _ARMED:
                fired.discard(key)
            elif kind in _FIRING and key not in fired:
                fired.add(key)
                found.append((entry.header["at"], key))
    return sorted(found), places


def _key(event: Mapping[str, Any]) -> Key | None:
    """Return the key of the reminder that a stored event is about."""
    return (event["name"], event["subject"], event["n"]) if event["type"] in _OF_REMINDERS else None


def _read(entries: Iterable[Entry], pathway: Pathway) -> _Reader:
    reader = _Reader(pathway)
    for entry in entries:
        for event in entry.events:
            reader.take(entry, event)
    return reader


def _fired(reader: _Reader) -> list[_Armed]:
    return sorted(
        (each for each in reader.all if each.firings), key=lambda each: (each.firings[0]["fired_at"], each.key)
    )


def _rows(found: Sequence[_Armed], pathway: Pathway) -> list[dict[str, Any]]:
    called = {name: _called(name, pathway) for name in {each.key[0] for each in found}}
    return [_row(each, pathway, called[each.key[0]]) for each in found]


def _called(name: str, pathway: Pathway) -> dict[str, Any]:
    """Return what is told alike of every reminder of a name."""
    kind = pathway.reminders.get(name)
    found = None if kind is None else origin(pathway, kind.mark, local=bool(kind.mark.settable))
    return {"name": name, "title": reminder_title(pathway, name), "origin": found}


def _row(reminder: _Armed, pathway: Pathway, called: Mapping[str, Any]) -> dict[str, Any]:
    _, subject, number = reminder.key
    return {
        **called,
        "subject": subject,
        "about": about(pathway, subject),
        "n": number,
        "ladder": reminder.ladder,
        "status": _status(reminder),
        "due_at": None if reminder.due_at is None else instant(reminder.due_at),
        "firings": [{key: value for key, value in each.items() if key != "_at"} for each in reminder.firings],
        "fulfilled": reminder.fulfilled,
        "ended": reminder.ended,
    }


def _status(reminder: _Armed) -> str:
    if not reminder.firings:
        return "to-come"
    if reminder.fulfilled or reminder.ended:
        return "answered" if reminder.fulfilled else "ended"
    if reminder.due_at or reminder.climb_at:
        return "waiting"
    return "seen" if reminder.last["acknowledged"] else "unanswered"
