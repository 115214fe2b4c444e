"""By which ways does a notice reach people? By the file's routes, and by the own channels of those who are there now.

It is asked while an episode is locked, and so answers from memory. What it knows is read when a process begins, again
at once by whoever changes it there, and every two seconds where something has changed; with the store away it goes on
with what it knew last.
"""

import logging
import threading
from collections.abc import Collection
from datetime import datetime, timedelta, tzinfo

from orchestrator.errors import StoreError
from orchestrator.service.people.hours import clock_of, is_quiet
from orchestrator.service.people.roster import Roster
from orchestrator.service.people.roster_ports import House, Ways
from orchestrator.service.people.rows import ContactRow
from orchestrator.service.ports import Store
from orchestrator.service.repeated import Repeated

_log = logging.getLogger(__name__)
SECONDS = 2.0
"""How often is asked whether something has changed."""
_PAST = timedelta(days=1)
"""What has ended so long ago is not kept in memory; a store's clock may be set back by less."""


class Reach:
    """The service's port: who is told by which means, and which roles nobody holds.

    roles: all that there are.   zone: the hospital's.
    """

    def __init__(self, store: Store, house: House, ways: Ways, roles: Collection[str], zone: tzinfo) -> None:
        self._store, self._house, self._ways = store, house, ways
        self._roles, self._zone = frozenset(roles), zone
        self._roster, self._lock = Roster(), threading.Lock()

    def lead(self, house: House, ways: Ways) -> None:
        """Go by what the file of channels says now."""
        self._house, self._ways = house, ways

    def refresh(self) -> None:
        """Read anew what has changed. Raises StoreError."""
        with self._lock, self._store.read() as reader:
            if reader.staff_mark() != self._roster.mark:
                self._roster = Roster.read(reader, reader.times().now - _PAST)

    def changed(self) -> None:
        """Read anew what this process changes, once it is committed."""
        self._store.afterwards(self._refresh_soon)

    def _refresh_soon(self) -> None:
        """Read it anew; where that fails now, `follow` does so in a moment."""
        try:
            self.refresh()
        except StoreError as error:
            _log.warning("what was changed of people counts in a moment: %s", error, extra={"event": "people-later"})

    def follow(self) -> Repeated:
        """Stay up to date until `stop`; what cannot be read is said in the log."""
        return Repeated(self.refresh, SECONDS, "people").start()

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> tuple[str, ...]:
        """Return the names of the routes by which a notice goes out: to no address twice."""
        routes, roster = tuple(self._house.routes(kind, role, ward)), self._roster
        if not roster.contacts:
            return routes
        told = roster.told(ward, role, at)
        known = self._house.addresses(kind, role, ward)
        ways = [
            each
            for who in told.people
            for each in roster.contacts.get(who, ())
            if each.channel in self._ways.channels and (not each.kinds or kind in each.kinds.split())
        ]
        clock = clock_of(at, self._zone)
        loud = ways if told.on_duty else [each for each in ways if not is_quiet(each.quiet, clock)]
        return routes + _routes(loud or ways, known)

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        """Return the roles that nobody holds on a ward: by the file, until accounts say who stands there.

        From then on a role is held by whoever has the post and is there, or because the file says so.
        """
        by_posts = self._roster.unheld(ward, self._roles, at)
        return self._house.unheld(ward) if by_posts is None else by_posts - self._house.held(ward)

    def wards(self) -> tuple[str, ...]:
        """Return the wards on which somebody works, by name."""
        return self._roster.wards

    def contact(self, route: str) -> tuple[str, str] | None:
        """Return to which channel and address a personal route leads now, as the store has it; None where it is gone.

        Raises StoreError.
        """
        person_id, _, name = route.partition("/")
        with self._store.read() as reader:
            person = reader.person(person_id)
            found = [each for each in reader.contacts(person_id) if each.name == name]
        gone = person is None or person.ended_at is not None or not found
        return None if gone else (found[0].channel, found[0].address)


def _routes(contacts: list[ContactRow], known: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """Return the routes to contacts at whose address nobody is told yet."""
    by_address: dict[tuple[str, str], str] = {}
    for each in contacts:
        by_address.setdefault((each.channel, each.address), each.route)
    return tuple(route for place, route in by_address.items() if place not in known)
