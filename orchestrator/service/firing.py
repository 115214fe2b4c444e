"""How does what is due fire? A batch in one transaction, or one by one; what fails alone is set aside."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from orchestrator.errors import KeyMissing, RowHeld, StoreDamaged, StoreError, WrongKey
from orchestrator.service.aside import Aside
from orchestrator.service.desk import Desk
from orchestrator.service.handlers import fire
from orchestrator.service.ports import Change
from orchestrator.service.rows import EpisodeRow, Times, Write
from orchestrator.service.salvage import salvage

_log = logging.getLogger(__name__)
_MOST_HELD = 4
"""Where so many on end are held it is no single patient's matter, and each would be waited for in vain."""


Sound = Callable[[datetime], bool]


class Fired(NamedTuple):
    """What one call did. more: there may be more that is due: call again.

    late: of each episode that fired, how long after it was due, by the store's clock.   failed: it took one by one.
    """

    fired: int
    set_aside: int
    more: bool
    late: tuple[timedelta, ...] = ()
    failed: bool = False


class Firing:
    """Fires timers. As many processes as one likes may call it at once.

    damaged: what was due could last be found only past a part of the store that cannot be read.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._aside = desk, Aside(desk)
        self.damaged = False

    def fire_due(self, limit: int = 200, sound: Sound | None = None) -> Fired:
        """Fire at most `limit` episodes whose alarm is due.

        sound: tells of the wall's time, as it is read with the claim, whether it can be trusted; else nothing fires.
        Raises StoreError when the store itself cannot be used; then nothing was written.
        """
        claimed: list[EpisodeRow] = []
        try:
            times = self._desk.transact(lambda change: self._fire_batch(change, limit, claimed, sound))
        except StoreDamaged as error:
            return self._past_damage(error, limit, sound)
        except Exception as error:
            if not claimed or (of_the_store(error) and not isinstance(error, RowHeld)):
                raise
            _log.warning(
                "a batch of %d failed with %s: one by one",
                len(claimed),
                type(error).__name__,
                extra={"event": "batch-failed"},
            )
            return self._one_by_one([row.episode_id for row in claimed], sound)
        self.damaged = False
        late = [_late(row, times) for row in claimed]
        return Fired(len(claimed), 0, more=len(claimed) >= limit, late=tuple(late))

    def _past_damage(self, error: StoreDamaged, limit: int, sound: Sound | None) -> Fired:
        """Fire what can be found to be due though a part of the store cannot be read; of the others tell."""
        if not self.damaged:
            _log.error("%s; timers fire past it, with more work", error, extra={"event": "store-damaged"})
        self.damaged = True
        found = salvage(self._desk.store)
        now, wall = found.times
        if sound is not None and not sound(wall):
            return Fired(0, 0, more=False, failed=True)
        lost = [each for each in found.lost if not self._aside.keeps(each, wall)]
        for episode_id in lost:
            self._aside.put(episode_id, type(error).__name__)
        due = [each for at, each in found.alarms if at <= now and not self._aside.keeps(each, wall)]
        done = self._one_by_one(due[:limit], sound)
        return done._replace(set_aside=done.set_aside + len(lost), more=len(due) > limit)

    def _one_by_one(self, due: Sequence[str], sound: Sound | None) -> Fired:
        """Fire a batch in which one episode fails: it is found, and the others go on.

        What somebody holds is passed over, and is due still: it is waited for again, and not set aside.
        """
        late: list[timedelta] = []
        aside = held = 0
        for episode_id in due:
            try:
                aside += not self._fire_alone(episode_id, late, sound)
                held = 0
            except RowHeld:
                held += 1
                if held == _MOST_HELD:
                    raise
                _log.warning("episode %s is held: it fires later", episode_id, extra={"event": "episode-held"})
        return Fired(len(late), aside, more=bool(late or aside), late=tuple(late), failed=True)

    def _fire_batch(self, change: Change, limit: int, claimed: list[EpisodeRow], sound: Sound | None = None) -> Times:
        rows, times = change.claim_due(limit)
        claimed[:] = rows if sound is None or sound(times.wall) else []
        change.save([self._fire(change, row, times) for row in claimed])
        return times

    def _fire(self, change: Change, row: EpisodeRow, times: Times) -> Write:
        ledger = self._desk.ledger(change, row, times)
        fire(ledger)
        return ledger.write()  # and not remembered: its next alarm goes off in minutes at the soonest

    def _fire_alone(self, episode_id: str, late: list[timedelta], sound: Sound | None = None) -> bool:
        try:
            fired = self._desk.transact(lambda change: self._fire_locked(change, episode_id, sound))
        except Exception as error:
            if of_the_store(error) and not isinstance(error, StoreDamaged):  # who is on another page goes on
                raise
            self._aside.put(episode_id, type(error).__name__)
            return False
        late += () if fired is None else (fired,)
        return True

    def _fire_locked(self, change: Change, episode_id: str, sound: Sound | None) -> timedelta | None:
        """Fire one episode and return how late it was; None where somebody else's command fired it meanwhile.

        sound: is asked again, for much may have happened since the claim.
        """
        locked = change.lock(episode_id, b"")
        if locked is None or locked.row.next_due_at is None or locked.row.next_due_at > locked.times.now:
            return None
        if sound is not None and not sound(locked.times.wall):
            return None
        change.save([self._fire(change, locked.row, locked.times)])
        return _late(locked.row, locked.times)


def _late(row: EpisodeRow, times: Times) -> timedelta:
    return times.now - (row.next_due_at or times.now)


def of_the_store(error: Exception) -> bool:
    """Tell whether the store as a whole fails; one patient's key that does not open is that episode's own trouble."""
    return isinstance(error, StoreError) and not isinstance(error, KeyMissing | WrongKey)
