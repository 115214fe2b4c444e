"""How do commands that come at once wait here? As in the product, but a greenlet sleeps, not a thread."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from unittest import mock

from orchestrator.service import grouped
from orchestrator.service.handlers import Request

if TYPE_CHECKING:
    from tests.simulation.scheduler import Scheduler


def asleep_in(scheduler: "Scheduler") -> AbstractContextManager[object]:
    """Within: whoever waits for a group sleeps in virtual time; the group is `service.grouped`'s own."""

    class Caller(grouped._Caller):
        __slots__ = ("_awake", "_resume")

        def __init__(self, request: Request) -> None:
            super().__init__(request)
            self._awake = False
            self._resume: Callable[[], None] | None = None

        def sleep(self) -> None:
            if not self._awake:
                self._resume = scheduler.park()
                scheduler.wait()

        def wake(self) -> None:
            self._awake = True
            if self._resume is not None:
                scheduler.after(0.0, self._resume)

    return mock.patch.object(grouped, "_Caller", Caller)
