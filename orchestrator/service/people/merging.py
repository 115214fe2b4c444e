"""How are two records of one patient merged, and how is that taken back? By a lead who has compared them, for a reason.

Whoever merges leads a ward of each record, has both before his eyes, and sends back what was compared: if either has
changed since, nothing is done. It stands in both records of looks, the reason sealed with each record's own key, and
the leads of the wards with an open episode are told. To take it back a lead of either record suffices: it separates
what may be two patients, and cannot wait for whoever leads both.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import instant, open_header
from orchestrator.errors import Changed, Conflict, InputError, NotFound
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import CLOCK
from orchestrator.service.notices import tell
from orchestrator.service.people.looking import add, new_look, sealed_for
from orchestrator.service.people.merged import Person, episodes_of, open_twice, person_of, side_of
from orchestrator.service.people.principal import ADMINISTRATOR, LEAD, Action, Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.people.records import Records, Sees, acted_json, bound, replaced_by, twice_json, was_asserted
from orchestrator.service.people.rows import MergeRow
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Change, Reader
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import EpisodeRow, NoticeRow, PatientRow
from orchestrator.service.there import whereabouts

SHORTEST_REASON, LONGEST_REASON = 3, 1000
KIND = "merge"
"""Of the notice. Of the records: merged, unmerged."""


class Merging:
    """Merges records and takes that back. mac: chains the record of it."""

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._desk, self._mac = desk, mac
        self._records = Records(desk)

    def is_merged(self, patient_id: str) -> bool:
        """Tell whether a record is one of several that were merged."""
        with self._desk.store.read() as reader:
            return bool(reader.merges([patient_id]))

    def person(self, sees: Sees, episode_id: str) -> dict[str, Any]:
        """Return an episode's patient: see `records`. Raises NotFound."""
        with self._desk.store.read() as reader:
            return self._records.person(reader, sees, person_of(reader, _whose(reader, episode_id)))

    def compare(self, principal: Principal, episode_id: str, identifier: Identifier) -> dict[str, Any]:
        """Return an episode's patient and the one with a number, side by side, and the word for having compared them.

        Raises NotFound where the number belongs to no patient on a ward that the caller leads, and Conflict where the
        two cannot be merged, saying why.
        """
        sees = _sees(principal)
        hashed = self._desk.keyring.identifier_hash(identifier.system, identifier.value)
        with self._desk.store.read() as reader:
            kept = _whose(reader, episode_id)
            found = reader.find_patients([hashed])
            if not found or not _leads(reader, principal, found[0][1].patient_id):
                raise NotFound("on the wards that you lead there is no patient with this number")
            replaced = found[0][1].patient_id
            sides = self._sides(reader, kept, replaced)
            rows = [row for side in sides for row in episodes_of(reader, side)]
            return {
                "kept": self._records.person(reader, sees, sides[0]),
                "replaced": self._records.person(reader, sees, sides[1]),
                "record": replaced,
                "compared": self._compared(reader, kept, replaced, sides),
                "open_twice": twice_json(sees, open_twice(rows)),
            }

    def merge(
        self, principal: Principal, by: Author, episode_id: str, replaced: str, *, compared: str, reason: str
    ) -> None:
        """Say that a record is the same patient's as that of an episode, which is kept. compared: as `compare` gave it.

        Raises NotFound; InputError without a reason; Changed when either was changed since; Conflict where they cannot
        be merged, saying why.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            change.lock_merges()
            kept = _whose(change, episode_id)
            if not _leads(change, principal, replaced):
                raise NotFound("there is no such record on the wards that you lead")
            patients = {each: change.lock_patient(each) for each in sorted({kept, replaced})}
            sides = self._sides(change, kept, replaced)
            if self._compared(change, kept, replaced, sides) != compared:
                raise Changed("one of the two was changed since you compared them: compare them anew, then decide")
            keys = {each: self._key(row) for each, row in patients.items()}
            now = change.times().now
            row = MergeRow(replaced, kept, now, by.id, b"")
            change.add_merge(row._replace(sealed=keys[replaced].encrypt(reason.encode(), bound(row))))
            self._record(change, by, (kept, keys[kept]), "merged", f"replaces {replaced}", reason=reason)
            self._record(change, by, (replaced, keys[replaced]), "merged", replaced_by(row), reason=reason)
            self._tell(change, by, "records-merged", episodes_of(change, person_of(change, kept)))

    def unmerge(self, principal: Principal, by: Author, episode_id: str, replaced: str, reason: str) -> dict[str, Any]:
        """Take back that a record was replaced; return who acted on either meanwhile, as far as the caller may see.

        Everything is as it was before; what was enrolled since stays with the record under which it was enrolled.
        Raises NotFound; InputError without a reason; Conflict where it is not replaced, or was erased.
        """
        reason = _reason(reason)
        with self._desk.store.change() as change:
            change.lock_merges()
            person = person_of(change, _whose(change, episode_id))
            row = next((each for each in person.merges if each.patient_id == replaced), None)
            if row is None:
                raise Conflict("this record is replaced by none: somebody has taken it back, or it was never merged")
            if not any(_leads(change, principal, each) for each in (row.patient_id, row.kept_id)):
                raise NotFound("there is no such record on the wards that you lead")
            keys = {each: self._key(change.lock_patient(each)) for each in sorted((row.patient_id, row.kept_id))}
            rows = episodes_of(change, person)
            acted = [(each, who) for each in rows for who in _acted(change, each, row.merged_at)]
            change.end_merge(replaced)
            for record, was in ((row.kept_id, f"replaced {replaced}"), (replaced, f"was-replaced-by {row.kept_id}")):
                own = side_of(person, record, row).records
                since = sorted({who for each, who in acted if each.patient_id in own})
                what = f"{was}; acted meanwhile: {' '.join(since) or 'nobody'}"
                self._record(change, by, (record, keys[record]), "unmerged", what, reason=reason)
            self._tell(change, by, "records-separated", rows)
            return {"acted": acted_json(change, _sees(principal), acted)}

    def _sides(self, reader: Reader, kept: str, replaced: str) -> tuple[Person, Person]:
        """Return both patients as they are. Raises Conflict where these two records cannot be merged."""
        person, other = person_of(reader, kept), person_of(reader, replaced)
        if kept == replaced:
            raise Conflict("both are the same record: there is nothing to merge")
        if replaced in person.records:
            pair = (row for row in person.merges if {row.patient_id, row.kept_id} == {kept, replaced})
            raise _merged_already(reader, next(pair, None))
        for each in (*person.records, *other.records):
            row = reader.patient(each)
            if row is None or row.wrapped_key is None:
                raise Conflict("the record of this patient was erased: it is merged with none")
        if any(row.patient_id == replaced for row in other.merges):
            raise Conflict(
                "that record is replaced by another already: begin at an episode of it, so that it is kept and this "
                "one replaced, or have that merge taken back first"
            )
        return person, other

    def _compared(self, reader: Reader, kept: str, replaced: str, sides: tuple[Person, Person]) -> str:
        """Return a word that is another one when numbers, merges or episodes of either have changed."""
        told = [
            {
                "records": list(side.records),
                "merges": [[row.patient_id, row.kept_id] for row in side.merges],
                "numbers": sorted(
                    row.identifier_hash.hex() for each in side.records for row in reader.identifiers(each)
                ),
                "episodes": [[row.episode_id, row.ward, row.closed] for row in episodes_of(reader, side)],
            }
            for side in sides
        ]
        return self._mac(b"compared" + canonical([kept, replaced, told])).hex()[:32]

    def _key(self, patient: PatientRow | None) -> PatientKey:
        if patient is None or patient.wrapped_key is None:
            raise Conflict("the record of this patient was erased")
        return self._desk.key(patient)

    def _record(
        self, change: Change, by: Author, of: tuple[str, PatientKey], kind: str, what: str, *, reason: str
    ) -> None:  # fmt: skip
        """Record what was done in one record's chain. of: that record and its key."""
        record, key = of
        row = new_look(record, change.times().now, by, kind, what)
        add(change, self._mac, row._replace(sealed=key.encrypt(reason.encode(), sealed_for(row))))

    def _tell(self, change: Change, by: Author, name: str, rows: Iterable[EpisodeRow]) -> None:
        """Tell the leads of the wards on which an episode is open; where nobody is lead the administrator is told."""
        now = change.times().now
        notices = []
        for row in rows:
            if not row.closed:
                role = ADMINISTRATOR if LEAD in self._desk.directory.unheld(row.ward, now) else LEAD
                key = f"{KIND}.{name}.{by.id}.{instant(now)}"
                notices.append(NoticeRow(row.episode_id, key, KIND, name, "", role, row.ward, 0, now, now, late=False))
        tell(change, self._desk.directory, notices)


def _merged_already(reader: Reader, row: MergeRow | None) -> Conflict:
    """Return what who comes second is told. row: the merge of these two; None where a third record made them one."""
    if row is None:
        return Conflict("these two are merged already, through another record")
    who = name_of(reader, row.merged_by)
    if was_asserted(reader, row):
        return Conflict(f"these two are merged already, by {who}, asserted")
    return Conflict(f"these two are merged already, by {who}")


def _whose(reader: Reader, episode_id: str) -> str:
    return whereabouts(reader, episode_id)[0]


def _leads(reader: Reader, principal: Principal, patient_id: str) -> bool:
    """Tell whether the caller may merge on a ward of one of the record's own episodes."""
    return any(principal.may(Action.MERGE, row.ward) for row in reader.episodes_of(patient_id))


def _sees(principal: Principal) -> Sees:
    return lambda ward: principal.may(Action.SEE, ward)


def _acted(reader: Reader, row: EpisodeRow, since: datetime) -> set[str]:
    """Return who has acted on an episode since a moment; the clock is nobody."""
    headers = (open_header(entry) for entry in all_entries(reader, row.episode_id))
    return {each.actor for each in headers if each.at >= instant(since)} - {CLOCK.id}


def _reason(text: str) -> str:
    reason = text.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InputError(f"say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters: it stands in both records")
    return reason
