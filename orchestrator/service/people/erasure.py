"""How is a patient's record erased, and what keeps it from being? The key is destroyed; every proof still holds.

What was sealed with that key can be read by nobody from then on: bodies, documents, identifiers, reasons. Headers,
hashes and the record of looks stay. An open episode keeps a record from being erased, since its alarms would fire no
more; so does a legal hold, which an auditor places. Each stands in the record of looks, which outlives the key.

Records that were merged are held and erased together, each with its own key and in its own record of looks; whoever
erases says that he means all of them. A hold stays with each when the merge is taken back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotAllowed
from orchestrator.service.cursor import Page, closed, moment, opened, page_size
from orchestrator.service.desk import Desk
from orchestrator.service.people.looking import add, is_asserted, new_look
from orchestrator.service.people.merged import Person, episodes_of, person_of
from orchestrator.service.people.recording import Author
from orchestrator.service.people.rows import HoldRow
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Change, Reader
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.there import not_there, whereabouts

SHORTEST_REASON, LONGEST_REASON = 3, 500
Wards = frozenset[str] | None


class Erasure:
    """Erases records and keeps them from it. mac: chains what is recorded of it.

    A reason can never be erased: it names the request or the case, and nothing of the patient.
    """

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._desk, self._mac = desk, mac

    def hold(self, by: Author, episode_id: str, reason: str) -> None:
        """Keep an episode's patient from being erased, with all his records.

        Raises NotFound, InputError, and Conflict where each is held.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            person = _locked(change, episode_id)
            _check_there(change, person)
            free = [each for each in person.records if change.hold(each) is None]
            if not free:
                raise Conflict("this record is held already")
            for each in free:
                change.add_hold(HoldRow(each, change.times().wall, by.id, reason))
            self._record(change, by, "held", (free, episode_id), reason)

    def end_hold(self, by: Author, episode_id: str, reason: str, *, wards: Wards = None) -> None:
        """Let an episode's patient be erased again, with all his records.

        wards: on which who asks may do so; None for all. Raises NotFound, InputError, NotAllowed for a patient of other
        wards too, and Conflict where none is held.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            person = _locked(change, episode_id)
            held = [each for each in person.records if change.hold(each) is not None]
            if not held:
                raise Conflict("this record is not held")
            _check_wards(episodes_of(change, person), wards)
            for each in held:
                change.end_hold(each)
            self._record(change, by, "hold-ended", (held, episode_id), reason)

    def erase(
        self, by: Author, episode_id: str, reason: str, *, merged: bool = False, wards: Wards = None
    ) -> list[str]:
        """Destroy the key of an episode's patient; return the episodes that nobody can read any more.

        merged: all records that are merged are meant.   wards: on which who asks may erase; None for all.
        Raises NotFound, InputError, NotAllowed for a patient of other wards too, and Conflict while an episode of his
        is open, one of his records is held, or there are several and that was not said.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            person = _locked(change, episode_id)
            _check_there(change, person)
            if any(change.hold(each) is not None for each in person.records):
                raise Conflict("this record is held: an auditor must end the legal hold first")
            rows = episodes_of(change, person)
            _check_wards(rows, wards)
            if any(not row.closed for row in rows):
                raise Conflict("an episode of this patient is open: close it first, for its reminders would end unseen")
            if person.merged and not merged:
                raise Conflict(
                    f"{len(person.records)} records were merged into this one patient, with {len(rows)} episodes: say "
                    "that all of them are meant (merged), or have the merge taken back first"
                )
            for each in person.records:
                change.destroy_key(each)
            self._record(change, by, "erased", (person.records, episode_id), reason)
        return [row.episode_id for row in rows]

    def _record(
        self, change: Change, by: Author, kind: str, about: tuple[Sequence[str], str], reason: str
    ) -> None:  # fmt: skip
        """Record in each of these records what was done. about: records, and the episode from which it was done."""
        now, (records, episode_id) = change.times().now, about
        for each in sorted(records):
            add(change, self._mac, new_look(each, now, by, kind, reason, episode_id=episode_id))

    def standing(self, episode_id: str) -> dict[str, Any]:
        """Return whether an episode's patient was erased, how many episodes that concerns, and what holds the record.

        records: how many were merged into this one patient; a hold on one of them holds all. Raises NotFound.
        """
        with self._desk.store.read() as reader:
            there = reader.whereabouts(episode_id)
            patient = reader.patient(there[0]) if there else None
            if patient is None:
                raise not_there()
            person = person_of(reader, patient.patient_id)
            holds = [held for each in person.records if (held := reader.hold(each)) is not None]
            first = min(holds, key=lambda each: each.held_at, default=None)
            told = None if first is None else _held(reader, first)
            rows = episodes_of(reader, person)
        return {
            "episode_id": episode_id, "erased": patient.wrapped_key is None, "held": told,
            "records": len(person.records), "episodes": len(rows), "open": sum(not row.closed for row in rows),
        }  # fmt: skip

    def holds(self, wards: frozenset[str] | None, *, before: str | None = None, limit: int = 100) -> Page:
        """Return which records are held, latest first, each by an episode on one of these wards; None for all.

        before: a page's cursor. Raises InputError.
        """
        size = page_size(limit)
        with self._desk.store.read() as reader:
            rows = reader.holds(wards, None if before is None else _parse(before), size)
            told = [{"episode_id": episode_id, **_held(reader, row)} for row, episode_id in rows]
        last = rows[-1][0] if len(rows) == size else None
        return Page(told, None if last is None else closed(last.held_at, last.patient_id))


def _held(reader: Reader, row: HoldRow) -> dict[str, Any]:
    return {
        "by": row.held_by, "name": name_of(reader, row.held_by), "since": instant(row.held_at), "reason": row.reason,
        "asserted": is_asserted(reader, row.patient_id, "held", row.held_by),
    }  # fmt: skip


def _parse(cursor: str) -> tuple[datetime, str]:
    at, patient_id = opened(cursor, 2)
    return moment(at), patient_id


def _locked(change: Change, episode_id: str) -> Person:
    """Return an episode's patient, whom nobody enrols or merges until the transaction ends. Raises NotFound."""
    change.lock_merges()
    person = person_of(change, whereabouts(change, episode_id)[0])
    for each in sorted(person.records):
        change.lock_patient(each)
    return person


def _check_wards(rows: Iterable[EpisodeRow], wards: Wards) -> None:
    """Keys open what every ward knows of the patient."""
    if wards is not None and any(row.ward not in wards for row in rows):
        raise NotAllowed("this patient has episodes on other wards too: it takes that role on each of them")


def _check_there(change: Change, person: Person) -> None:
    patients = [change.patient(each) for each in person.records]
    if any(patient is None or patient.wrapped_key is None for patient in patients):
        raise Conflict("the record of this patient was erased")


def _reason(text: str) -> str:
    reason = text.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise InputError(
            f"say why in {SHORTEST_REASON} to {LONGEST_REASON} characters: the request or the case, and nothing of the "
            "patient, for this can never be erased"
        )
    return reason
