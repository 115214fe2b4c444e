"""Which records are one patient's? Those that people have merged, one with another; a record alone is one as well.

A merge says that two records are of the same patient, no more: nothing of either is moved or rewritten. So episodes,
keys, numbers and records of looks stay with the record to which they belong, and what is asked of a patient is asked
of all his records. Each record is replaced by one other at most, and never in a circle: one of them is kept.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from orchestrator.service.people.rows import MergeRow
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow


class Merges(Protocol):
    """What can be asked for merges: a store, while it is read."""

    def merges(self, patient_ids: Collection[str]) -> list[MergeRow]: ...


class Person(NamedTuple):
    """A patient's records: the kept one first, then by their ids.   merges: what made them one."""

    records: tuple[str, ...]
    merges: tuple[MergeRow, ...] = ()

    @property
    def kept(self) -> str:
        """The record that replaces all others."""
        return self.records[0]

    @property
    def merged(self) -> bool:
        """Tell whether there is more than one record."""
        return bool(self.merges)


class Twice(NamedTuple):
    """A pathway on which a patient has more than one open episode, each in another of his records."""

    pathway: str
    episodes: tuple[EpisodeRow, ...]


def person_of(reader: Merges, patient_id: str) -> Person:
    """Return the patient whose record this is."""
    known, near = set[str](), {patient_id}
    merges: dict[str, MergeRow] = {}
    while new := near - known:
        known |= new
        rows = reader.merges(new)
        merges |= {row.patient_id: row for row in rows}
        near = {each for row in rows for each in (row.patient_id, row.kept_id)}
    kept = next(each for each in known if each not in merges)
    return Person((kept, *sorted(known - {kept})), tuple(sorted(merges.values(), key=_order)))


def episodes_of(reader: Reader, person: Person) -> list[EpisodeRow]:
    """Return the episodes of all of a patient's records, first enrolled first."""
    rows = [row for each in person.records for row in reader.episodes_of(each)]
    return sorted(rows, key=lambda row: (row.enrolled_at, row.episode_id))


def open_twice(rows: Iterable[EpisodeRow]) -> list[Twice]:
    """Return on which pathways more than one of a patient's episodes is open, by name. rows: his episodes."""
    found: dict[str, list[EpisodeRow]] = {}
    for row in rows:
        if not row.closed:
            found.setdefault(row.pathway, []).append(row)
    return [Twice(name, tuple(found[name])) for name in sorted(found) if len(found[name]) > 1]


def side_of(person: Person, record: str, without: MergeRow) -> Person:
    """Return the patient whose record this would be without one of the merges."""
    rest = [row for row in person.merges if row != without]
    return person_of(_Rest(rest), record)


class _Rest:
    """Some merges, asked as a store is."""

    def __init__(self, rows: Sequence[MergeRow]) -> None:
        self._rows = rows

    def merges(self, patient_ids: Collection[str]) -> list[MergeRow]:
        ids = set(patient_ids)
        return [row for row in self._rows if ids & {row.patient_id, row.kept_id}]


def _order(row: MergeRow) -> tuple[datetime, str]:
    return row.merged_at, row.patient_id
