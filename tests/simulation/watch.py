"""When can anything happen next, and is anything late? Looked at after each commit, asked before each leap of time.

A clock with nothing to do for a second or more dozes: it is woken when an alarm or a notice falls due, or when a commit
brings one nearer. It would have looked each second in vain; that nothing changes by leaving those looks out is why
years take seconds.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from orchestrator.service.pulse import MOST_DRIFT
from orchestrator.store.types import from_micros, to_micros
from workers.clock import LONGEST_SLEEP_SECONDS

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.scheduler import Wake
    from tests.simulation.world import World

LATEST = timedelta(seconds=5)
"""By so much may an alarm be late while a clock is up, the store is usable and the time is right."""
LATEST_LETTER = timedelta(minutes=30)
"""By so much may a notice be late that waits to leave: gateways hang, and processes die with it, but not for ever.
Whoever dies or fails meanwhile: a clock that ticks each second never goes on for that long without a failure.
"""
_A_WHILE, _MOST_COMMITS = timedelta(minutes=10), 1000
"""So many commits in a while of all processes together: the system does not come to rest."""
_FAR = timedelta(days=20_000)
_NEVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_ALARM = (
    "SELECT min(max(next_due_at, coalesce(set_aside_until, 0))),"
    " (SELECT min(next_try_at) FROM outbox) FROM episode WHERE next_due_at IS NOT NULL"
)
_LONGEST_ASIDE = timedelta(hours=1, minutes=1)
_MINUTES = timedelta(minutes=10)
_ASIDE = "SELECT max(set_aside_until) FROM episode WHERE next_due_at IS NOT NULL"
_CALLS = "SELECT count(*) FROM notice WHERE kind = 'clock'"
_AHEAD = "SELECT count(*) FROM episode WHERE at > ?"


class Watch:
    """Knows the next alarm and the next notice, wakes the clocks that doze, and finds what is late."""

    def __init__(self, world: "World") -> None:
        self._world, self._scheduler = world, world.scheduler
        self._dice = world.dice("doze")
        self._while, self._commits = self._scheduler.now, 0
        self._dozing: dict[str, tuple[Wake, Process]] = {}
        self.alarm: datetime | None = None
        self.letter: datetime | None = None
        self.next: datetime | None = None
        self.clocks: dict[str, datetime] = {}
        self.right_since = self._scheduler.now
        self._calls = 0
        self._scheduler.leaping = self.leaping

    def look(self) -> None:
        """Look anew, and wake whoever dozes for too long."""
        self._count()
        alarm, notice = self._world.sql(_ALARM).fetchone()
        self.alarm = None if alarm is None else from_micros(alarm)
        self.letter = None if notice is None else from_micros(notice)
        self.next = min((each for each in (self.alarm, self.letter) if each is not None), default=None)
        self._wake_for(self.next)
        self._check_set_aside()
        self._check_calls()
        if self._world.wall.off > MOST_DRIFT:
            limit = to_micros(self._scheduler.now + MOST_DRIFT)
            self._world.hold(not self._world.sql(_AHEAD, (limit,)).fetchone()[0], "fired by a clock that was moved")

    def _check_set_aside(self) -> None:
        """Hold that what failed is tried again within the hour that the product says."""
        aside = self._world.sql(_ASIDE).fetchone()[0]
        late = aside is not None and from_micros(aside) > self._scheduler.now + _LONGEST_ASIDE
        self._world.hold(not late, "set aside for longer than an hour")

    def _check_calls(self) -> None:
        """Hold that people are called for a clock only while somebody has moved it, or has just now."""
        calls = self._world.sql(_CALLS).fetchone()[0]
        if calls > self._calls:
            wall = self._world.wall
            self._world.hold(wall.off or self._scheduler.now < wall.right_since + _MINUTES, "called for a right clock")
        self._calls = calls

    def doze(self, process: "Process", seconds: float) -> None:
        """Let a clock sleep: so long as it asked for, or longer when nothing can happen sooner."""
        until = self._scheduler.now + timedelta(seconds=seconds)
        idle = seconds >= LONGEST_SLEEP_SECONDS and not self._world.wall.off and not process.failed
        process.failed = False  # who has seen nothing looks again in its second
        if idle and (self.next is None or self.next > until):
            until = self.next or self._scheduler.now + _FAR
        process.resume = self._scheduler.park()
        self._sleep(process, until)
        self._scheduler.wait()
        self._dozing.pop(process.name, None)

    def wake_all(self) -> None:
        """Wake every clock within its second: something happened that no commit tells."""
        self._wake_for(self._scheduler.now)

    def ready(self, process: "Process", seconds: float = 0.0) -> None:
        """Note that from now on, or from so many seconds on, this clock is up and meets no failure."""
        if process.name in self.clocks:
            self.clocks[process.name] = self._scheduler.now + timedelta(seconds=seconds)

    def away(self, process: "Process") -> None:
        """Note that this clock is down until it is said to be ready."""
        if process.name in self.clocks:
            self.clocks[process.name] = _NEVER

    def leaping(self, to: datetime) -> None:
        """Fail where an alarm is still waiting that a clock should have let fire."""
        if self._world.disturbed or not self.clocks:
            return
        up = max(min(self.clocks.values()), self.right_since)
        if self.alarm is not None and to > max(self.alarm, up) + LATEST:
            self._world.hold(False, f"what was due at {self.alarm} has not fired by {to}")
        if self.letter is not None and to > max(self.letter, self.right_since) + LATEST_LETTER:
            self._world.hold(False, f"what was to leave at {self.letter} was not taken by {to}")

    def _count(self) -> None:
        if self._scheduler.now - self._while > _A_WHILE:
            self._while, self._commits = self._scheduler.now, 0
        self._commits += 1
        self._world.hold(self._commits < _MOST_COMMITS, "the system does not come to rest")

    def _wake_for(self, moment: datetime | None) -> None:
        if moment is None:
            return
        for wake, process in list(self._dozing.values()):
            soon = self._scheduler.now + timedelta(seconds=self._dice.random() * LONGEST_SLEEP_SECONDS)
            due = max(moment, soon)
            if wake.due > due:
                self._scheduler.drop(wake)
                self._sleep(process, due)

    def _sleep(self, process: "Process", until: datetime) -> None:
        wake = self._scheduler.at(until, process.resume)
        self._dozing[process.name] = wake, process
