"""What of a story does a patient's page show? Way, courses and facts whole; of the rest the newest, when asked.

Most entries of a long episode are the clock's, which told somebody something, and the answers "seen". They are opened,
for only their content says so, and then passed over: nothing of them is made but what is shown.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from orchestrator.audit.story.courses import courses
from orchestrator.audit.story.entries import Entry, StoryEntry, read, read_events
from orchestrator.audit.story.plots import plots
from orchestrator.audit.story.reminders import newest
from orchestrator.audit.story.tell import is_quiet, line
from orchestrator.audit.story.way import way
from orchestrator.audit.story.work import facts
from orchestrator.episode import events as ev
from orchestrator.episode.event_json import TAGS
from orchestrator.episode.events import BOOKKEEPING
from orchestrator.pathway.model import Pathway

_BOOKKEEPING = frozenset(TAGS[each] for each in BOOKKEEPING)
_MOVING = frozenset(TAGS[each] for each in (ev.Enrolled, ev.Moved, ev.DecisionTakenBack, ev.Closed))


class Lines(Sequence[dict[str, Any]]):
    """The timeline: each line is told when it is asked for, and made only then."""

    def __init__(self, entries: Sequence[StoryEntry], pathway: Pathway) -> None:
        self._entries, self._pathway = entries, pathway

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Return lines as `tell` has them."""
        if isinstance(place, slice):
            return [line(each, self._pathway) for each in read(self._entries[place])]
        return line(read([self._entries[place]])[0], self._pathway)

    def after(self, seq: int) -> list[dict[str, Any]]:
        """Return the lines behind a number."""
        begin = next((place for place, each in enumerate(self._entries) if each.header["seq"] > seq), len(self))
        return self[begin:]

    def numbered(self, seq: int) -> dict[str, Any] | None:
        """Return the line of an entry, None where there is none."""
        found = (place for place, each in enumerate(self._entries) if each.header["seq"] == seq)
        place = next(found, None)
        return None if place is None else self[place]

    def quiet(self) -> Iterator[bool]:
        """Tell of each entry, the newest first, whether its line `is_quiet`; no line is told for that."""
        for each in reversed(self._entries):
            header, erased = each.header, each.body is None
            yield is_quiet(
                {"kind": header["cause"], "from": header["from_state"], "to": header["to_state"], "erased": erased}
            )


def glance(
    entries: Sequence[StoryEntry], pathway: Pathway, *, until: dt.datetime | None = None, reminders: int | None = None
) -> dict[str, Any]:
    """Return parts of the story as `tell` has them: way, courses, facts, plots, reminders; timeline as `Lines`.

    until: to which moment what is in force goes on; the last entry's for None. state: where the patient stands. fired:
    how many reminders have fired; of these the newest so many stand among `reminders`, all for None, and none that is
    still to come. actors: whoever made an entry.
    Raises ValueError when there is no entry.
    """
    if not entries:
        raise ValueError("an episode without entries has no story")
    known = list(_known(entries))
    told: dict[str, Any] = {
        "way": way(known, pathway),
        "courses": courses(known, pathway, until),
        "facts": facts(known, pathway),
    }
    told["reminders"], told["fired"] = newest(entries, pathway, reminders)
    told["plots"] = plots(told["facts"], pathway)
    told["state"] = told["way"][-1]["state"] if told["way"] else entries[-1].header["to_state"]
    told["timeline"] = Lines(entries, pathway)
    told["actors"] = {each.header["actor"] for each in entries}
    return told


def _known(entries: Sequence[StoryEntry]) -> Iterator[Entry]:
    """Yield the entries that say more than that somebody was told something, or has seen it; and the last one.

    Of one that moved the episode all is read, for it is told why; of another what a guard can see.
    """
    for each in entries:
        kinds = set() if each.body is None else {event["type"] for event in each.body["events"]}
        if each.body is None or each is entries[-1] or not kinds.isdisjoint(_MOVING):
            yield from read([each])
        elif not kinds <= _BOOKKEEPING:
            yield from read_events([each], _sees)


def _sees(event: Mapping[str, Any]) -> bool:
    return event["type"] not in _BOOKKEEPING
