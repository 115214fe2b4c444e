"""How does somebody come to a patient of another ward in an emergency? He breaks the glass: for a reason, for an hour.

It opens what a post at the bedside opens, seeing and acting: a record that can be read and not written would leave what
is given in an emergency on paper. It gives no other role: what a role may do stays the pathway's to say. The patient's
ward is told in the same transaction, each look and each entry that follows says that it was made so.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.notices import tell
from orchestrator.service.people.looking import Who, add, new_look, sealed_for
from orchestrator.service.people.merged import episodes_of, person_of
from orchestrator.service.people.principal import ADMINISTRATOR, LEAD, Action, Principal
from orchestrator.service.people.rows import GlassRow
from orchestrator.service.ports import Change, Reader
from orchestrator.service.rows import EpisodeRow, NoticeRow
from orchestrator.service.there import whereabouts

LASTS = timedelta(hours=1)
SHORTEST_REASON, LONGEST_REASON = 3, 1000
KIND = "glass"
"""Of the notice, and of the record."""


class Broken(NamedTuple):
    """The glass is broken. repeated: it was already, and nothing was done."""

    episode_id: str
    ward: str
    until: datetime
    repeated: bool


class Glass:
    """Breaks the glass to patients of other wards. mac: chains the record of it."""

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._desk, self._mac = desk, mac

    def find(self, identifier: Identifier) -> str:
        """Return an episode of the patient with an identifier: an open one before others, the latest of them.

        Raises NotFound.
        """
        hashed = self._desk.keyring.identifier_hash(identifier.system, identifier.value)
        with self._desk.store.read() as reader:
            found = reader.find_patients([hashed])
            rows = episodes_of(reader, person_of(reader, found[0][1].patient_id)) if found else []
        if not rows:
            raise NotFound("there is no patient with this number here")
        return max(rows, key=_wanted).episode_id

    def open(self, principal: Principal, who: Who, episode_id: str, reason: str) -> Broken:
        """Let a person in to an episode's patient for an hour; while it is broken already nothing is done.

        Raises NotFound; InputError without a reason; Conflict for whoever sees the patient anyway, and when the
        patient's record was erased.
        """
        reason = reason_of(reason)
        return self._desk.transact(lambda change: self._open(change, principal, who, episode_id, reason))

    def close(self, principal: Principal, who: Who, episode_id: str) -> bool:
        """Mend the glass before its hour is over; False where none is broken. Raises NotFound."""
        with self._desk.store.change() as change:
            patient_id, _ = whereabouts(change, episode_id)
            change.last_look(patient_id)
            now = change.times().now
            found = list(_glasses(change, principal, patient_id, now))
            for glass in found:
                change.end_glass(principal.actor_id, glass.patient_id, now)
                row = new_look(glass.patient_id, now, who, KIND, "closed", episode_id=episode_id, glass=True)
                add(change, self._mac, row)
        return bool(found)

    def _open(self, change: Change, principal: Principal, who: Who, episode_id: str, reason: str) -> Broken:
        patient_id, ward = whereabouts(change, episode_id)
        if principal.may(Action.SEE, ward):
            raise Conflict("this patient is on a ward of yours: no glass is between you")
        change.last_look(patient_id)  # of two who come at once the second finds what the first did
        now = change.times().now
        glass = broken(change, principal, patient_id, now)
        if glass is not None:
            return Broken(episode_id, ward, glass.until, repeated=True)
        patient = change.patient(patient_id)
        if patient is None or patient.wrapped_key is None:
            raise Conflict("the record of this patient was erased")
        key = self._desk.key(patient)
        row = new_look(patient_id, now, who, KIND, "opened", episode_id=episode_id, glass=True)
        add(change, self._mac, row._replace(sealed=key.encrypt(reason.encode(), sealed_for(row))))
        change.add_glass(GlassRow(principal.actor_id, patient_id, ward, now, now + LASTS))
        wards = {ward: episode_id}  # it opens the patient, and so what each ward has of him
        for each in episodes_of(change, person_of(change, patient_id)):
            if not each.closed and not principal.may(Action.SEE, each.ward):
                wards.setdefault(each.ward, each.episode_id)
        told = [self._notice(about, there, principal.actor_id, now) for there, about in wards.items()]
        tell(change, self._desk.directory, told)
        return Broken(episode_id, ward, now + LASTS, repeated=False)

    def _notice(self, episode_id: str, ward: str, by: str, now: datetime) -> NoticeRow:
        """Return what a ward's lead is told; where nobody is lead the administrator is."""
        role = ADMINISTRATOR if LEAD in self._desk.directory.unheld(ward, now) else LEAD
        key = f"{KIND}.{by}.{instant(now)}"
        return NoticeRow(episode_id, key, KIND, "glass-broken", "", role, ward, 0, now, now, late=False)


def broken(reader: Reader, principal: Principal, patient_id: str, now: datetime) -> GlassRow | None:
    """Return the glass that somebody broke to the patient whose record this is; it opens all of his records."""
    return next(_glasses(reader, principal, patient_id, now), None)


def _glasses(reader: Reader, principal: Principal, patient_id: str, now: datetime) -> Iterator[GlassRow]:
    """Yield the open ones, by record: each can have been broken before the records were merged."""
    for record in sorted(person_of(reader, patient_id).records):
        glass = reader.glass(principal.actor_id, record, now)
        if glass is not None:
            yield glass


def _wanted(row: EpisodeRow) -> tuple[bool, datetime, str]:
    return not row.closed, row.enrolled_at, row.episode_id


def reason_of(text: str) -> str:
    """Return why somebody breaks the glass. Raises InputError where nothing is said that could be read."""
    reason = text.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InputError(f"say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters: the patient's ward reads it")
    return reason
