"""What is answered about a patient and his records? The shapes for the API's description."""

from pydantic import BaseModel

from orchestrator.api.answers import Object, Reply


class PatientRecord(BaseModel):
    """One record of a patient. replaced_by: the record into which it was merged, when, by whom and why; null for none.

    name: of who merged it; the id where there is no account.   asserted: nobody proved that it was this person.
    reason: null where the key was destroyed.
    """

    patient_id: str
    identifiers: list[Object]
    created_at: str
    erased: bool
    replaced_by: str | None
    merged_at: str | None
    merged_by: str | None
    name: str | None
    asserted: bool | None
    reason: str | None


class OpenTwice(BaseModel):
    """A pathway on which more than one of a patient's episodes is open: two teams treat one disease.

    episodes: those on wards that the caller may see.   elsewhere: one is on another ward.
    """

    pathway: str
    episodes: list[str]
    elsewhere: bool


class PatientSide(BaseModel):
    """A patient: the record that is kept first, and those of the episodes that the caller may see."""

    records: list[PatientRecord]
    episodes: list[Object]
    open_twice: list[OpenTwice]


class Patient(PatientSide, Reply):
    """As PatientSide."""


class Compared(Reply):
    """Two patients side by side. record: what to name when they are merged.   compared: to be sent back with it.

    open_twice: the pathways on which two episodes would be open.
    """

    kept: PatientSide
    replaced: PatientSide
    record: str
    compared: str
    open_twice: list[OpenTwice]


class Separated(Patient):
    """What a merge that is taken back leaves. acted: who acted on either record meanwhile, and on which episodes."""

    acted: list[Object]
