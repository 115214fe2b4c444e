"""Who is on duty, when, in which role of a ward? What is entered is checked, recorded, and counts at once."""

import secrets
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people.accounts import check_ward_name
from orchestrator.service.people.hours import midnight
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.recording import Author, note
from orchestrator.service.people.roster import Roster, Told
from orchestrator.service.people.rows import DutyRow, PersonRow
from orchestrator.service.people.there import held_person
from orchestrator.service.ports import Change, Store

LONGEST_DUTY = timedelta(days=366)
LONGEST_VIEW = 35


class Rota:
    """The on-call rota of every ward. mac: chains what is recorded.   roles: all that there are.

    zone: the hospital's.   changed: called when a change has been committed.
    """

    def __init__(
        self, store: Store, mac: looks.Mac, roles: Collection[str], zone: tzinfo, changed: Callable[[], None]
    ) -> None:
        self._store, self._mac, self._changed = store, mac, changed
        self.roles, self.zone = tuple(roles), zone

    def add(
        self, by: Author, *, ward: str, role: str, person_id: str, starts_at: datetime, ends_at: datetime
    ) -> str:  # fmt: skip
        """Put a person on duty, from a moment until before another; return the duty's id. ward: `*` for all.

        Others may be on duty at the same time. Raises InputError; NotFound; Conflict for who is on duty there already,
        whose account was ended, or who holds no such post.
        """
        check_ward_name(ward)
        if role not in self.roles:
            raise InputError(f"there is no role '{role[:40]}'; known are {', '.join(self.roles)}")
        row = DutyRow(f"d-{secrets.token_hex(8)}", ward, role, person_id, starts_at, ends_at)
        with self._store.change() as change:
            person = held_person(change, person_id)
            check_span(starts_at, ends_at, change.times().now, LONGEST_DUTY)
            _check_post(change, row, person)
            for other in change.duties(starts_at):
                same = (other.ward, other.role, other.person_id) == (ward, role, person_id)
                if same and other.starts_at < ends_at:
                    raise Conflict(f"{person.name} is on duty as {role} there already during that time")
            change.add_duty(row)
            note(change, self._mac, by, "duty", about=person_id, detail=_detail(row))
        self._changed()
        return row.duty_id

    def remove(self, by: Author, ward: str, duty_id: str) -> None:
        """Take a duty that has not ended out of a ward's rota. Raises NotFound."""
        with self._store.change() as change:
            change.last_staff_record()
            row = next((each for each in change.duties(change.times().now) if each.duty_id == duty_id), None)
            if row is None or row.ward != ward:
                raise NotFound("there is no such duty, or it is over")
            change.remove_duty(duty_id)
            note(change, self._mac, by, "duty-removed", about=row.person_id, detail=_detail(row))
        self._changed()

    def ahead(self, ward: str) -> list[dict[str, Any]]:
        """Return the duties of a ward that have not ended, as they are recorded: what an entity tag stands for."""
        with self._store.read() as reader:
            rows = [row for row in reader.duties(reader.times().now) if row.ward == ward]
            return [{**_detail(row), "person": row.person_id} for row in rows]

    def today(self) -> date:
        """Return the day on the wards, by the store's clock."""
        with self._store.read() as reader:
            return reader.times().now.astimezone(self.zone).date()

    def view(self, ward: str, first: date, days: int = 7) -> dict[str, Any]:
        """Return who is told on a ward, for some days from the first on, in stretches within which nothing changes.

        duties: as they were entered, those of all wards too.   told: by role, for each role that has a duty in that
        time, the stretches: on_duty is false where the rota names nobody who is there, and all who hold the post are
        told.   holders: by role, who holds the post.   Raises InputError.
        """
        check_ward_name(ward)
        if not 1 <= days <= LONGEST_VIEW:
            raise InputError(f"a rota is shown for 1 to {LONGEST_VIEW} days")
        start, end = midnight(first, self.zone), midnight(first + timedelta(days=days), self.zone)
        with self._store.read() as reader:
            roster = Roster.read(reader, start)
            people, now = {each.person_id: each.name for each in reader.people()}, reader.times().now
        duties = {role: [each for each in roster.duties(ward, role) if each.starts_at < end] for role in self.roles}
        holders = {role: roster.holders(ward, role) for role in self.roles}
        reached = frozenset(roster.contacts)
        return {
            "ward": ward,
            "from": first.isoformat(),
            "days": days,
            "now": instant(now),
            "duties": [_told(each, people, reached) for role in self.roles for each in duties[role]],
            "told": {
                role: [_stretch(*each, people) for each in roster.stretches(ward, role, start, end)]
                for role in self.roles
                if duties[role]
            },
            "holders": {role: _by_name(held, people) for role, held in holders.items() if held},
        }


def check_span(starts_at: datetime, ends_at: datetime, now: datetime, longest: timedelta) -> None:
    """Raise InputError unless a time begins before it ends, ends in the future, and is no longer than this."""
    if ends_at <= starts_at:
        raise InputError("it must end after it begins")
    if ends_at <= now:
        raise InputError("this time is over")
    if ends_at - starts_at > longest:
        raise InputError(f"this is longer than {longest.days} days")


def _check_post(change: Change, row: DutyRow, person: PersonRow) -> None:
    """Whoever is told must be able to open what he is told of."""
    held = {(post.ward, post.role) for post in change.posts(row.person_id)}
    if not held & {(row.ward, row.role), (EVERYWHERE, row.role)}:
        where = "all wards" if row.ward == EVERYWHERE else f"ward {row.ward}"
        raise Conflict(f"{person.name} holds no post as {row.role} on {where}: an administrator can give it")


def _stretch(starts_at: datetime, ends_at: datetime, told: Told, people: dict[str, str]) -> dict[str, Any]:
    return {
        "starts_at": instant(starts_at), "ends_at": instant(ends_at), "on_duty": told.on_duty,
        "people": _by_name(told.people, people),
    }  # fmt: skip


def _told(row: DutyRow, people: dict[str, str], reached: frozenset[str]) -> dict[str, Any]:
    """Return a duty. reached: whether that person has a channel of their own."""
    told = {"duty_id": row.duty_id, "ward": row.ward, "role": row.role, **_person(row.person_id, people)}
    told |= {"starts_at": instant(row.starts_at), "ends_at": instant(row.ends_at)}
    return {**told, "reached": row.person_id in reached}


def _person(person_id: str, people: dict[str, str]) -> dict[str, str]:
    return {"person_id": person_id, "name": people[person_id]}


def _by_name(person_ids: Collection[str], people: dict[str, str]) -> list[dict[str, str]]:
    told = [_person(person_id, people) for person_id in person_ids]
    return sorted(told, key=lambda each: (each["name"], each["person_id"]))


def _detail(row: DutyRow) -> dict[str, Any]:
    return {
        "duty": row.duty_id, "ward": row.ward, "role": row.role, "starts_at": instant(row.starts_at.astimezone(UTC)),
        "ends_at": instant(row.ends_at.astimezone(UTC)),
    }  # fmt: skip
