"""Who has taken an open item upon himself? Taken, handed over, put off for a while, given back.

Nothing of it is clinical: a claim silences no reminder and moves no time, and no item leaves the ward's list for it.
What is put off stands aside from what its own holder has taken, and from nothing else. Each step is on the patient's
record of looks, its reason sealed with the patient's key.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.keys import Keyring, PatientKey, prefixed
from orchestrator.audit.seal import instant
from orchestrator.episode.items import REMINDER
from orchestrator.episode.reminders import next_moment
from orchestrator.errors import Claimed, Conflict, InputError, NotFound
from orchestrator.service.desk import Desk
from orchestrator.service.ledger import unpack
from orchestrator.service.people.looking import Who, add, new_look, sealed_for
from orchestrator.service.people.there import name_of
from orchestrator.service.ports import Change, Reader
from orchestrator.service.rows import NO_DUE, ItemRow
from orchestrator.service.there import episode_row
from orchestrator.service.worklist.rows import ClaimRow, ItemId

LONGEST_SNOOZE = timedelta(hours=4)
LONGEST_REASON = 1000


class Claims:
    """Takes, hands over, puts off and gives back. mac: chains what is recorded of it."""

    def __init__(self, desk: Desk, mac: looks.Mac) -> None:
        self._desk, self._mac = desk, mac

    def claim(self, item: ItemId, who: Who) -> dict[str, Any]:
        """Take an item; who has it already gets the same answer.

        Raises NotFound for what is not open; Claimed when somebody else has it.
        """

        def work(change: Change) -> ClaimRow:
            held, taken = _open(change, item)
            if taken is not None:
                return _own(change, taken, who)
            made = ClaimRow(*item, held.ward, who.id, change.times().now, None, None, None)
            change.put_claim(made)
            self._record(change, held, who, "claim")
            return made

        return self._told(item, work)

    def release(self, item: ItemId, who: Who) -> dict[str, Any]:
        """Give an item back to the ward; what nobody has stays so. Raises NotFound and Claimed."""

        def work(change: Change) -> None:
            held, taken = _open(change, item)
            if taken is not None:
                _own(change, taken, who)
                change.end_claim(item)
                self._record(change, held, who, "release")

        return self._told(item, work)

    def hand_over(self, item: ItemId, who: Who, to: str, *, reason: str = "", known: bool = True) -> dict[str, Any]:
        """Give an item, one's own or nobody's, to a colleague who holds there the role that owes it, or one's own.

        known: that colleague must have an account here; False where a program knows its own users.
        Raises NotFound, Claimed when somebody else has it, and InputError.
        """
        return self._pass_on(item, who, to, holder=who.id, reason=reason, check=known)

    def take_over(self, item: ItemId, who: Who, holder: str, *, reason: str = "") -> dict[str, Any]:
        """Take an item that a colleague has, who is named so that nobody takes it from a third: that is asked before.

        Raises NotFound and Claimed.
        """
        return self._pass_on(item, who, who.id, holder=holder, reason=reason, check=False)

    def _pass_on(self, item: ItemId, who: Who, to: str, *, holder: str, reason: str, check: bool) -> dict[str, Any]:
        reason = _reason(reason)

        def work(change: Change) -> ClaimRow:
            held, taken = _open(change, item)
            if taken is not None and taken.person_id == to:
                return taken
            if taken is not None and taken.person_id != holder:
                raise _claimed(change, taken)
            if check and to not in {row.person_id for row in change.colleagues(held.ward, (held.role, who.role))}:
                raise InputError("that person holds neither the role that owes this nor yours on this ward")
            made = ClaimRow(*item, held.ward, to, change.times().now, None, None, None)
            change.put_claim(made._replace(sealed=self._sealed(change, made, reason)))
            self._record(change, held, who, "hand-over", to=to, reason=reason)
            return made

        return self._told(item, work)

    def snooze(self, item: ItemId, who: Who, until: datetime | None, reason: str = "") -> dict[str, Any]:
        """Let an item of one's own stand aside from one's own list until a moment; None takes that back.

        No longer than until it is due, or its reminder goes on, and four hours at most. It stays on the ward's list.
        Raises NotFound, Claimed, Conflict for what nobody has taken, and InputError without a reason or over the limit.
        """
        reason = _reason(reason)

        def work(change: Change) -> ClaimRow:
            held, taken = _open(change, item)
            if taken is None:
                raise Conflict("nobody has taken this: take it first")
            _own(change, taken, who)
            if taken.snoozed_until == until and (until is None or taken.snoozed_due == held.due_at):
                return taken
            if until is not None:
                _check_snooze(until, change.times().now, self._limit(change, held), reason)
            made = taken._replace(snoozed_until=until, snoozed_due=until and held.due_at)
            change.put_claim(made._replace(sealed=self._sealed(change, made, reason)))
            self._record(change, held, who, "snooze", until=until, reason=reason)
            return made

        return self._told(item, work)

    def find(self, episode_id: str, handle: str) -> ItemId:
        """Return the open item of an episode that an address names. Raises NotFound."""
        found = open_item(self._desk, episode_id, handle)
        if found is None:
            raise _gone()
        return found

    def look(self, item: ItemId, role: str) -> dict[str, Any]:
        """Return who has an item and why, who could be given it, and until when it can be put off at most (or None).

        role: in which who asks would hand it over. Raises NotFound.
        """
        with self._desk.store.read() as reader:
            held = next((row for row in reader.items(item.episode_id) if (row.kind, row.key) == item[1:]), None)
            if held is None:
                raise _gone()
            now, taken = reader.times().now, _live(reader.claim_of(item), held)
            limit = self._limit(reader, held)
            others = reader.colleagues(held.ward, (held.role, role))
            return {
                "now": instant(now),
                "role": held.role,
                "ward": held.ward,
                "claim": claim_json(taken, _name(reader, taken.person_id)) if taken else None,
                "reason": self._why(reader, taken) if taken else "",
                "colleagues": [{"person_id": row.person_id, "name": row.name} for row in others],
                "snooze_limit": instant(limit) if limit > now else None,
            }

    def _told(self, item: ItemId, work: Callable[[Change], ClaimRow | None]) -> dict[str, Any]:
        def told(change: Change) -> dict[str, Any]:
            row = work(change)
            shown = None if row is None else claim_json(row, _name(change, row.person_id))
            return {**item._asdict(), "claim": shown}

        return self._desk.transact(told)

    def _limit(self, reader: Reader, held: ItemRow) -> datetime:
        """Return the moment up to which an item can be put off; it may have passed."""
        now = reader.times().now
        if held.kind != REMINDER:
            return min(now + LONGEST_SNOOZE, held.due_at)
        row = episode_row(reader, held.episode_id)
        episode = self._desk.engine.load(unpack(self._desk.key(row), row.episode_id, row.document))
        fired = (each for each in episode.reminders if each.address == held.key)
        goes_on = next((next_moment(each) for each in fired), None)
        return min(now + LONGEST_SNOOZE, goes_on or NO_DUE)

    def _record(
        self, change: Change, held: ItemRow, who: Who, kind: str, *, to: str = "", until: datetime | None = None,
        reason: str = "",
    ) -> None:  # fmt: skip
        """Put a step on the patient's record of looks. In plain stands what tells nothing of the patient."""
        episode = episode_row(change, held.episode_id)
        what = held.kind + (f", to {to}" if to else "") + (f", until {instant(until)}" if until else "")
        row = new_look(episode.patient_id, change.times().now, who, kind, what, episode_id=held.episode_id)
        said = f"{held.name}: {reason}" if reason else held.name
        add(change, self._mac, row._replace(sealed=self._desk.key(episode).encrypt(said.encode(), sealed_for(row))))

    def _sealed(self, reader: Reader, row: ClaimRow, reason: str) -> bytes | None:
        return self._key(reader, row).encrypt(reason.encode(), _place(row.item)) if reason else None

    def _why(self, reader: Reader, row: ClaimRow) -> str:
        return "" if row.sealed is None else self._key(reader, row).decrypt(row.sealed, _place(row.item)).decode()

    def _key(self, reader: Reader, row: ClaimRow) -> PatientKey:
        return self._desk.key(episode_row(reader, row.episode_id))


def handle_of(keyring: Keyring, item: ItemId) -> str:
    """Return what stands for an item in an address, which must tell nothing of the patient: 16 hex digits."""
    return keyring.look_mac(b"item" + prefixed(*(part.encode() for part in item)))[:8].hex()


def open_item(desk: Desk, episode_id: str, handle: str) -> ItemId | None:
    """Return the open item of an episode for which this stands in an address; None where there is none."""
    with desk.store.read() as reader:
        ids = [ItemId(row.episode_id, row.kind, row.key) for row in reader.items(episode_id)]
    return next((each for each in ids if handle_of(desk.keyring, each) == handle), None)


def claim_json(row: ClaimRow, name: str) -> dict[str, Any]:
    """Return a claim as JSON. name: of who has taken it."""
    until = row.snoozed_until
    return {"person_id": row.person_id, "name": name, "at": instant(row.at), "snoozed_until": until and instant(until)}


def _open(change: Change, item: ItemId) -> tuple[ItemRow, ClaimRow | None]:
    """Hold an open item, and return who has taken it."""
    held = change.hold_item(item)
    if held is None:
        raise _gone()
    return held, _live(change.claim_of(item), held)


def _live(taken: ClaimRow | None, held: ItemRow) -> ClaimRow | None:
    """Return a claim unless the patient has moved to another ward since."""
    return taken if taken is not None and taken.ward == held.ward else None


def _own(reader: Reader, taken: ClaimRow, who: Who) -> ClaimRow:
    if taken.person_id != who.id:
        raise _claimed(reader, taken)
    return taken


def _claimed(reader: Reader, taken: ClaimRow) -> Claimed:
    return Claimed(taken.person_id, name_of(reader, taken.person_id))


def _gone() -> NotFound:
    return NotFound("this is not open any more: somebody has seen to it, or it is no longer wanted")


def _name(reader: Reader, person_id: str) -> str:
    person = reader.person(person_id)
    return "" if person is None else person.name


def _reason(text: str) -> str:
    reason = text.strip()
    if len(reason) > LONGEST_REASON:
        raise InputError(f"a reason has {LONGEST_REASON} characters at most")
    return reason


def _check_snooze(until: datetime, now: datetime, limit: datetime, reason: str) -> None:
    if limit <= now:
        raise InputError("what is due, or goes on to the next person now, cannot be put off")
    if not now < until <= limit:
        raise InputError(f"this can be put off until {instant(limit)} at most: it is due then, or four hours are over")
    if not reason:
        raise InputError("say why it is put off")


def _place(item: ItemId) -> bytes:
    return b"claim" + prefixed(*(part.encode() for part in item))
