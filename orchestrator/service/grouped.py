"""What happens when many commands come at once? They share one transaction: one lock and read, one write, one commit.

A command that comes alone is carried out at once. While others are being written more gather, and go together next.
None can harm another: what is refused or fails goes to its own caller; an episode that somebody else holds is waited
for by its own caller alone; and when a group cannot be written, each of its commands is tried by itself, under its own
key. Of two commands on one episode the second waits until the first is through, or is to be tried by itself. Nobody is
answered before the commit.
"""

import logging
import threading
from collections.abc import Sequence

from orchestrator.episode.commands import ChangeWard
from orchestrator.errors import CarepathError, OutcomeUnknown, StoreError
from orchestrator.service.handlers import Answer, Handlers, Request
from orchestrator.service.transfers import Transfers

_log = logging.getLogger(__name__)
AT_ONCE = 2
"""So many transactions are under way at once: while one is committed the next is decided."""
LARGEST_GROUP = 64


class _Caller:
    """One command, and who waits for what becomes of it.

    Woken with a group he leads it, as the first of it; with an outcome he is done; with neither he goes on by himself.
    """

    __slots__ = ("_asleep", "group", "outcome", "request", "unknown")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.group: Sequence[_Caller] = ()
        self.outcome: Answer | CarepathError | None = None
        self.unknown: OutcomeUnknown | None = None  # his group may have been written, or not
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def sleep(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


class Grouped:
    """The commands on an episode, for any number of threads."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers, self.transfers = handlers, Transfers(handlers)
        self._lock = threading.Lock()
        self._under_way = 0
        self._busy: set[str] = set()  # episodes of those under way
        self._waiting: list[_Caller] = []

    def execute(self, request: Request) -> Answer:
        """Carry out a person's command, or refuse it on the record; raises as `Handlers.execute`.

        What moves a patient to another ward takes several episodes at once, and goes by itself: see `Transfers`.
        """
        if isinstance(request.command, ChangeWard):
            return self.transfers.move(request)
        mine = _Caller(request)
        with self._lock:
            if self._under_way < AT_ONCE and request.episode_id not in self._busy:
                self._under_way += 1
                self._busy.add(request.episode_id)
                mine.group = (mine,)
            else:
                self._waiting.append(mine)
        if not mine.group:
            mine.sleep()
        if mine.group:
            self._lead(mine)
        if isinstance(mine.outcome, CarepathError):
            raise mine.outcome
        return mine.outcome or self._alone(mine)

    def _alone(self, mine: _Caller) -> Answer:
        try:
            return self._handlers.execute(mine.request)
        except StoreError as error:  # where his group was lost, this tells nothing of what became of it
            raise mine.unknown or error from None

    def _lead(self, mine: _Caller) -> None:
        try:
            if len(mine.group) == 1:
                mine.outcome = self._handlers.execute(mine.request)
            else:
                self._together(mine.group)
        finally:
            self._pass_on(mine.group)
            for each in mine.group[1:]:
                each.wake()

    def _together(self, group: Sequence[_Caller]) -> None:
        try:
            outcomes = self._handlers.execute_together([each.request for each in group])
        except Exception as error:  # whatever it was, it comes up again with the one whose it is
            _log.warning(
                "a group of %d commands failed with %s: one by one",
                len(group),
                type(error).__name__,
                extra={"event": "group-failed"},
            )
            for each in group:
                each.unknown = error if isinstance(error, OutcomeUnknown) else None
            return
        for each, outcome in zip(group, outcomes, strict=True):
            each.outcome = outcome

    def _pass_on(self, done: Sequence[_Caller]) -> None:
        """Let those who have gathered go next, the first of them leading."""
        with self._lock:
            self._busy.difference_update(each.request.episode_id for each in done)
            group = self._next()
            if not group:
                self._under_way -= 1
                return
        group[0].group = group
        group[0].wake()

    def _next(self) -> Sequence[_Caller]:
        """Take the next group: of each episode the first command, in the order in which they came."""
        group: list[_Caller] = []
        left: list[_Caller] = []
        held = set(self._busy)
        for each in self._waiting:
            free = each.request.episode_id not in held and len(group) < LARGEST_GROUP
            (group if free else left).append(each)
            held.add(each.request.episode_id)  # of what is left too: a later one does not overtake it
        self._waiting = left
        self._busy.update(each.request.episode_id for each in group)
        return group
