"""What do rota, deputies and people's own channels ask of others? Of the store, as part of `service.ports.Reader`.

And of the file of channels: how notices leave by role and ward, which roles are held by it, which channels there are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.service.people.rows import AwayRow, ContactRow, DutyRow


class RosterReader(Protocol):
    """What can be read of who is told."""

    def staff_mark(self) -> int:
        """Return the number of the last change of people, 0 where there was none; it locks nothing."""
        ...

    def contacts(self, person_id: str | None = None) -> list[ContactRow]:
        """Return a person's contacts by name; everybody's for None."""
        ...

    def duties(self, after: datetime) -> list[DutyRow]:
        """Return the duties that end after a moment, the first to start first."""
        ...

    def aways(self, after: datetime) -> list[AwayRow]:
        """Return the absences that end after a moment, the first to start first."""
        ...


class RosterChange(RosterReader, Protocol):
    """What can be changed of who is told."""

    def add_contact(self, row: ContactRow) -> None: ...
    def remove_contact(self, person_id: str, name: str) -> None: ...
    def add_duty(self, row: DutyRow) -> None: ...
    def remove_duty(self, duty_id: str) -> None: ...
    def add_away(self, row: AwayRow) -> None: ...
    def remove_away(self, away_id: str) -> None: ...


class House(Protocol):
    """What the file of channels says of roles and wards; the same at any time."""

    def routes(self, kind: str, role: str, ward: str) -> Sequence[str]:
        """Return the names of the file's routes by which a notice goes out."""
        ...

    def addresses(self, kind: str, role: str, ward: str) -> Collection[tuple[str, str]]:
        """Return to which channels and addresses those routes lead."""
        ...

    def held(self, ward: str) -> frozenset[str]:
        """Return the roles of which the file says that somebody holds them there; none for another ward."""
        ...

    def unheld(self, ward: str) -> frozenset[str]:
        """Return the roles of which the file says that nobody holds them there."""
        ...


class Ways(Protocol):
    """The channels that can carry notices to people's own addresses."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of those that are configured."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of notices."""
        ...

    def check(self, channel: str, address: str) -> None:
        """Raise InputError for a channel that is not configured, or an address that it could not send to."""
        ...
