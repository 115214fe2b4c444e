"""What passes between the worklist and the store? Plain rows; instants are aware and in UTC, by the store's clock."""

from datetime import datetime
from typing import NamedTuple


class ItemId(NamedTuple):
    """Names one open item."""

    episode_id: str
    kind: str
    key: str


class ClaimRow(NamedTuple):
    """A person has taken an open item upon himself. It moves no time, silences nothing, and goes with the item.

    ward: where it was taken; moved to another, the item is nobody's again.   at: since when.
    snoozed_until: until when it stands aside from what this person has taken; snoozed_due: when the item was due then:
    once that moves, it is put off no longer.   sealed: why it was handed over or put off.
    """

    episode_id: str
    kind: str
    key: str
    ward: str
    person_id: str
    at: datetime
    snoozed_until: datetime | None
    snoozed_due: datetime | None
    sealed: bytes | None

    @property
    def item(self) -> ItemId:
        """Return what was taken."""
        return ItemId(self.episode_id, self.kind, self.key)


class Sieve(NamedTuple):
    """Which open items are listed; what is empty lets all pass.

    due_before: what is overdue at this moment.   holder: what this person has taken; awake_at: without what he has put
    off beyond this moment.   episode: what is open in this one.
    """

    wards: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    due_before: datetime | None = None
    holder: str = ""
    awake_at: datetime | None = None
    episode: str = ""


class Mark(NamedTuple):
    """How far a ward or an episode has come: it differs whenever something changed there.

    name: the ward, or the episode's id.   latest: time of the last entry of what is open there.
    """

    name: str
    figures: tuple[int, ...]
    latest: datetime | None
