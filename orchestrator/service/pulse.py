"""What must a clock process know? The time, by store and wall, the next alarm, and whether the time can be trusted."""

from datetime import datetime, timedelta
from typing import NamedTuple

from orchestrator.errors import StoreDamaged
from orchestrator.service.desk import Desk
from orchestrator.service.notices import OWNERS, tell
from orchestrator.service.rows import NoticeRow
from orchestrator.service.salvage import salvage

OVERDUE, RESTORED = "overdue", "restored"
"""Kinds of notices: that reminders are late; that what was entered after a backup is no longer there."""
MOST_DRIFT = timedelta(seconds=5)
"""By more than this no two clocks may part, nor one leap: then nobody knows what is due."""
TOLD_WRONG = "the store was told a wrong time: Firing held, in operations.md"
"""What to do where a store has seen a time that is still to come, and the machine's is right."""


class Look(NamedTuple):
    """What a clock saw, all read at one moment. next_alarm: by the store's clock.   seen_at: the latest wall time
    that any clock process has trusted, or that of the store's birth; None in a store that no clock looks after.
    damaged: a part of the store cannot be read, and something in it may be due."""

    now: datetime
    wall: datetime
    next_alarm: datetime | None
    seen_at: datetime | None
    damaged: bool = False


class Pulse:
    """Reads and keeps what clocks go by."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self) -> Look:
        """Return what there is to know, from one reading; past damage as much as can be read."""
        try:
            with self._desk.store.read() as reader:
                times = reader.times()
                return Look(times.now, times.wall, *reader.alarm_and_seen())
        except StoreDamaged:
            found = salvage(self._desk.store)
        earliest = next((at for at, _ in found.alarms), None)
        return Look(found.times.now, found.times.wall, earliest, found.seen_at, damaged=True)

    def saw(self, wall: datetime) -> None:
        """Remember a wall time that was trusted; an earlier one than is known already changes nothing."""
        self._desk.transact(lambda change: change.saw(wall))

    def alarm(self, code: str, wall: datetime) -> None:
        """Tell lead and administrator that firing is held; within an hour the same code is told once."""
        self._tell("clock", code, Look(wall, wall, wall, None), late=False)

    def tell_overdue(self, since: datetime, look: Look) -> None:
        """Tell lead and administrator that reminders are late; within an hour once, however many processes do so.

        since: when the oldest alarm was due, by the store's clock.
        """
        self._tell(OVERDUE, "timers-late", look._replace(next_alarm=since), late=True)

    def tell_restored(self, reached: datetime | None) -> None:
        """Tell lead and administrator that the store was restored. reached: when its last entry was made."""
        look = self.look()
        self._tell(RESTORED, "from-backup", look._replace(next_alarm=reached), late=False)

    def _tell(self, kind: str, code: str, look: Look, *, late: bool) -> None:
        """Tell the owners; next_alarm of the look is what was due."""
        due = look.next_alarm or look.now
        notices = [
            NoticeRow(
                "", f"{kind}.{code}.{look.wall:%Y%m%dT%H}.{role}", kind, code, "", role, "", 0, due, look.now, late=late
            )
            for role in OWNERS
        ]
        self._desk.transact(lambda change: tell(change, self._desk.directory, notices))
