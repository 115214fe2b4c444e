"""What can be asked? Episodes, worklists, timelines, the inbox; nothing here changes anything."""

from datetime import datetime
from typing import Any

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Sealed, instant, open_body, open_header
from orchestrator.pathway.kinds import stage_of
from orchestrator.service.cause import entity_tag
from orchestrator.service.cursor import Page, closed, moment, number, opened, page_size
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.ledger import unpack
from orchestrator.service.people.merged import episodes_of, person_of
from orchestrator.service.ports import Reader
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import NO_DUE, EpisodeRow, NoticeRow, ToldRow, WorkRow
from orchestrator.service.there import episode_row
from orchestrator.service.worklist.claims import claim_json
from orchestrator.service.worklist.rows import Sieve


class Queries:
    """Reads for the faces; everything returned is JSON-ready."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def show(self, episode_id: str) -> dict[str, Any]:
        """Return an episode as it stands now: see `episode.view`. `tag` is its entity tag. Raises NotFound."""
        with self._desk.store.read() as reader:
            row = episode_row(reader, episode_id)
            return self._view(reader, row, reader.times().now)

    def timeline(self, episode_id: str) -> list[dict[str, Any]]:
        """Return an episode's entries, the first one first: header, command and events. Raises NotFound."""
        with self._desk.store.read() as reader:
            key = self._desk.key(episode_row(reader, episode_id))
            return [entry_json(key, entry) for entry in all_entries(reader, episode_id)]

    def entries(self, episode_id: str, *, after: str | None = None, limit: int = 100) -> tuple[Page, dict[str, Any]]:
        """Return a page of an episode's entries, the first one first, and the episode's row as it is now.

        after: a page's cursor. Raises NotFound and InputError.
        """
        last, size = 0 if after is None else number(opened(after, 1)[0]), page_size(limit)
        with self._desk.store.read() as reader:
            row = episode_row(reader, episode_id)
            key, found = self._desk.key(row), reader.entries(episode_id, last, size)
        rows = [entry_json(key, each) for each in found]
        more = bool(found) and found[-1].seq < row.seq
        return Page(rows, closed(str(found[-1].seq)) if more else None), row_json(row)

    def worklist(
        self,
        *,
        wards: tuple[str, ...] = (),
        roles: tuple[str, ...] = (),
        kinds: tuple[str, ...] = (),
        overdue: bool = False,
        holder: str = "",
        awake: bool = False,
        episode: str = "",
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        """Return what is open, longest overdue first, and what has no time last. after: a page's cursor.

        holder: what this person has taken; awake: without what he has put off.   episode: what is open in this one.
        """
        place = None
        if after is not None:
            due_at, episode_id, kind, key = opened(after, 4)
            place = (moment(due_at), episode_id, kind, key)
        size = page_size(limit)
        with self._desk.store.read() as reader:
            now = reader.times().now
            sieve = Sieve(wards, roles, kinds, now if overdue else None, holder, now if awake else None, episode)
            rows = reader.worklist(sieve, place, size)
        last = rows[-1].item if len(rows) == size else None
        cursor = None if last is None else closed(last.due_at, last.episode_id, last.kind, last.key)
        return Page([_work_json(row, now) for row in rows], cursor)

    def inbox(
        self, *, wards: tuple[str, ...] = (), roles: tuple[str, ...] = (), before: str | None = None, limit: int = 100
    ) -> Page:
        """Return notices, latest first. before: a page's cursor."""
        place = None
        if before is not None:
            told_at, episode_id, key = opened(before, 3)
            place = (moment(told_at), episode_id, key)
        size = page_size(limit)
        with self._desk.store.read() as reader:
            rows = reader.told(wards, roles, place, size)
        last = rows[-1].notice if len(rows) == size else None
        cursor = None if last is None else closed(last.told_at, last.episode_id, last.key)
        return Page([_told_json(row) for row in rows], cursor)

    def episodes_of(self, identifier: Identifier) -> list[dict[str, Any]]:
        """Return the episodes of the patient with this identifier, first enrolled first; empty when there is none.

        Of all his records, where people have merged some: patient_id tells them apart.
        """
        hashed = self._desk.keyring.identifier_hash(identifier.system, identifier.value)
        with self._desk.store.read() as reader:
            found = reader.find_patients([hashed])
            rows = episodes_of(reader, person_of(reader, found[0][1].patient_id)) if found else []
        return [row_json(row) for row in rows]

    def next_alarm(self) -> datetime | None:
        """Return when the next timer falls due, in UTC; None when none is pending."""
        with self._desk.store.read() as reader:
            return reader.next_alarm()

    def _view(self, reader: Reader, row: EpisodeRow, now: datetime) -> dict[str, Any]:
        episode = self._desk.engine.load(unpack(self._desk.key(row), row.episode_id, row.document))
        pathway = self._desk.shelf.version(row.version, reader)
        return {**self._desk.engine.view(pathway, episode, max(now, row.at)), **row_json(row)}


def entry_json(key: PatientKey, entry: Sealed) -> dict[str, Any]:
    """Return one entry as JSON: header, body and its hash in hex."""
    return {**open_header(entry)._asdict(), **open_body(key, entry), "hash": entry.hash.hex()}


def row_json(row: EpisodeRow) -> dict[str, Any]:
    """Return an episode's row as JSON."""
    return {
        "episode_id": row.episode_id,
        "patient_id": row.patient_id,
        "pathway": row.pathway,
        "version": row.version,
        "ward": row.ward,
        "state": row.state,
        "stage": stage_of(row.state),
        "seq": row.seq,
        "tag": entity_tag(row.seq, row.chain_hash),
        "at": instant(row.at),
        "enrolled_at": instant(row.enrolled_at),
        "next_due_at": row.next_due_at and instant(row.next_due_at),
        "closed": row.closed,
        "set_aside_until": row.set_aside_until and instant(row.set_aside_until),
    }


def _work_json(row: WorkRow, now: datetime) -> dict[str, Any]:
    due = None if row.item.due_at == NO_DUE else row.item.due_at
    told = {**row.item._asdict(), "due_at": due and instant(due), "overdue": due is not None and due < now}
    claim = None if row.claim is None else claim_json(row.claim, row.holder)
    told |= {"patient_id": row.patient_id, "pathway": row.pathway, "version": row.version, "state": row.state}
    return {**told, "seq": row.seq, "tag": entity_tag(row.seq, row.chain_hash), "claim": claim}


def _told_json(row: ToldRow) -> dict[str, Any]:
    told = {"patient_id": row.patient_id, "version": row.version, "state": row.state, "seq": row.seq}
    tag = entity_tag(row.seq, row.chain_hash) if row.seq else ""
    return {**notice_json(row.notice), **told, "tag": tag, "waits": row.waits}


def notice_json(row: NoticeRow) -> dict[str, Any]:
    """Return a notice as JSON."""
    return {**row._asdict(), "due_at": instant(row.due_at), "told_at": instant(row.told_at)}
