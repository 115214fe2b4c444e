"""How fast is the write path, against plain sqlite3 writing the same rows and bytes in the same durability?

    python -m benchmarks.bench_store [--rounds 7] [--episodes 600] [--quick]

Commands a second, each a transaction of its own on a file of its own, WAL, synchronous=FULL:

    plain     parameters ready made: BEGIN IMMEDIATE, the statements, COMMIT on a bare connection
    write     lock, read, seal, compress, encrypt, write: everything but the decision, which is played back
    command   the whole, on episodes that the process has met lately and remembers
    cold      the whole, on episodes that it has not: their documents are decrypted and loaded first

The ratios to `plain` are taken within each round, in which each episode has one command; their median is given.
"""

import argparse
import functools
import gc
import platform
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.episode.commands import Actor, Command, Confirm, Record
from orchestrator.pathway import loader
from orchestrator.service.desk import Desk
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.enrolment import Enrolments, EnrolRequest, Identifier
from orchestrator.service.handlers import Handlers, Request, new_key
from orchestrator.service.recent import Recent
from orchestrator.service.rows import Write
from orchestrator.service.shelf import Shelf
from orchestrator.store import sqlite
from orchestrator.store.connect import sqlite_module
from orchestrator.store.opening import Opened, open_store, prepare
from orchestrator.store.types import to_micros

T = TypeVar("T")
ACTOR = Actor("b-1", "clinician")
PATHWAY = "post-viral-cerebellar-demyelination"
WORKFLOWS = Path(__file__).parents[1] / "workflows"
HISTORY: tuple[Command, ...] = (
    Record(facts={"severity": "severe", "infection_status": "excluded", "weight_kg": 70, "age_years": 41}),
    Confirm(regimens=("ivmp-pulse",), parameters={"days": 5}),
)


class Recorder:
    """The real engine; what it answers goes onto a tape."""

    def __init__(self, tape: deque[Any]) -> None:
        self._engine, self._tape = EpisodeEngine(), tape

    def __getattr__(self, name: str) -> Callable[..., Any]:
        answer = getattr(self._engine, name)

        def recorded(*args: object, **named: object) -> Any:  # noqa: ANN401  whatever the engine answers
            self._tape.append(answer(*args, **named))
            return self._tape[-1]

        return recorded


class Player:
    """Answers from the tape, in the order in which it was recorded."""

    def __init__(self, tape: deque[Any]) -> None:
        self._next = tape.popleft

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_, **__: self._next()


class Side:
    """One copy of the store, and the handlers that work on it."""

    def __init__(self, folder: Path, name: str, engine: Any) -> None:  # noqa: ANN401  anything that answers like one
        self.path = folder / f"{name}.db"
        if name != "base":
            shutil.copy(folder / "base.db", self.path)
        url = f"sqlite:///{self.path}"
        prepare(url, folder / "keys.json")
        self.opened: Opened = open_store(url, folder / "keys.json")
        self.desk = Desk(
            self.opened.store, self.opened.keyring, Shelf(loader.load_library(WORKFLOWS), loader.load_text), engine
        )
        self.handlers = Handlers(self.desk)


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=7)
    ask.add_argument("--episodes", type=int, default=600)
    ask.add_argument("--quick", action="store_true", help="two short rounds, to see that it runs")
    asked = ask.parse_args()
    if asked.quick:
        asked.rounds, asked.episodes = 2, 100
    with tempfile.TemporaryDirectory(prefix="cp-bench-") as folder:
        measure(Path(folder), asked.rounds, asked.episodes)


def measure(folder: Path, rounds: int, count: int) -> None:
    """Run the three sides side by side and print medians and ratios."""
    base = Side(folder, "base", EpisodeEngine())
    ids = [populate(base, number) for number in range(count)]
    base.opened.store.close()
    tape: deque[Any] = deque()
    whole, write = Side(folder, "command", Recorder(tape)), Side(folder, "write", Player(tape))
    cold = Side(folder, "cold", EpisodeEngine())
    cold.desk.recent = Recent(0)
    shutil.copy(folder / "base.db", folder / "plain.db")
    captured = capture()
    bare = plain_connection(folder / "plain.db")
    taken: dict[str, list[float]] = {"plain": [], "write": [], "command": [], "cold": []}
    for number in range(-1, rounds):  # the first is not counted: nothing is remembered yet
        requests = [Request(each, Record(facts={"icars": 40 + number}), ACTOR, new_key()) for each in ids]
        taken["command"].append(timed(whole.handlers.execute, requests))
        captured.clear()
        taken["write"].append(timed(write.handlers.execute, requests))
        work = [statements(each) for each in captured]
        taken["plain"].append(timed(functools.partial(run_plain, bare), work))
        taken["cold"].append(timed(cold.handlers.execute, requests))
        tape.clear()
        if number < 0:
            for times in taken.values():
                times.clear()
            print(f"rows a command: {rows(work)}; document stored: {len(captured[0].row.document)} bytes")
    report(taken, count)


def populate(side: Side, number: int) -> str:
    """Enrol one more patient, severely ill, in the middle of a first course."""
    wish = EnrolRequest(
        PATHWAY, (Identifier("mrn", str(number)),), f"ward-{number % 20}", "Europe/London", ACTOR, new_key()
    )
    episode_id = Enrolments(side.desk).enrol(wish).episode_id
    for command in HISTORY:
        answer = side.handlers.execute(Request(episode_id, command, ACTOR, new_key()))
        assert answer.accepted, answer
    return episode_id


def capture() -> list[Write]:
    """Keep what the store is given to write, from now on."""
    kept: list[Write] = []
    real = sqlite.SqliteChange.save

    def save(change: sqlite.SqliteChange, writes: list[Write]) -> None:
        kept.extend(writes)
        real(change, writes)

    sqlite.SqliteChange.save = save  # type: ignore[method-assign, assignment]
    return kept


def statements(write: Write) -> list[tuple[str, Any]]:
    """Return the statements of one command with parameters ready made."""
    row = write.row
    due = row.next_due_at and to_micros(row.next_due_at)
    changed = (row.state, row.seq, to_micros(row.at), due, row.tag, row.chain_hash, row.document)
    made: list[tuple[str, Any]] = [(sqlite._UPDATE, (*changed, row.episode_id))]
    for e in write.entries:
        made.append((sqlite._ENTRY, (*e[:3], e.header.decode(), *e[4:])))
        made.append((sqlite._LOG, (e.episode_id, e.seq, e.hash)))
    made += [(sqlite._GONE, key) for key in write.gone]
    made += [(sqlite._ITEM, (*item[:6], to_micros(item.due_at))) for item in write.changed]
    made += [(sqlite._NOTICE, sqlite._notice(each)) for each in write.notices]
    return made


def plain_connection(path: Path) -> Any:  # noqa: ANN401  a driver's connection
    """Return a bare connection in the same durability."""
    connection = sqlite_module().connect(str(path), isolation_level=None, cached_statements=256)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def run_plain(connection: Any, work: list[tuple[str, Any]]) -> None:  # noqa: ANN401  a driver's connection
    """Do what one command writes."""
    run = connection.execute
    run("BEGIN IMMEDIATE")
    for statement, parameters in work:
        run(statement, parameters)
    run("COMMIT")


def rows(work: list[list[tuple[str, Any]]]) -> str:
    """Return how many rows a command writes on average."""
    return f"{sum(len(each) for each in work) / len(work):.1f}"


def timed(do: Callable[[T], object], all_of: Sequence[T]) -> float:
    """Return how many seconds it takes to do it with each."""
    gc.collect()
    gc.freeze()  # what the benchmark itself keeps is not to be walked again and again
    began = time.perf_counter()
    for each in all_of:
        do(each)
    return time.perf_counter() - began


def report(taken: dict[str, list[float]], count: int) -> None:
    """Print the figures, with the machine."""
    library = sqlite_module().sqlite_version
    print(f"{platform.machine()}, Python {platform.python_version()}, SQLite {library}, {datetime.now(UTC):%Y-%m-%d}")
    for name, times in taken.items():
        ratio = statistics.median(plain / each for plain, each in zip(taken["plain"], times, strict=True))
        each_us = statistics.median(times) / count * 1e6
        print(f"{name:8} {1e6 / each_us:8.0f} a second   {each_us:6.0f} us each   {ratio:5.2f} of plain")


if __name__ == "__main__":
    main()
