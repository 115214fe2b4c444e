"""By which routes does a notice go out, and which roles does nobody hold? As the file of channels says.

It speaks of roles and wards. Who is on duty, and by which ways that person is told: `service.people.reach`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.service.notices import UNROUTED


@dataclass(frozen=True, slots=True)
class Route:
    """A named way out: a channel and an address. roles, wards, kinds: of what it takes; empty takes all."""

    name: str
    channel: str
    to: str
    roles: frozenset[str] = frozenset()
    wards: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def takes(self, kind: str, role: str, ward: str) -> bool:
        """Tell whether a notice of this kind, to this role of this ward, goes out here."""
        asked = ((kind, self.kinds), (role, self.roles), (ward, self.wards))
        return all(not wanted or each in wanted for each, wanted in asked)

    def overlaps(self, other: "Route") -> bool:
        """Tell whether one notice could go out by both to the same address."""
        pairs = ((self.roles, other.roles), (self.wards, other.wards), (self.kinds, other.kinds))
        return (self.channel, self.to) == (other.channel, other.to) and all(
            not one or not two or one & two for one, two in pairs
        )


class Undecided:
    """The directory while the file cannot be read: each notice is to leave by whatever it will say."""

    def routes(self, kind: str, role: str, ward: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return what stands for all of them."""
        return (UNROUTED,)

    def addresses(self, kind: str, role: str, ward: str) -> frozenset[tuple[str, str]]:
        """Return none that is known."""
        return frozenset()

    def held(self, ward: str) -> frozenset[str]:
        """Return none that is known."""
        return frozenset()

    def unheld(self, ward: str, at: datetime | None = None) -> frozenset[str]:
        """Return none: no ladder skips a role on a guess."""
        return frozenset()


class Directory:
    """The service's port: who is told by which means, and which roles nobody holds."""

    def __init__(
        self, routes: Iterable[Route] = (), held: Mapping[str, Collection[str]] | None = None,
        roles: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Say what the file says. held: by ward, the roles that somebody holds; a ward that is not named has all.

        roles: all that there are.
        """
        self._routes = tuple(routes)
        self._held = {ward: frozenset(there) for ward, there in (held or {}).items()}
        self._unheld = {ward: frozenset(roles) - frozenset(there) for ward, there in (held or {}).items()}

    def routes(self, kind: str, role: str, ward: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return the names of the routes by which a notice goes out. ward: empty for what concerns no ward."""
        return tuple(route.name for route in self._routes if route.takes(kind, role, ward))

    def addresses(self, kind: str, role: str, ward: str) -> frozenset[tuple[str, str]]:
        """Return to which channels and addresses those routes lead."""
        return frozenset((route.channel, route.to) for route in self._routes if route.takes(kind, role, ward))

    def held(self, ward: str) -> frozenset[str]:
        """Return the roles of which the file says that somebody holds them; none for a ward that it does not name."""
        return self._held.get(ward, frozenset())

    def unheld(self, ward: str, at: datetime | None = None) -> frozenset[str]:
        """Return the roles that nobody holds on a ward: ladders skip them."""
        return self._unheld.get(ward, frozenset())
