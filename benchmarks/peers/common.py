"""What is every peer told, and what does it write? The same row, durably, by a connection that stays open."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg

_held = threading.local()


class Wish(NamedTuple):
    """So many jobs, due evenly over so many seconds (0: at one instant) from a moment on."""

    url: str  # of PostgreSQL, as libpq spells it
    broker: str  # of Valkey
    count: int
    begin: float  # seconds since 1970
    seconds: float

    def moments(self) -> Iterator[tuple[int, datetime]]:
        """Yield each job's number and when it is due."""
        first = datetime.fromtimestamp(self.begin, UTC)
        for number in range(self.count):
            yield number, first + timedelta(seconds=self.seconds * number / self.count)


def wish() -> Wish:
    """Return what this process was told, in its first argument."""
    return Wish(**json.loads(os.environ.get("PEER_WISH") or sys.argv[1]))


def fired(number: int) -> None:
    """Write the job's row."""
    key = os.getpid(), threading.get_ident()
    if getattr(_held, "key", None) != key:  # forked since: a socket is never shared
        _held.connection, _held.key = psycopg.connect(wish().url, autocommit=True), key
    _held.connection.execute("INSERT INTO fired (number) VALUES (%s)", (number,), prepare=True)


def ready() -> None:
    """Say that all is scheduled and whoever carries it out is started."""
    print("ready", flush=True)
