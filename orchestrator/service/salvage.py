"""What is due where a part of the store is damaged? Each open episode is looked for by its id, and who fails left out.

A page that cannot be read fails whatever passes over it, and what is due is looked for in the order of all. So nothing
would fire for anybody; here it is only those on that page of whom nobody knows when anything is due.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from orchestrator.errors import StoreDamaged
from orchestrator.service.ports import Store
from orchestrator.service.rows import LONGEST_ASIDE, AlarmRow, Times

_AT_ONCE = 256


class Salvaged(NamedTuple):
    """What of the open episodes can be read, and which cannot. seen_at: as `Reader.seen_at` tells it."""

    times: Times
    seen_at: datetime | None
    rows: list[AlarmRow]
    lost: list[str]

    @property
    def alarms(self) -> list[tuple[datetime, str]]:
        """Return when each that is not set aside has its next timer, the earliest first."""
        wall = self.times.wall
        return sorted(
            (each.next_due_at, each.episode_id)
            for each in self.rows
            if each.next_due_at is not None and not waits(each.set_aside_until, wall)
        )


def waits(until: datetime | None, wall: datetime) -> bool:
    """Tell whether what is set aside until then is so still; what is so for longer was by a wrong clock."""
    return until is not None and wall < until <= wall + LONGEST_ASIDE


def salvage(store: Store) -> Salvaged:
    """Return what can be read of the open episodes: some 10 ms for each thousand. Raises StoreError."""
    with store.read() as reader:
        times, seen_at, ids = reader.times(), reader.seen_at(), reader.open_ids()
    found = Salvaged(times, seen_at, [], [])
    for start in range(0, len(ids), _AT_ONCE):
        _look(store, ids[start : start + _AT_ONCE], found)
    return found


def ward_of(store: Store, episode_id: str) -> str:
    """Return on which ward an episode that cannot be read is, as its open things tell; empty where they do not."""
    try:
        with store.change() as change:
            return next((each.ward for each in change.items(episode_id)), "")
    except StoreDamaged:
        return ""


def _look(store: Store, ids: Sequence[str], found: Salvaged) -> None:
    """Look for episodes, by halves where one of them cannot be read.

    In a transaction that could write: such a one looks nothing up but by its key.
    """
    try:
        with store.change() as change:
            rows = change.alarms(ids)
    except StoreDamaged:
        if len(ids) == 1:
            found.lost.append(ids[0])
            return
        half = len(ids) // 2
        _look(store, ids[:half], found)
        _look(store, ids[half:], found)
    else:
        found.rows.extend(rows)
