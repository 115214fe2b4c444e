"""By which routes does a notice go out, and which roles does nobody hold? What the file of channels says, answered.

Until people have accounts, channels and addresses are by role and ward.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote


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


class Directory:
    """The service's port, and for whoever delivers the way behind a route's name."""

    def __init__(
        self, routes: Iterable[Route] = (), held: Mapping[str, Collection[str]] | None = None,
        roles: Collection[str] = (), link: str = "",
    ) -> None:  # fmt: skip
        """Say what the file says. held: by ward, the roles that somebody holds; a ward that is not named has all.

        roles: all that there are.   link: the address of the web face, without a slash at its end.
        """
        self._routes = {route.name: route for route in routes}
        self._unheld = {ward: frozenset(roles) - frozenset(there) for ward, there in (held or {}).items()}
        self._link = link

    def routes(self, kind: str, role: str, ward: str) -> tuple[str, ...]:
        """Return the names of the routes by which a notice goes out. ward: empty for what concerns no ward."""
        return tuple(name for name, route in self._routes.items() if route.takes(kind, role, ward))

    def unheld(self, ward: str) -> frozenset[str]:
        """Return the roles that nobody holds on a ward: ladders skip them."""
        return self._unheld.get(ward, frozenset())

    def route(self, name: str) -> Route | None:
        """Return the way behind a name; None when it is configured no more."""
        return self._routes.get(name)

    @property
    def all_routes(self) -> tuple[Route, ...]:
        """Every route, as the file has them."""
        return tuple(self._routes.values())

    def link(self, notice: str) -> str:
        """Return the link that a message about a notice carries: opening it changes nothing. notice: its id."""
        return f"{self._link}/open/{quote(notice, safe='')}"
