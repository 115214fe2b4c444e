"""What does the worklist ask of the store? Part of `service.ports.Reader` and `Change`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.service.people.rows import PersonRow
from orchestrator.service.rows import ItemRow, NoticeRow, ToldRow, WorkRow
from orchestrator.service.worklist.rows import ClaimRow, ItemId, Mark, Sieve

Place = tuple[datetime, str, str, str]
"""Where in a worklist a page ends: due_at, episode, kind and key of its last item."""


class WorklistReader(Protocol):
    """What can be read of what is open."""

    def worklist(self, sieve: Sieve, after: Place | None, limit: int) -> list[WorkRow]:
        """Return open items, longest due first, each with who has taken it."""
        ...

    def told(
        self, wards: Sequence[str], roles: Sequence[str], before: tuple[datetime, str, str] | None, limit: int
    ) -> list[ToldRow]:
        """Return notices of the inbox, latest first, each with its episode and whether its reminder still waits."""
        ...

    def notices(
        self, wards: Sequence[str], roles: Sequence[str], before: tuple[datetime, str, str] | None, limit: int
    ) -> list[NoticeRow]:
        """Return notices of the inbox alone, latest first. before: told_at and key of the last seen."""
        ...

    def claim_of(self, item: ItemId) -> ClaimRow | None: ...
    def claims_of(self, episode_id: str) -> list[ClaimRow]:
        """Return who has taken what of an episode, those too who took it on a ward that the patient has left."""
        ...

    def colleagues(self, ward: str, roles: Sequence[str]) -> list[PersonRow]:
        """Return who holds one of these roles on a ward, by name; accounts that were ended hold none."""
        ...

    def next_due(self, wards: Sequence[str]) -> tuple[bool, datetime | None]:
        """Return whether an episode is open on these wards (none: on all), and the next moment at which one is due."""
        ...

    def ward_marks(self, wards: Sequence[str]) -> list[Mark]:
        """Return how far these wards (none: all that have patients) have come."""
        ...

    def episode_marks(self, episode_ids: Sequence[str]) -> list[Mark]:
        """Return how far these episodes have come."""
        ...


class WorklistChange(WorklistReader, Protocol):
    """What can be changed of it: nothing clinical."""

    def hold_item(self, item: ItemId) -> ItemRow | None:
        """Return an item that is open; until the transaction ends nobody else takes it, and it stays open."""
        ...

    def put_claim(self, row: ClaimRow) -> None:
        """Write who has taken an item, whoever had it before."""
        ...

    def end_claim(self, item: ItemId) -> None: ...
