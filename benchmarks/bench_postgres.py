"""How many commands a second does the service write on PostgreSQL, against the most that the server could do?

    python -m benchmarks.bench_postgres [--rounds 7] [--seconds 4] [--quick]

The command is `give`: lock, decide, seal, compress, encrypt, write, commit, one transaction each. In every round:

    seven      pgbench writes the same rows and bytes in seven round trips, from as many clients: the limit
    one        the same in one statement
    give       `Handlers.execute`, 1, 2 and 4 processes with one caller each, on episodes that the process met lately
    cold       the same, 1 process, on episodes that it has not: their documents are decrypted and loaded first
    callers    one process, 16 concurrent callers, whose commands are grouped into one commit where they meet

Ratios are taken within a round; given are their medians, with the lowest and the highest.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks import limit
from benchmarks.generate import ACTOR, Copies, fill, play
from benchmarks.limit import Limit
from benchmarks.place import Place, place, spread
from orchestrator.bootstrap import System, open_system, settle_memory
from orchestrator.config import Settings
from orchestrator.episode.commands import Command, Confirm, Give, Record
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.rows import Write
from orchestrator.store import postgres

REGIMEN = "ivmp-pulse"
HISTORY: tuple[Command, ...] = (
    Record(facts={"severity": "severe", "infection_status": "excluded", "weight_kg": 70, "age_years": 41}),
    Confirm(regimens=(REGIMEN,), parameters={"days": 5}),
    Give(REGIMEN),
)
CALLERS = 16
_RUNS = {"1 process": (1, 1), "2 processes": (2, 1), "4 processes": (4, 1), f"{CALLERS} callers": (1, CALLERS)}


def give(system: System, episode_id: str) -> None:
    """Record one dose as given."""
    answer = system.handlers.execute(Request(episode_id, Give(REGIMEN), ACTOR, new_key()))
    assert answer.accepted, answer


def work(settings: Settings, pipe: "Connection[Any, Any]") -> None:
    """Be one process: open the store; for each list of lists, give from as many threads; answer when it was."""
    with open_system(settings) as system:
        settle_memory()
        pipe.send(None)
        while shares := pipe.recv():
            threads = [threading.Thread(target=_all, args=(system, share)) for share in shares[1:]]
            began = time.monotonic()
            for each in threads:
                each.start()
            _all(system, shares[0])
            for each in threads:
                each.join()
            pipe.send((began, time.monotonic()))


def _all(system: System, ids: Sequence[str]) -> None:
    for each in ids:
        give(system, each)


class Crew:
    """Processes that give when told."""

    def __init__(self, settings: Settings, size: int) -> None:
        context = get_context("spawn")
        self._pipes, self._processes = [], []
        for _ in range(size):
            here, there = context.Pipe()
            process = context.Process(target=work, args=(settings, there), daemon=True)
            process.start()
            here.recv()
            self._pipes.append(here)
            self._processes.append(process)

    def rate(self, ids: Sequence[str], processes: int, callers: int) -> float:
        """Return how many commands a second so many processes made, each from so many threads."""
        for number, pipe in enumerate(self._pipes[:processes]):
            mine = ids[number::processes]
            pipe.send([mine[caller::callers] for caller in range(callers)])
        spans = [pipe.recv() for pipe in self._pipes[:processes]]
        return float(len(ids) / (max(end for _, end in spans) - min(begin for begin, _ in spans)))

    def close(self) -> None:
        """End them."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join()


@contextmanager
def crew(settings: Settings, size: int) -> Iterator[Crew]:
    """Give so many processes, and end them."""
    made = Crew(settings, size)
    try:
        yield made
    finally:
        made.close()


def captured(system: System, episode_id: str) -> Write:
    """Return what one command writes."""
    kept: list[Write] = []
    real = postgres.PostgresChange.save

    def save(change: postgres.PostgresChange, writes: Sequence[Write]) -> None:
        kept.extend(writes)
        real(change, writes)

    postgres.PostgresChange.save = save  # type: ignore[method-assign, assignment]
    try:
        give(system, episode_id)
    finally:
        postgres.PostgresChange.save = real  # type: ignore[method-assign]
    return kept[0]


def measure(at: Place, rounds: int, seconds: float, commands: int) -> None:
    """Run all sides, round by round, and print."""
    needed = 1 + rounds * commands * (len(_RUNS) + 1)
    ids = fill(at.url, at.settings.keys, [Copies(play(at.library, earlier(), HISTORY), needed)], processes=2)
    fresh = iter(ids)
    with at.open() as system:
        first = next(fresh)
        limit.prepare(at, first)
        most = Limit(at, captured(system, first))
    print(f"{most.told}\n{rounds} rounds of {commands} commands a side, {len(ids)} episodes", flush=True)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*_RUNS, "cold")}
    with crew(at.settings, 4) as people:
        for _ in range(rounds):
            for name, (processes, callers) in {**_RUNS, "cold": (1, 1)}.items():
                mine = [next(fresh) for _ in range(commands)]
                if name != "cold":
                    people.rate(mine, processes, callers)  # from here on each process remembers its own
                found[name].append(_sides(most, people, mine, (processes, callers), seconds))
    report(found)


def _sides(most: Limit, people: Crew, ids: Sequence[str], shape: tuple[int, int], seconds: float) -> dict[str, float]:
    clients = shape[0] * shape[1]
    return {
        "seven": most.rate(most.seven, clients, seconds),
        "give": people.rate(ids, *shape),
        "one": most.rate(most.one, clients, seconds),
    }


def earlier() -> datetime:
    """Return a moment so little ago that no alarm of who was enrolled then goes off while it is measured."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)


def report(found: dict[str, list[dict[str, float]]]) -> None:
    """Print medians with the lowest and the highest."""
    for name, rounds in found.items():
        seven, one = ([each["give"] / each[limit] for each in rounds] for limit in ("seven", "one"))
        rates = "   ".join(f"{side} {spread([each[side] for each in rounds])}" for side in ("give", "seven", "one"))
        print(f"{name:12} {rates}   of seven {spread(seven, 2)}   of one {spread(one, 2)}")


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=7)
    ask.add_argument("--seconds", type=float, default=4, help="of each run of pgbench")
    ask.add_argument("--commands", type=int, default=1000, help="of each side and round; up to 1000 are remembered")
    ask.add_argument("--quick", action="store_true", help="two short rounds, to see that it runs")
    asked = ask.parse_args()
    if asked.quick:
        asked.rounds, asked.seconds, asked.commands = 2, 1, 300
    with place() as at:
        if limit.pgbench(at) is None:
            sys.exit("pgbench is missing: install PostgreSQL's contrib programs (on Debian: postgresql-contrib)")
        measure(at, asked.rounds, asked.seconds, asked.commands)


if __name__ == "__main__":
    main()
