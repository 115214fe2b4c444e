"""A store of its own with its settings, as `carepath` finds it on a machine; and real workers that act on it.

The store is a simulated one that runs at the wall's speed. Whoever enrols lives at T0, and whoever acts later on, the
workers among them, 90 minutes after it: the first rung was told at enrolment, the second is due when a worker looks.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import redis

from orchestrator import config
from orchestrator.bootstrap import Simulation, System, open_system, prepare_store
from orchestrator.cli import valkey
from orchestrator.config import Settings
from orchestrator.episode.commands import Actor
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import new_key
from orchestrator.store.types import to_micros
from tests.letterbox import with_letterbox
from workers import app as jobs

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLINICIAN = Actor("c-1", "clinician")
PATHWAY = "post-viral-cerebellar-demyelination"
SECONDS = 60.0
_PAST = {"sqlite": "0", "postgres": "timestamptz '2000-01-01'"}
_FUTURE = {"sqlite": "4102444800000000", "postgres": "timestamptz '2100-01-01'"}


def until(true: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Wait for something to become true; fail when it does not in time."""
    deadline, pause = monotonic() + seconds, threading.Event()
    while not true():
        assert monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        pause.wait(0.02)


@contextmanager
def running(
    command: list[str],
    settings: Settings,
    ends_with: int = 0,
    *,
    code: Path | None = None,
    passing: tuple[int, ...] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that takes its settings from standard input; end it with SIGTERM if it still runs.

    code: a folder with another version of the program.   passing: descriptors that it inherits.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | ({} if code is None else {"PYTHONPATH": str(code)}),
        pass_fds=passing,
        preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        with process.stdin as pipe:
            pickle.dump(settings, pipe)
        try:
            yield process
        finally:
            process.terminate()
            status = process.wait(SECONDS)
    # The second one: it was asked to end before it had begun to listen.
    assert status in {ends_with, -signal.SIGTERM}, (command, status)


@dataclass
class Installation:
    """A store, and the broker that all share."""

    kind: str
    settings: Settings
    desk: System  # at T0
    system: System  # 90 minutes later, like the workers
    broker: valkey.Valkey
    letterbox: Path  # where every notice goes out to

    def enrol(self) -> str:
        """Enrol a patient, one of whose reminders is due 90 minutes later; return the episode's id."""
        who = (Identifier("mrn", new_key()),)
        answer = self.desk.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "Europe/London", CLINICIAN, new_key()))
        assert answer.accepted, answer
        return answer.episode_id

    def inbox(self, episode_id: str) -> list[dict[str, Any]]:
        """Return the notices of an episode; those of no episode where it is empty."""
        return [row for row in self.system.queries.inbox(limit=500).rows if row["episode_id"] == episode_id]

    def undelivered(self, episode_id: str) -> list[str]:
        """Return the roles that were told that a notice of an episode could not be delivered."""
        return sorted(row["role"] for row in self.inbox(episode_id) if row["kind"] == "undelivered")

    def fired(self, episode_id: str) -> int:
        """Return how many entries the clock made."""
        return sum(entry["cause"] == "tick" for entry in self.system.queries.timeline(episode_id))

    def rows(self, table: str, episode_id: str) -> int:
        with self.system.store.read() as reader:
            statement = f"SELECT count(*) FROM {table} WHERE episode_id = '{episode_id}'"
            return int(reader._sql.exec_driver_sql(statement).scalar_one())

    def schema(self) -> str:
        with self.system.store.read() as reader:
            return str(reader._sql.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())

    def sql(self, statement: str) -> None:
        with self.system.store.change() as change:
            change._sql.exec_driver_sql(statement.format(past=_PAST[self.kind], future=_FUTURE[self.kind]))

    def from_now(self, seconds: float) -> str:
        """Return as SQL when it will be so much later, by the store's clock as workers see it."""
        moment = self.system.pulse.look().now + timedelta(seconds=seconds)
        return str(to_micros(moment)) if self.kind == "sqlite" else f"timestamptz '{moment.isoformat()}'"

    def let_leases_end(self) -> None:
        """Move on to where every lease has ended and every next try is due."""
        self.sql("UPDATE outbox SET next_try_at = {past} WHERE next_try_at IS NOT NULL")

    def letters(self, episode_id: str) -> list[str]:
        """Return what came of each try to send a notice of this episode."""
        files = self.letterbox.glob(f"{episode_id}.*")
        return [line for file in sorted(files) for line in file.read_text().splitlines()]

    def forget_messages(self) -> None:
        """Lose whatever the broker holds."""
        with redis.Redis.from_url(self.broker.client_url) as client:
            client.flushall()

    def told(self, episode_id: str) -> int:
        """Return how many notices the entries of an episode tell of."""
        entries = self.system.queries.timeline(episode_id)
        return sum(event["type"] == "reminder-told" for entry in entries for event in entry["events"])

    def quiet(self, episode_id: str) -> bool:
        """Tell whether what was due has fired and everything told has arrived."""
        return self.fired(episode_id) > 0 and self.rows("outbox", episode_id) == 0

    def told_once(self, episode_id: str) -> bool:
        """Tell whether an episode fired once, and each notice stands in the inbox once."""
        return self.fired(episode_id) == 1 and len(self.inbox(episode_id)) == self.told(episode_id)

    def once(self, episode_id: str) -> bool:
        """Tell whether all had its one effect: one firing, and a notice, a letter and a delivery for each told."""
        told = self.told(episode_id)
        counts = (len(self.inbox(episode_id)), self.rows("delivery", episode_id), self.rows("outbox", episode_id))
        letters = self.letters(episode_id) == ["delivered"] * told
        return self.fired(episode_id) == 1 and counts == (told, told, 0) and letters


def use_broker(url: str, system: System) -> None:
    """Have the jobs of this process act on a system, by another broker than before: what publishes keeps its own."""
    vars(jobs.app.amqp)["_producer_pool"] = vars(jobs.app)["_pool"] = None
    jobs.configure(url, lambda: system)


@contextmanager
def installed(
    kind: str,
    home: Path,
    broker: valkey.Valkey,
    database_url: str | None = None,
    *,
    ahead_seconds: int = 5400,
    letters: bool = True,
) -> Iterator[Installation]:
    """Make a store, and have the jobs of this process act on it.

    ahead_seconds: by how much whoever acts later is ahead of whoever enrols. The second rung is due an hour after
    enrolment: with 3598 it comes due two seconds later.
    letters: every notice goes out to the letterbox too, which processes that were started otherwise do not know.
    """
    environ = {"CAREPATH_HOME": str(home), "CAREPATH_BROKER_URL": broker.url}
    settings = config.read(environ, simulated=True, database_url=database_url)
    prepare_store(settings, Simulation(T0, 1))
    with open_system(settings) as desk, desk.store.change() as change:
        later = {"sqlite": f"{ahead_seconds} * 1000000", "postgres": f"interval '{ahead_seconds} seconds'"}[kind]
        change._sql.exec_driver_sql(f"UPDATE store_info SET simulated_start = simulated_start + {later}")
    letterbox = home / "letterbox"
    if letters:
        with_letterbox(desk, letterbox)
    with open_system(settings) as opened:
        system = with_letterbox(opened, letterbox) if letters else opened
        use_broker(settings.broker_url, system)
        yield Installation(kind, settings, desk, system, broker, letterbox)
        desk.close()
