"""How do notices find people? The rota, the absences, people's own channels, and what all of them together come to.

Whoever has a post on a ward may read its rota; its lead and the administrator change it. Channels and absences are a
person's own business, and the administrator's.
"""

from collections.abc import Collection
from datetime import tzinfo

from orchestrator.audit import looks
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.service.people.administering import looks_after
from orchestrator.service.people.aways import Aways
from orchestrator.service.people.contacts import Contacts
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.reach import Reach
from orchestrator.service.people.roster_ports import House, Ways
from orchestrator.service.people.rota import Rota
from orchestrator.service.ports import Store


class Duty:
    """One process's view of who is told: what changes it, and what the write path asks.

    house, ways: what the file of channels says.   roles: all that there are.   zone: the hospital's.
    Whoever opens a store that is not new has `reach` read it before anything is written.
    """

    def __init__(
        self, store: Store, mac: looks.Mac, house: House, ways: Ways, *, roles: Collection[str], zone: tzinfo
    ) -> None:
        self.reach = Reach(store, house, ways, roles, zone)
        self.rota = Rota(store, mac, roles, zone, self.reach.changed)
        self.aways = Aways(store, mac, self.reach.changed)
        self.contacts = Contacts(store, mac, ways, self.reach.changed)
        self._store = store

    def check_person(self, principal: Principal, person_id: str) -> None:
        """Raise NotFound unless these are the principal's own channels and absences, or he looks after the account."""
        with self._store.read() as reader:
            posts = [post.ward for post in reader.posts(person_id)]
        if not looks_after(principal, person_id, posts):
            raise NotFound("there is no such person")

    def lead(self, house: House, ways: Ways) -> None:
        """Go by what the file of channels says now."""
        self.reach.lead(house, ways)
        self.contacts.ways = ways


def reads(principal: Principal, ward: str) -> bool:
    """Tell whether this person may read a ward's rota: whoever has a post there."""
    return principal.asserts or bool(principal.roles(ward))


def changes(principal: Principal, ward: str) -> bool:
    """Tell whether this person may change a ward's rota: its lead, or an administrator."""
    return principal.may(Action.OPERATE, ward)


def check_ward(principal: Principal, ward: str, *, change: bool = False) -> None:
    """Raise NotFound unless this person may read a ward's rota, and NotAllowed unless he may do what he wants."""
    if not reads(principal, ward):
        raise NotFound("there is no such ward among yours")
    if change and not changes(principal, ward):
        raise NotAllowed("a rota is changed by the lead of the ward, or by an administrator")
