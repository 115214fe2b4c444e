"""By which channels of their own are people told? Each chooses hers; what could not be sent is not taken."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.audit import looks
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people.hours import check_quiet
from orchestrator.service.people.recording import Author, note
from orchestrator.service.people.roster_ports import Ways
from orchestrator.service.people.rows import ContactRow
from orchestrator.service.people.there import held_person, person_row
from orchestrator.service.ports import Store

MOST = 10
"""So many channels a person may have."""
BETWEEN_TESTS = timedelta(seconds=15)


class Contacts:
    """People's own channels. mac: chains what is recorded.   ways: what can carry notices.

    changed: called when a change has been committed.
    """

    def __init__(self, store: Store, mac: looks.Mac, ways: Ways, changed: Callable[[], None]) -> None:
        self._store, self._mac, self.ways, self._changed = store, mac, ways, changed
        self._tested: dict[str, datetime] = {}

    def add(
        self, by: Author, person_id: str, *, channel: str, address: str, kinds: Sequence[str] = (), quiet: str = ""
    ) -> str:  # fmt: skip
        """Let notices reach a person by one more channel; return its name. kinds: of notices; empty for all.

        quiet: hours in which it is left alone, such as `22:00-06:30`. Raises InputError; NotFound; Conflict for an
        address that she has already, for an account that was ended, and for one channel too many.
        """
        self.ways.check(channel, address)
        unknown = sorted(set(kinds) - set(self.ways.kinds))
        if unknown:
            raise InputError(f"there is no kind of notice '{unknown[0][:40]}'; known are {', '.join(self.ways.kinds)}")
        quiet, kept = check_quiet(quiet), " ".join(each for each in self.ways.kinds if each in set(kinds))
        with self._store.change() as change:
            person = held_person(change, person_id)
            there = change.contacts(person_id)
            if any((each.channel, each.address) == (channel, address) for each in there):
                raise Conflict(f"{person.name} is told there already")
            if len(there) >= MOST:
                raise Conflict(f"nobody has more than {MOST} channels: remove one first")
            numbers = [int(each.name.rpartition("-")[2]) for each in there if each.channel == channel]
            name = f"{channel}-{max(numbers, default=0) + 1}"
            change.add_contact(ContactRow(person_id, name, channel, address, kept, quiet))
            # The address belongs to the person alone, and what is recorded of people can never be erased.
            detail = {"contact": name, "channel": channel, "kinds": kept, "quiet": quiet}
            note(change, self._mac, by, "contact", about=person_id, detail=detail)
        self._changed()
        return name

    def remove(self, by: Author, person_id: str, name: str) -> None:
        """Tell a person by one channel less. Raises NotFound."""
        with self._store.change() as change:
            change.last_staff_record()
            if name not in {each.name for each in change.contacts(person_id)}:
                raise NotFound("there is no such channel")
            change.remove_contact(person_id, name)
            note(change, self._mac, by, "contact-removed", about=person_id, detail={"contact": name})
        self._changed()

    def of(self, person_id: str) -> list[dict[str, Any]]:
        """Return a person's channels, by name. configured: whether notices can leave by it now. Raises NotFound."""
        with self._store.read() as reader:
            person_row(reader, person_id)
            return [self._told(each) for each in reader.contacts(person_id)]

    def begin_test(self, by: Author, person_id: str, name: str) -> tuple[str, str]:
        """Return to which channel and address a test message may be sent now; it is on record that one was.

        Raises NotFound; Conflict for one who asks again within some seconds: an address may be somebody else's.
        """
        with self._store.change() as change:
            person = held_person(change, person_id)
            found = next((each for each in change.contacts(person_id) if each.name == name), None)
            if found is None:
                raise NotFound("there is no such channel")
            now = change.times().wall
            if abs(now - self._tested.get(person_id, datetime.min.replace(tzinfo=UTC))) < BETWEEN_TESTS:
                seconds = int(BETWEEN_TESTS.total_seconds())
                raise Conflict(f"{person.name} was sent a test just now: wait {seconds} seconds")
            self._tested[person_id] = now
            note(change, self._mac, by, "contact-tested", about=person_id, detail={"contact": name})
        return found.channel, found.address

    def _told(self, row: ContactRow) -> dict[str, Any]:
        return {
            "name": row.name, "channel": row.channel, "address": row.address, "kinds": row.kinds.split(),
            "quiet": row.quiet, "configured": row.channel in self.ways.channels,
        }  # fmt: skip
