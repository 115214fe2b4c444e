"""What do these read models ask of the store? Part of `service.ports.Reader`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.audit.seal import Sealed
from orchestrator.service.overview.rows import SetAsideRow, ShiftRow, StayRow
from orchestrator.service.rows import Figures, IdentifierRow, ItemRow, NoticeRow, PatientRow


class OverviewReader(Protocol):
    """What can be read at a glance."""

    def board(self, ward: str, now: datetime, *, many: int, few: int) -> list[StayRow]:
        """Return the open episodes of a ward, what is due first first; of more than `many` only `few` of each state."""
        ...

    def stage_board(self, ward: str, stage: str, now: datetime, *, offset: int, limit: int) -> list[StayRow]:
        """Return the open episodes of a ward in a stage, what is due first first, beginning behind `offset`."""
        ...

    def items_of(self, episode_ids: Sequence[str]) -> list[ItemRow]:
        """Return what is open in these episodes, what is due first first."""
        ...

    def identified(self, patient_ids: Sequence[str]) -> list[tuple[PatientRow, IdentifierRow]]:
        """Return these patients with each of their identifiers."""
        ...

    def shift(
        self, ward: str, since: datetime, *, offset: int, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[ShiftRow]:
        """Return the episodes of a ward that are open, or were closed since then, first enrolled first.

        after: when the last one seen was enrolled, and its id.
        """
        ...

    def shift_size(self, ward: str, since: datetime) -> int:
        """Return how many episodes `shift` has in all."""
        ...

    def last_entries(self, episode_ids: Sequence[str], count: int) -> list[Sealed]:
        """Return the last entries of each of these episodes, by episode and number."""
        ...

    def moved(self, kind: str, begin: datetime, end: datetime, limit: int) -> list[NoticeRow]:
        """Return what wards' leads were told of this kind from one moment up to another, the first one first."""
        ...

    def figures(self) -> Figures: ...
    def set_asides(self, limit: int, wards: Collection[str] | None = None) -> list[SetAsideRow]:
        """Return the episodes that are set aside, the one that failed most often first. wards: None for all."""
        ...
