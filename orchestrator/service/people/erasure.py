"""How is a patient's record erased, and what keeps it from being? The key is destroyed; every proof still holds.

What was sealed with that key can be read by nobody from then on: bodies, documents, identifiers, reasons. Headers,
hashes and the record of looks stay. An open episode keeps a record from being erased, since its alarms would fire no
more; so does a legal hold, which an auditor places. Each stands in the record of looks, which outlives the key.
"""

from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.handlers import Desk
from orchestrator.service.people.accounts import Author
from orchestrator.service.people.looking import add
from orchestrator.service.people.rows import HoldRow, LookRow
from orchestrator.service.ports import Change
from orchestrator.service.rows import PatientRow

SHORTEST_REASON, LONGEST_REASON = 3, 500


class Erasure:
    """Erases records and keeps them from it. mac: chains what is recorded of it.

    A reason can never be erased: it names the request or the case, and nothing of the patient.
    """

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._desk, self._mac = desk, mac

    def hold(self, by: Author, episode_id: str, reason: str) -> None:
        """Keep an episode's patient from being erased. Raises NotFound, InputError, and Conflict where one is held."""
        reason = _reason(reason)
        with self._desk.store.change() as change:
            patient = _patient(change, episode_id)
            _check_there(patient)
            if change.hold(patient.patient_id) is not None:
                raise Conflict("this record is held already")
            change.add_hold(HoldRow(patient.patient_id, change.times().wall, by.id))
            self._record(change, by, "held", (patient.patient_id, episode_id), reason)

    def end_hold(self, by: Author, episode_id: str, reason: str) -> None:
        """Let an episode's patient be erased again. Raises NotFound, InputError, and Conflict where none is held."""
        reason = _reason(reason)
        with self._desk.store.change() as change:
            patient = _patient(change, episode_id)
            if change.hold(patient.patient_id) is None:
                raise Conflict("this record is not held")
            change.end_hold(patient.patient_id)
            self._record(change, by, "hold-ended", (patient.patient_id, episode_id), reason)

    def erase(self, by: Author, episode_id: str, reason: str) -> list[str]:
        """Destroy the key of an episode's patient; return the episodes that nobody can read any more.

        Raises NotFound, InputError, and Conflict while an episode of his is open or his record is held.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            patient = _patient(change, episode_id)
            _check_there(patient)
            if change.hold(patient.patient_id) is not None:
                raise Conflict("this record is held: an auditor must end the legal hold first")
            rows = change.episodes_of(patient.patient_id)
            if any(not row.closed for row in rows):
                raise Conflict("an episode of this patient is open: close it first, for its reminders would end unseen")
            change.destroy_key(patient.patient_id)
            self._record(change, by, "erased", (patient.patient_id, episode_id), reason)
        return [row.episode_id for row in rows]

    def _record(self, change: Change, by: Author, kind: str, about: tuple[str, str], reason: str) -> None:
        """Record what was done. about: patient and episode."""
        now, (patient_id, episode_id) = change.times().now, about
        row = LookRow(patient_id, 0, now, by.id, by.role, kind, reason, episode_id, glass=False, sealed=None, hash=b"")
        add(change, self._mac, row)

    def standing(self, episode_id: str) -> dict[str, Any]:
        """Return whether an episode's patient was erased, and by whom he is held since when. Raises NotFound."""
        with self._desk.store.read() as reader:
            there = reader.whereabouts(episode_id)
            patient = reader.patient(there[0]) if there else None
            if patient is None:
                raise NotFound("there is no such episode")
            held = reader.hold(patient.patient_id)
        told = None if held is None else {"by": held.held_by, "since": instant(held.held_at)}
        return {"episode_id": episode_id, "erased": patient.wrapped_key is None, "held": told}


def _patient(change: Change, episode_id: str) -> PatientRow:
    """Return an episode's patient, whom nobody enrols until the transaction ends. Raises NotFound."""
    there = change.whereabouts(episode_id)
    patient = change.lock_patient(there[0]) if there else None
    if patient is None:
        raise NotFound("there is no such episode")
    return patient


def _check_there(patient: PatientRow) -> None:
    if patient.wrapped_key is None:
        raise Conflict("the record of this patient was erased")


def _reason(text: str) -> str:
    reason = text.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise InputError(
            f"say why in {SHORTEST_REASON} to {LONGEST_REASON} characters: the request or the case, and nothing of the "
            "patient, for this can never be erased"
        )
    return reason
