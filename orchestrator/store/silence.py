"""How long is a database waited for that says nothing? So many seconds; then the connection is given up for lost.

A server that is stopped, and a network that swallows what passes, close no connection: by itself the driver would wait
for ever. What is slow and no more the server ends by itself before (`statement_timeout`), and says so.
"""

import select
from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.pq.abc import PGconn

PATIENCE_S = 20.0
"""Longer than any lock is waited for, and shorter than the job of a worker may take."""
SERVERS_SHARE = 0.9
"""After this part of it the server ends a statement that is slow: whoever waits hears of it, and keeps the connection.
(Never a COMMIT: one that waits for a standby is not cut short by it.)"""
_Value = TypeVar("_Value")


class Silent(OperationalError):
    """The server said nothing for too long; the connection is closed."""


class Patience:
    """Waits for one round trip on a connection. seconds: for how long without a word; None: for ever."""

    def __init__(self, libpq: PGconn, seconds: float | None) -> None:
        self._libpq, self._seconds = libpq, seconds
        self._heard = monotonic()

    def heard(self) -> None:
        """Note that the server said something, or took something."""
        self._heard = monotonic()

    def check(self) -> None:
        """Close the connection, and raise Silent, when it has been silent for too long."""
        if self._seconds is not None and monotonic() - self._heard >= self._seconds:
            self._libpq.finish()
            raise Silent("the database does not answer")

    def wait(self, door: select.poll) -> list[tuple[int, int]]:
        """Return what happened on the connection, which `door` looks at. Raises Silent."""
        left = None if self._seconds is None else max(self._heard + self._seconds - monotonic(), 0.001) * 1000
        while not (found := door.poll(left)):
            self.check()
        self.heard()
        return found


class Waiting(Connection[Any]):
    """A connection whose cursors wait no longer than `patience_s` for a word; None: for ever."""

    patience_s: float | None = None

    def wait(self, gen: Generator[Any, int, _Value], interval: float = 0.1, timeout: float | None = None) -> _Value:
        """Wait as the driver does, but with an end. Raises Silent."""
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, work: Generator[Any, int, _Value]) -> Generator[Any, int, _Value]:
        """Pass on what the driver's generator asks for, and look at the time whenever nothing came."""
        patience = Patience(self.pgconn, self.patience_s)
        try:
            asked = next(work)
            while True:
                if came := (yield asked):
                    patience.heard()
                else:
                    patience.check()
                asked = work.send(came)
        except StopIteration as done:
            value: _Value = done.value
            return value
