"""What did a shift do for each patient, and what does it hand over? What happened, what is due, late, undecided.

What happened is read from the trail, within the shift; what is due and late is as it stands now.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Header, Sealed, instant, open_body
from orchestrator.audit.story import words
from orchestrator.audit.story.entries import Entry, StoryEntry, read
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Tick
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.model import Pathway
from orchestrator.service.cursor import closed, moment, opened
from orchestrator.service.desk import Desk
from orchestrator.service.identity import Identities, identifiers_json
from orchestrator.service.overview.departures import departures, told_of
from orchestrator.service.overview.rows import ShiftRow
from orchestrator.service.overview.since import entries_since
from orchestrator.service.people.looking import Seen, Who
from orchestrator.service.people.sight import Sight
from orchestrator.service.ports import Reader
from orchestrator.service.sheets import Sheets

LONGEST = dt.timedelta(hours=48)
PAGE = 60
DECISION = "decision"
_WORTH_TELLING = (
    ev.Moved, ev.GateOverridden, ev.FactDecided, ev.FactRetracted, ev.DecisionTakenBack, ev.CourseEnded,
    ev.CourseReopened, ev.ConcernAccepted, ev.AdministrationRetracted, ev.Refused,
)  # fmt: skip
"""Of what followed from an entry: the rest is what is due, and stands there."""


@dataclass(frozen=True, slots=True)
class Span:
    """A shift: from a moment up to another, both in UTC. The next one is taken to be as long."""

    begin: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        if not dt.timedelta(0) < self.end - self.begin <= LONGEST:
            raise InvalidCommand(
                f"a shift ends after it began, and lasts at most {LONGEST // dt.timedelta(hours=1)} hours"
            )

    @property
    def next_end(self) -> dt.datetime:
        """When the next shift ends."""
        return self.end + (self.end - self.begin)


class Shifts:
    """Makes the sheet of a shift; everything returned is JSON-ready."""

    def __init__(self, desk: Desk, sheets: Sheets, identities: Identities, sight: Sight) -> None:
        self._desk, self._sheets, self._identities, self._sight = desk, sheets, identities, sight

    def now(self) -> dt.datetime:
        """Return what time it is, by the store's clock."""
        return self._sheets.times()

    def sheet(self, who: Who, ward: str, span: Span, page: int = 1, after: str | None = None) -> dict[str, Any]:
        """Return the sheet of a ward's shift, at most `PAGE` patients a page. page: from 1, of those behind `after`.

        after: a sheet's cursor, for whoever reads one behind the other.   left: who went to another ward in the shift,
        on the first page. Raises InputError.
        That somebody reads it is on the record of each patient on it, before anything is told.
        """
        if page < 1:
            raise InvalidCommand("pages are counted from 1")
        enrolled_at, episode_id = ("", "") if after is None else opened(after, 2)
        place = None if after is None else (moment(enrolled_at), episode_id)
        with self._desk.store.read() as reader:
            now, total = reader.times().now, reader.shift_size(ward, span.begin)
            rows = reader.shift(ward, span.begin, offset=(page - 1) * PAGE, limit=PAGE + 1, after=place)
            gone = departures(reader, ward, span.begin, span.end) if page == 1 and after is None else []
        more, rows = len(rows) > PAGE, rows[:PAGE]
        shown = [(row.patient_id, row.episode_id) for row in rows]
        shown += [(each.row.patient_id, each.row.episode_id) for each in gone]
        self._sight.record_all([(Seen(patient, ward), episode) for patient, episode in shown], who, "hand-over")
        return {
            "ward": ward,
            "at": instant(now),
            "from": instant(span.begin),
            "to": instant(span.end),
            "next_to": instant(span.next_end),
            "page": page,
            "pages": max(1, -(-total // PAGE)),
            "total": total,
            "after": closed(rows[-1].enrolled_at, rows[-1].episode_id) if more else None,
            "left": told_of(gone, self._identities.of({each.row.patient_id for each in gone}), self._desk),
            "patients": self._patients(rows, span),
        }

    def _patients(self, rows: Sequence[ShiftRow], span: Span) -> list[dict[str, Any]]:
        known = self._identities.of({row.patient_id for row in rows})
        stands = {each["episode_id"]: each for each in self._sheets.patients([row.episode_id for row in rows])}
        with self._desk.store.read() as reader:
            pathways = {version: self._desk.shelf.version(version, reader) for version in {row.version for row in rows}}
            happened = self._happened(reader, rows, pathways, span)
        return [
            {
                "episode_id": row.episode_id,
                "patient_id": row.patient_id,
                "identifiers": identifiers_json(known[row.patient_id]),
                "pathway": pathways[row.version].name,
                "title": pathways[row.version].title,
                "closed": row.closed,
                **happened.get(row.episode_id, _NOTHING),
                **_stands(stands.get(row.episode_id), span),
            }
            for row in rows
        ]

    def _happened(
        self, reader: Reader, rows: Sequence[ShiftRow], pathways: Mapping[str, Pathway], span: Span
    ) -> dict[str, dict[str, Any]]:
        by_id = {row.episode_id: row for row in rows}
        found: dict[str, list[Entry]] = {}
        for header, sealed in entries_since(reader, rows, span.begin):
            if header.at < instant(span.end):
                entry = self._read(by_id[header.episode_id], header, sealed)
                found.setdefault(header.episode_id, []).append(entry)
        return {each: _told(entries, pathways[by_id[each].version]) for each, entries in found.items()}

    def _read(self, row: ShiftRow, header: Header, sealed: Sealed) -> Entry:
        key: PatientKey | None = None
        if row.wrapped_key is not None:
            key = self._desk.key(row)
        body = None if key is None else open_body(key, sealed)
        return read([StoryEntry(header._asdict(), body)])[0]


_NOTHING: Mapping[str, Any] = {"happened": [], "reminded": 0, "climbed": 0}


def _told(entries: Sequence[Entry], pathway: Pathway) -> dict[str, Any]:
    """Return what was done, and how often somebody was reminded, and of that how often somebody higher up."""
    told = [event for entry in entries for event in entry.of(ev.ReminderTold)]
    done = [entry for entry in entries if entry.kind != Tick.kind or entry.origin != entry.target]
    return {
        "happened": [_line(entry, pathway) for entry in done],
        "reminded": len(told),
        "climbed": sum(each.rung > 0 for each in told),
    }


def _line(entry: Entry, pathway: Pathway) -> dict[str, Any]:
    brief = replace(entry, events=tuple(each for each in entry.events if isinstance(each, _WORTH_TELLING)))
    return {
        **entry.stamp,
        "kind": entry.kind,
        "words": words.headline(entry, pathway),
        "details": words.details(brief, pathway),
        "refused": entry.refused,
        "overridden": [each.gate for each in entry.of(ev.GateOverridden)],
        "moved": entry.origin is not None and entry.origin != entry.target,
        "reason": entry.reason,
    }


def _stands(found: Mapping[str, Any] | None, span: Span) -> dict[str, Any]:
    """Return what is handed over. late: overdue now; due: until the end of the next shift; open: by no said time."""
    if found is None or found["unreadable"]:
        empty: dict[str, Any] = {"courses": [], "last_given": None, "warnings": [], "set_aside": False, "stage": ""}
        empty |= {"state_title": "", "late": [], "decisions": [], "due": [], "open": [], "later": 0}
        return {**empty, "unreadable": found["unreadable"] if found else ""}
    rows = found["rows"]
    decisions = [row for row in rows if row["kind"] == DECISION]
    others = [row for row in rows if row["kind"] != DECISION]
    late = [row for row in others if row["overdue"]]
    timed = [row for row in others if row["due_at"] is not None and not row["overdue"]]
    due = [row for row in timed if dt.datetime.fromisoformat(row["due_at"]) < span.next_end]
    return {
        "unreadable": "",
        "set_aside": found["set_aside"],
        "stage": found["stage"],
        "state_title": found["state"],
        "courses": found["courses"],
        "last_given": found["last_given"],
        "warnings": found["warnings"],
        "late": late,
        "decisions": decisions,
        "due": due,
        "open": [row for row in others if row["due_at"] is None],
        "later": len(timed) - len(due),
    }
