"""How does a patient come onto a pathway? Found by an identifier or made new; never twice while an episode is open."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import PatientKey, parted, prefixed
from orchestrator.audit.seal import GENESIS
from orchestrator.clock import is_zone
from orchestrator.episode.commands import Actor, Enrolment
from orchestrator.episode.decide import Refused
from orchestrator.errors import AlreadyEnrolled, Conflict, InvalidCommand, KeyReused, NotReleased
from orchestrator.service.cause import cause_id, episode_id_of, request_hash
from orchestrator.service.desk import Desk
from orchestrator.service.handlers import Answer, answer_of, repeat
from orchestrator.service.ledger import Ledger
from orchestrator.service.people.merged import Person, person_of
from orchestrator.service.ports import Change, Collision
from orchestrator.service.rows import EpisodeRow, IdentifierRow, PathwayRow, PatientRow, Times

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway

_KIND = "enrol"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number under which the patient is known outside, and whose it is, such as a hospital's or a country's."""

    system: str
    value: str


def opened(key: PatientKey, row: IdentifierRow) -> Identifier:
    """Return an identifier in plain. Raises WrongKey."""
    system, value = parted(key.decrypt(row.sealed, row.identifier_hash))
    return Identifier(system.decode(), value.decode())


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """The wish to enrol a patient. key: the client's idempotency key.   timezone: IANA name.

    identifiers: at least one; each finds the patient if he is known, and the new ones are added to him.
    """

    pathway: str
    identifiers: tuple[Identifier, ...]
    ward: str
    timezone: str
    actor: Actor
    key: str


class _Refusal(Exception):
    """Undoes the transaction of an enrolment that is refused."""

    def __init__(self, outcome: Refused) -> None:
        self.outcome = outcome


class Enrolments:
    """Enrols patients. released_only: on versions alone that somebody released."""

    def __init__(self, desk: Desk, *, released_only: bool = False) -> None:
        self._desk, self.released_only = desk, released_only

    def enrol(self, request: EnrolRequest) -> Answer:
        """Enrol a patient on the newest version of a pathway; a repeat gets the first answer.

        Raises NotFound for an unknown pathway; InvalidCommand; Conflict when the patient has an open episode on it,
        when the identifiers belong to different patients, when the version's files were changed since its first use,
        when it must be released and is not, or when the key was used with another request.
        """
        _check(request)
        pathway = self._desk.shelf.newest(request.pathway)
        try:
            return self._desk.transact(lambda change: self._enrol(change, request, pathway))
        except _Refusal as refusal:  # there is no episode in whose trail it could stand
            return Answer("", 0, refusal.outcome.code, refusal.outcome.text, "", "")

    def _enrol(self, change: Change, request: EnrolRequest, pathway: "Pathway") -> Answer:
        episode_id = episode_id_of(request.actor.id, request.key)
        cause = cause_id(_KIND, request.actor.id, episode_id, request.key)
        asked = _asked(request)
        if locked := change.lock(episode_id, cause):
            key = self._desk.key(locked.row)
            if locked.prior is None:
                raise KeyReused("idempotency-key-reused: this key was used with another request; take a new one")
            return repeat(locked.prior, key, request_hash(key, asked))
        times = change.times()
        self._desk.check_time(change, times)
        patient, person = self._patient(change, request, times)
        _check_free(change, person, pathway.name, episode_id)
        self._keep_version(change, pathway, times)
        row = _new_row(episode_id, patient, pathway, request, times)
        key = self._desk.key(row)
        engine, form = self._desk.engine, self._desk.format
        ledger = Ledger(engine, self._desk.directory, pathway, key, row=row, known=None, times=times, form=form)
        wish = Enrolment(pathway, episode_id, patient.patient_id, request.ward, request.timezone)
        outcome = engine.enrol(wish, request.actor, times.now, unheld=ledger.unheld)
        if isinstance(outcome, Refused):
            raise _Refusal(outcome)
        command = {
            "pathway": pathway.name, "version": pathway.version, "ward": request.ward, "timezone": request.timezone,
        }  # fmt: skip
        header = ledger.add(request.actor, (_KIND, cause), request_hash(key, asked), command, outcome)
        change.add_episode(self._desk.written(ledger))
        self._check_kept(change, patient, person)
        return answer_of(header, "", ledger.row.chain_hash)

    def _keep_version(self, change: Change, pathway: "Pathway", times: Times) -> None:
        """Keep the version's text, for ever. Raises VersionChanged, and NotReleased where that is asked for."""
        change.keep_pathway(PathwayRow(pathway.hash, pathway.name, pathway.version, pathway.text, times.now))
        self._desk.shelf.check(pathway, change)  # after it: of two who are the first at once, one finds the other's
        if self.released_only and change.release_of(pathway.hash) is None:
            raise NotReleased(
                f"{pathway.name}@{pathway.version} is not released, and patients are enrolled here on released "
                "versions alone: release it, or name another as NAME@VERSION"
            )

    def _check_kept(self, change: Change, patient: PatientRow, person: Person) -> None:
        """Undo an enrolment whose patient was erased while it was written: its reminders could never fire.

        Whose record was merged meanwhile is looked at anew: another of his records may have an open episode.
        """
        if person_of(change, patient.patient_id) != person:
            raise Collision("this patient's record was merged meanwhile: try again")
        now = change.patient(patient.patient_id)
        if now is None or now.wrapped_key is None:
            raise Conflict("the record of this patient was erased")

    def _patient(self, change: Change, request: EnrolRequest, times: Times) -> tuple[PatientRow, Person]:
        """Return the record to which the identifiers belong, or a new one, and the patient whose record it is.

        Identifiers not yet known are added to it. Where they name several merged records, it is the one that is kept.
        """
        hashes = {self._desk.keyring.identifier_hash(each.system, each.value): each for each in request.identifiers}
        found = change.find_patients(list(hashes))
        patients = {patient.patient_id: patient for _, patient in found} or self._new_patient(change, times)
        person = _one_person(change, patients)
        patient = patients[next(iter(patients))] if len(patients) == 1 else change.patient(person.kept)
        if patient is None or patient.wrapped_key is None:
            raise Conflict("the record of this patient was erased")
        key = self._desk.key(patient)
        known = {hashed for hashed, _ in found}
        change.add_identifiers(
            [
                IdentifierRow(
                    hashed, patient.patient_id, key.encrypt(prefixed(each.system.encode(), each.value.encode()), hashed)
                )
                for hashed, each in hashes.items()
                if hashed not in known
            ]
        )
        return patient, person

    def _new_patient(self, change: Change, times: Times) -> dict[str, PatientRow]:
        patient_id = str(uuid.uuid4())
        patient = PatientRow(patient_id, *self._desk.keyring.new_patient_key(patient_id), times.now)
        change.add_patient(patient)
        return {patient_id: patient}


def _one_person(change: Change, patient_ids: Iterable[str]) -> Person:
    """Return the one patient whose records these are; nobody merges or enrols whoever is merged until the end."""
    persons = {person_of(change, each) for each in patient_ids}
    if any(each.merged for each in persons):
        change.lock_merges()
        persons = {person_of(change, each) for each in patient_ids}
    if len(persons) > 1:
        raise Conflict("these identifiers belong to different patients")
    return persons.pop()


def _check_free(change: Change, person: Person, pathway: str, episode_id: str) -> None:
    """Raise AlreadyEnrolled when one of a patient's records has an open episode on a pathway."""
    held = [open_one for each in person.records if (open_one := change.open_enrolment(each, pathway))]
    if episode_id in held:  # the same request came first while this one looked for the patient
        raise Collision("this enrolment was made meanwhile: try again")
    if held:
        raise AlreadyEnrolled("this patient has an open episode on this pathway already")


def _new_row(
    episode_id: str, patient: PatientRow, pathway: "Pathway", request: EnrolRequest, times: Times
) -> EpisodeRow:
    """Return the row as it stands before the first entry."""
    return EpisodeRow(
        episode_id, patient.patient_id, pathway.name, pathway.hash, request.ward, "", 0, times.now, times.now, None,
        False, "", GENESIS, b"", None, 0, patient.kek_id, patient.wrapped_key,
    )  # fmt: skip


def _asked(request: EnrolRequest) -> bytes:
    identifiers = sorted([each.system, each.value] for each in request.identifiers)
    return canonical([request.actor.role, request.pathway, request.ward, request.timezone, identifiers])


def _check(request: EnrolRequest) -> None:
    if not is_zone(request.timezone):
        raise InvalidCommand("timezone must be an IANA name, such as Europe/London")
    if not request.identifiers or len(request.identifiers) > 20:
        raise InvalidCommand("a patient needs between 1 and 20 identifiers")
    texts = {"ward": [request.ward], "system": [], "value": []}
    for each in request.identifiers:
        texts["system"].append(each.system)
        texts["value"].append(each.value)
    for name, values in texts.items():
        if any(
            not value or len(value) > _LONGEST or value != value.strip() or not value.isprintable() for value in values
        ):
            raise InvalidCommand(
                f"{name} must be printable text of 1 to {_LONGEST} characters without blanks around it"
            )
