"""Who has seen this record? Every look at the patient's pages, and wards' lists that showed him, the latest first."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import open_header
from orchestrator.errors import WrongKey
from orchestrator.service.cursor import Page, closed, moment, number, opened, page_size
from orchestrator.service.desk import Desk
from orchestrator.service.people.looking import chain_of, chain_rows, look_json, sealed_for, ward_of
from orchestrator.service.people.merged import person_of
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import LookRow, Span
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Reader
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import PatientRow
from orchestrator.service.there import episode_row, whereabouts

MERGES = frozenset({"merged", "unmerged"})
"""Kinds of records of looks that say which records are one patient's."""
_NO_KEYS: Mapping[str, PatientKey | None] = MappingProxyType({})


class _Place(NamedTuple):
    """Behind which record a page begins."""

    at: datetime
    chain: str
    seq: int


class Looked:
    """Tells who looked; reads only. To ask is a look of its own, recorded by whoever asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, episode_id: str, *, lists: bool = False, before: str | None = None, limit: int = 100) -> Page:
        """Return who looked at any record of an episode's patient, on whatever page and in whichever episode.

        lists: with the wards' lists that were seen while the patient was there.   before: a page's cursor.
        Raises NotFound and InputError.
        """
        with self._desk.store.read() as reader:
            person = person_of(reader, episode_row(reader, episode_id).patient_id)
            spans = [Span(each, None, None) for each in person.records]
            if lists:
                spans += [span for each in person.records for span in _stays(reader, each)]
            keys = {each: _key(self._desk, reader.patient(each)) for each in person.records}
            return self._page(reader, spans, before, limit, keys)

    def on(self, ward: str, *, before: str | None = None, limit: int = 100) -> Page:
        """Return who saw the lists of a ward. before: a page's cursor. Raises InputError."""
        with self._desk.store.read() as reader:
            spans = [Span(chain_of(each), None, None) for each in (ward, EVERYWHERE)]
            return self._page(reader, spans, before, limit)

    def merges(self, episode_id: str) -> list[dict[str, Any]]:
        """Return how the record of an episode's patient was merged with others and separated again, the first first.

        Each as `of` has it; kind: merged or unmerged. Raises NotFound.
        """
        patient_id = self.patient_of(episode_id)
        with self._desk.store.read() as reader:
            rows = [row for row in chain_rows(reader, patient_id) if row.kind in MERGES]
            names = {person_id: name_of(reader, person_id) for person_id in {row.by for row in rows}}
            key = _key(self._desk, reader.patient(patient_id)) if rows else None
        return [_told(row, names, key) for row in rows]

    def chains_of(self, episode_id: str) -> tuple[str, ...]:
        """Return the chains of all records of an episode's patient. Raises NotFound."""
        patient_id = self.patient_of(episode_id)
        with self._desk.store.read() as reader:
            return person_of(reader, patient_id).records

    def patient_of(self, episode_id: str) -> str:
        """Return the chain of an episode's patient. Raises NotFound."""
        with self._desk.store.read() as reader:
            return whereabouts(reader, episode_id)[0]

    def _page(
        self,
        reader: Reader,
        spans: list[Span],
        before: str | None,
        limit: int,
        keys: Mapping[str, PatientKey | None] = _NO_KEYS,
    ) -> Page:
        """Return a page of what lies within spans. keys: by chain, with which reasons are opened."""
        size = page_size(limit)
        rows = reader.looks_within(spans, None if before is None else _parse(before), size)
        names = {person_id: name_of(reader, person_id) for person_id in {row.by for row in rows}}
        cursor = closed(rows[-1].at, str(rows[-1].seq), rows[-1].chain) if len(rows) == size else None
        return Page([_told(row, names, keys.get(row.chain)) for row in rows], cursor)


def _stays(reader: Reader, patient_id: str) -> Iterator[Span]:
    """Yield when which ward's lists, and the lists of all wards, showed the patient: while an episode was open there.

    An entry's header says the ward, so that it is known of an erased patient too.
    """
    for row in reader.episodes_of(patient_id):
        until = row.at if row.closed else None
        wards: list[tuple[str, datetime]] = []
        for entry in all_entries(reader, row.episode_id):
            header = open_header(entry)
            if not wards or wards[-1][0] != header.ward:
                wards.append((header.ward, datetime.fromisoformat(header.at)))
        ends = [*(since for _, since in wards[1:]), until]
        for (ward, since), end in zip(wards, ends, strict=True):
            yield Span(chain_of(ward), since, end)
            yield Span(chain_of(EVERYWHERE), since, end)


def _told(row: LookRow, names: Mapping[str, str], key: PatientKey | None) -> dict[str, Any]:
    told = look_json(row)
    del told["sealed"], told["chain"]
    return {**told, "seq": row.seq, "ward": ward_of(row.chain), "name": names[row.by], "reason": _reason(row, key)}


def _reason(row: LookRow, key: PatientKey | None) -> str | None:
    """Return a reason in plain; None where none was given, or its key was destroyed."""
    if row.sealed is None or key is None:
        return None
    try:
        return key.decrypt(row.sealed, sealed_for(row)).decode()
    except WrongKey:  # the verdict on the chain says that it was changed
        return None


def _key(desk: Desk, patient: PatientRow | None) -> PatientKey | None:
    if patient is None or patient.wrapped_key is None:
        return None
    return desk.key(patient)


def _parse(cursor: str) -> _Place:
    at, seq, chain = opened(cursor, 3)
    return _Place(moment(at), chain, number(seq))
