"""As whom does the ward know a patient? By the identifiers that enrolment gave, opened with the patient's key."""

from collections.abc import Collection

from orchestrator.service.enrolment import Identifier, opened
from orchestrator.service.handlers import Desk
from orchestrator.service.ports import Reader


class Identities:
    """Tells identifiers to whoever may see the patient."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, patient_ids: Collection[str]) -> dict[str, tuple[Identifier, ...]]:
        """Return each patient's identifiers, by system; none for a patient whose record was erased."""
        with self._desk.store.read() as reader:
            return {patient_id: self._of(reader, patient_id) for patient_id in set(patient_ids)}

    def _of(self, reader: Reader, patient_id: str) -> tuple[Identifier, ...]:
        patient = reader.patient(patient_id)
        if patient is None or patient.wrapped_key is None:
            return ()
        key = self._desk.keyring.open(patient.kek_id, patient.wrapped_key, patient_id)
        found = [opened(key, row) for row in reader.identifiers(patient_id)]
        return tuple(sorted(found, key=lambda each: (each.system, each.value)))
