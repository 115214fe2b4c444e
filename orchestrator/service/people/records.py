"""What is told of a patient: which records he has, under which numbers, what made them one, and his episodes?

His numbers are told to whoever may see one of his episodes, for they are on his wristband, whichever record they came
with. An episode on a ward that is not the caller's is not there, but for this: that a second one is open on the same
pathway is told, without where, for two teams that treat one disease unknown to each other are a danger.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.errors import KeyMissing, WrongKey
from orchestrator.service.desk import Desk
from orchestrator.service.identity import Identities, identifiers_json
from orchestrator.service.people.looking import is_asserted
from orchestrator.service.people.merged import Person, Twice, episodes_of, open_twice
from orchestrator.service.people.rows import MergeRow
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Reader
from orchestrator.service.queries import row_json
from orchestrator.service.rows import EpisodeRow, PatientRow

Sees = Callable[[str], bool]
"""Tells whether the caller may see the episodes of a ward."""


class Records:
    """Tells of a patient's records to whoever may see one of his episodes; all it returns is JSON-ready."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._identities = Identities(desk)

    def person(self, reader: Reader, sees: Sees, person: Person) -> dict[str, Any]:
        """Return a patient's records, the kept one first, and those of his episodes that the caller may see."""
        numbers = self._identities.read(reader, person.records)
        merges = {row.patient_id: row for row in person.merges}
        rows = episodes_of(reader, person)
        records = []
        for record in person.records:
            patient = reader.patient(record)
            if patient is not None:
                told = identifiers_json(numbers[record])
                records.append(self._record(reader, patient, told, merges.get(record)))
        return {
            "records": records,
            "episodes": [row_json(row) for row in rows if sees(row.ward)],
            "open_twice": twice_json(sees, open_twice(rows)),
        }

    def _record(
        self, reader: Reader, patient: PatientRow, numbers: list[dict[str, str]], merge: MergeRow | None
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "patient_id": patient.patient_id,
            "identifiers": numbers,
            "created_at": instant(patient.created_at),
            "erased": patient.wrapped_key is None,
            "replaced_by": merge and merge.kept_id,
            "merged_at": merge and instant(merge.merged_at),
            "merged_by": merge and merge.merged_by,
            "name": merge and name_of(reader, merge.merged_by),
            "asserted": merge and was_asserted(reader, merge),
            "reason": merge and self._reason(patient, merge),
        }

    def _reason(self, patient: PatientRow, merge: MergeRow) -> str | None:
        """Return why a record was replaced; None once its key was destroyed, or where the reason was tampered with."""
        if patient.wrapped_key is None:
            return None
        try:
            key = self._desk.key(patient)
            return key.decrypt(merge.sealed, bound(merge)).decode()
        except (KeyMissing, WrongKey):  # it stands in both records of looks too, and the verdict on these is told there
            return None


def twice_json(sees: Sees, found: Iterable[Twice]) -> list[dict[str, Any]]:
    """Return on which pathways more than one episode is open. elsewhere: one is on a ward that is not the caller's."""
    told = []
    for each in found:
        seen = [row.episode_id for row in each.episodes if sees(row.ward)]
        told.append({"pathway": each.pathway, "episodes": seen, "elsewhere": len(seen) < len(each.episodes)})
    return told


def acted_json(
    reader: Reader, sees: Sees, acted: Sequence[tuple[EpisodeRow, str]]
) -> list[dict[str, Any]]:  # fmt: skip
    """Return who acted on which episodes, of those that the caller may see. acted: episode and person's id."""
    by: dict[str, list[str]] = {}
    for row, who in acted:
        if sees(row.ward):
            by.setdefault(who, []).append(row.episode_id)
    return [{"person_id": who, "name": name_of(reader, who), "episodes": by[who]} for who in sorted(by)]


def replaced_by(merge: MergeRow) -> str:
    """Return how a merge is told of in the record of looks of the one that is replaced."""
    return f"replaced-by {merge.kept_id}"


def was_asserted(reader: Reader, merge: MergeRow) -> bool:
    """Tell whether nobody proved who merged two records."""
    return is_asserted(reader, merge.patient_id, "merged", merge.merged_by, replaced_by(merge))


def bound(merge: MergeRow) -> bytes:
    """Return what the reason of a merge is bound to: it opens nowhere else."""
    return "\x00".join(("merge", merge.patient_id, merge.kept_id, instant(merge.merged_at))).encode()
