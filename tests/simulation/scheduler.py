"""What happens next? One heap of moments: whatever waits is a greenlet, and time leaps to the next moment.

A greenlet gives way only where it sleeps or parks, so that whatever runs between two such points is undivided.
"""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from greenlet import GreenletExit, getcurrent, greenlet

_LINES = 400


class Trace:
    """What happened, as lines: all of them count in the hash, the last ones are kept; `keep_all` keeps every one."""

    def __init__(self, *, keep_all: bool = False) -> None:
        self._hash = sha256()
        self._keep_all = keep_all
        self.lines: list[str] = []
        self.count = 0

    def add(self, line: str) -> None:
        self._hash.update(line.encode() + b"\n")
        self.count += 1
        self.lines.append(line)
        if not self._keep_all and len(self.lines) > 2 * _LINES:
            del self.lines[:_LINES]

    @property
    def hash(self) -> str:
        return self._hash.hexdigest()


class Wake:
    """One moment at which somebody wakes, unless it is dropped or moved before."""

    __slots__ = ("call", "due")

    def __init__(self, due: datetime, call: Callable[[], object]) -> None:
        self.due, self.call = due, call


class Scheduler:
    """Virtual time, and who wakes when. leaping: asked with the next moment before time moves on to it."""

    def __init__(self, start: datetime, trace: Trace) -> None:
        self.start = self.now = start
        self.trace = trace
        self.leaping: Callable[[datetime], None] = lambda _: None
        self.steps = 0
        self._until = start
        self._heap: list[tuple[datetime, int, Wake]] = []
        self._number = 0
        self._tasks: list[greenlet] = []
        self._hub: greenlet | None = None

    def elapsed(self) -> float:
        """Return seconds since the start: the machine's even clock."""
        return (self.now - self.start).total_seconds()

    def tell(self, who: str, what: str) -> None:
        """Write a line of the trace."""
        self.trace.add(f"{self.now:%Y-%m-%d %H:%M:%S.%f} {who}: {what}")

    def at(self, due: datetime, call: Callable[[], object]) -> Wake:
        """Have something done at a moment; one that has passed is now."""
        self._number += 1
        made = Wake(max(due, self.now), call)
        heapq.heappush(self._heap, (made.due, self._number, made))
        return made

    def after(self, seconds: float, call: Callable[[], object]) -> Wake:
        return self.at(self.now + timedelta(seconds=seconds), call)

    def drop(self, wake: Wake) -> None:
        """Have it not done after all; its moment passes unseen."""
        wake.call = _nothing

    def start_task(self, body: Callable[[], None], seconds: float = 0.0) -> None:
        """Begin something that may sleep, so many seconds from now. What it raises ends the run."""
        task = greenlet(body)
        self._tasks.append(task)
        self.after(seconds, partial(self._enter, task))

    def sleep(self, seconds: float) -> None:
        """Let others go on until then. Where nobody has anything to do before, this task simply goes on."""
        due = self.now + timedelta(seconds=seconds)
        if due <= self._until and not (self._heap and self._heap[0][0] <= due):
            self._leap(due)
            return
        self.at(due, partial(self._enter, getcurrent()))
        self._leave()

    def park(self) -> Callable[[], None]:
        """Return what wakes the present task; it gives way with `wait` until somebody calls that."""
        return partial(self._enter, getcurrent())

    def wait(self) -> None:
        """Let others go on until somebody wakes this task."""
        self._leave()

    def run(self, until: datetime) -> None:
        """Go on until a moment."""
        self._hub, self._until = getcurrent(), until
        while self._heap and self._heap[0][0] <= until:
            due, _, wake = heapq.heappop(self._heap)
            if wake.call is not _nothing:
                self._leap(due)
                wake.call()
        self.leaping(until)
        self.now = until

    def end(self) -> None:
        """End every task where it stands."""
        self._hub, self._until = getcurrent(), self.start
        for task in self._tasks:
            if not task.dead:
                task.throw(GreenletExit)
        self._tasks.clear()

    def _leap(self, to: datetime) -> None:
        if to > self.now:
            self.leaping(to)
            self.now = to
        self.steps += 1

    def _enter(self, task: greenlet) -> None:
        assert self._hub is not None
        if not task.dead:
            task.parent = self._hub
            task.switch()

    def _leave(self) -> None:
        assert self._hub is not None
        self._hub.switch()


def _nothing() -> None:
    """Stands for what was dropped."""
