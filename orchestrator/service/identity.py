"""As whom does the ward know a patient? By the identifiers that enrolment gave, opened with the patient's key."""

import logging
from collections.abc import Collection, Iterable
from typing import Any

from orchestrator.errors import KeyMissing, WrongKey
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier, opened
from orchestrator.service.ports import Reader
from orchestrator.service.rows import IdentifierRow, PatientRow

_log = logging.getLogger(__name__)


class Identities:
    """Tells identifiers to whoever may see the patient."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, patient_ids: Collection[str]) -> dict[str, tuple[Identifier, ...]]:
        """Return each patient's identifiers, by system; none for a patient whose record was erased.

        A key that opens nothing hides its own patient's name and nobody else's.
        """
        with self._desk.store.read() as reader:
            return self.read(reader, patient_ids)

    def read(self, reader: Reader, patient_ids: Collection[str]) -> dict[str, tuple[Identifier, ...]]:
        """Return the same within a transaction that is open."""
        rows = reader.identified(list(set(patient_ids)))
        found: dict[str, list[Identifier]] = {patient_id: [] for patient_id in patient_ids}
        for patient, row in rows:
            found[patient.patient_id] += self._opened(patient, row)
        return {patient_id: tuple(sorted(each, key=_order)) for patient_id, each in found.items()}

    def _opened(self, patient: PatientRow, row: IdentifierRow) -> list[Identifier]:
        if patient.wrapped_key is None:
            return []
        try:
            return [opened(self._desk.key(patient), row)]
        except (KeyMissing, WrongKey) as error:
            about = {"event": "identifier-unreadable", "code": error.code}
            _log.error("an identifier of patient %s cannot be read (%s)", patient.patient_id, error.code, extra=about)
            return []


def identifiers_json(identifiers: Iterable[Identifier]) -> list[dict[str, Any]]:
    """Return identifiers as JSON, in the order given."""
    return [{"system": each.system, "value": each.value} for each in identifiers]


def _order(each: Identifier) -> tuple[str, str]:
    return each.system, each.value
