"""Does everything fire in time, however much is due? With real clocks, real workers, and people who work meanwhile.

    python -m benchmarks.bench_timers [--counts 10000 100000] [--pile 1000000] [--only spread herd]
        [--lead 60] [--quick]

One clock and a prefork worker of two processes, on Valkey and PostgreSQL with fsync on; each firing is a whole entry:
decided, sealed, chained, with notices and worklists. Meanwhile people record doses, four at a time on a quiet machine's
pace (20 a second in all), each from a thread of another process; what is given is how long they waited.

    herd     so many are due at one instant: fired per second until the last
    spread   so many are due over 60 s: how late each fired
    storm    as spread; but nine in ten are cancelled (the episode is closed) before they are due
    pile     both again, with so many more episodes that wait for years
"""

import argparse
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.bench_postgres import HISTORY, earlier, give
from benchmarks.crew import at_work, memory
from benchmarks.generate import ACTOR, PATHWAY, Copies, alarm, due_at, fill, play
from benchmarks.place import Place, percentile, place
from orchestrator.bootstrap import open_system, settle_memory
from orchestrator.config import Settings
from orchestrator.episode.commands import Close
from orchestrator.service.handlers import Request, new_key

SPREAD_SECONDS = 60
STEP_MS = 50
PEOPLE, PACE_SECONDS = 4, 0.2
LONGEST_SECONDS = 900


@dataclass
class Found:
    """What one run showed. late: of each firing, in seconds; people: how long each command took, in seconds."""

    late: list[float] = field(default_factory=list)
    people: list[float] = field(default_factory=list)
    seconds: float = 0.0
    memory: int = 0

    def told(self) -> str:
        """Say it in one line."""
        late = "  ".join(f"{name} {percentile(self.late, part):7.3f}" for name, part in PARTS)
        rate = f"{len(self.late) / self.seconds:6.0f} a second" if self.seconds else ""
        waited = f"{len(self.people)} commands p50 {percentile(self.people, 0.5) * 1e3:.0f} ms"
        waited += f", p99 {percentile(self.people, 0.99) * 1e3:.0f} ms"
        return f"{len(self.late):6} fired {rate:15} late, s: {late}   {waited}   {self.memory / 1e6:.0f} MB a worker"


PARTS = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def live(settings: Settings, ids: Sequence[str], pipe: "Connection[Any, Any]") -> None:
    """Be the people: give doses at an even pace until told to stop; answer how long each took."""
    took: list[float] = []
    stop = threading.Event()
    left = iter(ids)
    with open_system(settings) as system:
        for _ in range(PEOPLE):
            give(system, next(left))
        settle_memory()

        def person() -> None:
            for episode_id in left:
                if stop.wait(PACE_SECONDS):
                    return
                began = time.monotonic()
                give(system, episode_id)
                took.append(time.monotonic() - began)

        people = [threading.Thread(target=person) for _ in range(PEOPLE)]
        pipe.send(None)
        for each in people:
            each.start()
        pipe.recv()
        stop.set()
        for each in people:
            each.join()
        pipe.send(took)


@contextmanager
def people(at: Place, ids: Sequence[str], found: Found) -> Iterator[None]:
    """Let people work meanwhile, and note how long they waited."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=live, args=(at.settings, ids, there), daemon=True)
    process.start()
    here.recv()
    try:
        yield
    finally:
        here.send(None)
        found.people = here.recv()
        process.join()


def run(at: Place, count: int, seconds: float, *, cancelled: int = 0, lead: float = 60) -> Found:
    """Have `count` episodes come due within so many seconds (0: at one instant); return what was seen.

    cancelled: so many of them are closed before.   lead: seconds to make them in, besides what each takes.
    """
    found = Found()
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=lead + count / 700 + cancelled / 100)
    busy = fill(at.url, at.settings.keys, [Copies(play(at.library, earlier(), HISTORY), 4000)], processes=1)
    ids = fill(at.url, at.settings.keys, list(_plan(at, count, seconds, begin)), processes=2)
    if cancelled:
        _cancel(at, ids[:cancelled])
    with people(at, busy, found), at_work(at.settings) as pids:
        _warm(at)
        assert datetime.now(UTC) < begin, "it was due before it was made: raise --lead"
        _await(at, begin, seconds)
        found.memory = max(memory(pid) for pid in pids)
    found.late, last = _lateness(at, begin, begin + timedelta(seconds=seconds))
    assert len(found.late) == count - cancelled, "not everything fired, or something twice"
    found.seconds = last
    return found


def _plan(at: Place, count: int, seconds: float, begin: datetime) -> Iterator[Copies]:
    """Yield copies of lives that are due evenly over so many seconds, in steps of `STEP_MS`."""
    steps = min(int(seconds * 1000 / STEP_MS), count) or 1
    after = alarm(at.library)
    for step in range(steps):
        due = begin + timedelta(milliseconds=step * seconds * 1000 // steps)
        many = count * (step + 1) // steps - count * step // steps
        yield Copies(due_at(at.library, due, after=after), many)


def _warm(at: Place) -> None:
    """Wait until everybody is at work: until a few that are due at once have fired."""
    now = datetime.now(UTC).replace(microsecond=0)
    fill(at.url, at.settings.keys, [Copies(due_at(at.library, now), 20)])
    while at.sql("SELECT 1 FROM episode WHERE next_due_at <= now() LIMIT 1"):
        time.sleep(0.1)


def _cancel(at: Place, ids: Sequence[str]) -> None:
    """Close so many episodes, from eight threads."""
    with at.open() as system:
        outcome = at.library.newest(PATHWAY).outcomes

        def close(mine: Sequence[str]) -> None:
            for each in mine:
                command = Close(next(iter(outcome)), reason="cancelled")
                assert system.handlers.execute(Request(each, command, ACTOR, new_key())).accepted

        threads = [threading.Thread(target=close, args=(ids[number::8],)) for number in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()


def _await(at: Place, begin: datetime, seconds: float) -> None:
    """Wait until nothing is due any more that was to be."""
    end = begin + timedelta(seconds=seconds)
    deadline = time.monotonic() + LONGEST_SECONDS
    while datetime.now(UTC) < end:
        time.sleep(0.2)
    while at.sql(f"SELECT 1 FROM episode WHERE next_due_at <= '{end.isoformat()}' LIMIT 1"):
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.2)


def _lateness(at: Place, begin: datetime, end: datetime) -> tuple[list[float], float]:
    """Return how late each firing was committed, and how many seconds after the first moment the last was.

    end: the last moment at which something was due; what the pile waits for comes long after it.
    """
    done = "pg_xact_commit_timestamp(xmin)"
    rows = at.sql(
        f"SELECT extract(epoch FROM {done} - due_at)::float8, extract(epoch FROM {done})::float8 FROM notice"
        f" WHERE due_at BETWEEN '{begin.isoformat()}' AND '{end.isoformat()}' AND kind = 'reminder'"
    )
    return [late for late, _ in rows], max(at_s for _, at_s in rows) - begin.timestamp()


def clear(at: Place) -> None:
    """Take back what is still to come of a run, so that the next begins with what it made itself."""
    at.run("UPDATE episode SET next_due_at = NULL WHERE next_due_at < now() + interval '1 year'", "VACUUM ANALYZE")


def pile(at: Place, count: int) -> None:
    """Add episodes that wait for years, and say what each takes."""
    before = at.sql("SELECT pg_database_size(current_database())")[0][0]
    began = time.perf_counter()
    years = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5 * 365)
    fill(at.url, at.settings.keys, [Copies(due_at(at.library, years), count)], processes=os.cpu_count() or 1)
    took = time.perf_counter() - began
    each = (at.sql("SELECT pg_database_size(current_database())")[0][0] - before) / count
    rows = at.sql("SELECT pg_relation_size('episode') + pg_indexes_size('episode')")[0][0] / count
    print(f"pile    {count:7} more that wait for years: {each:,.0f} bytes each in all tables, {rows:,.0f} in that of"
          f" episodes with its indexes; loaded in {took:.0f} s", flush=True)  # fmt: skip


def measure(at: Place, asked: argparse.Namespace) -> None:
    """Run what is wanted, with and without the pile."""
    counts, wanted, piled, lead = asked.counts, asked.only, asked.pile, asked.lead
    for heap in (0, piled) if "pile" in wanted else (0,):
        if heap:
            pile(at, heap)
        beside = f" beside {heap}" if heap else ""
        for count in counts if not heap else counts[:1]:
            if "herd" in wanted:
                print(f"herd    {count:7}{beside}: {run(at, count, 0, lead=lead).told()}", flush=True)
                clear(at)
            if "spread" in wanted:
                print(f"spread  {count:7}{beside}: {run(at, count, SPREAD_SECONDS, lead=lead).told()}", flush=True)
                clear(at)
        if "storm" in wanted and not heap:
            count = counts[0]
            done = run(at, count, SPREAD_SECONDS, cancelled=count * 9 // 10, lead=lead)
            print(f"storm   {count:7}: {done.told()}", flush=True)
            clear(at)


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000])
    ask.add_argument("--pile", type=int, default=1_000_000)
    ask.add_argument("--only", nargs="+", default=["herd", "spread", "storm", "pile"])
    ask.add_argument("--lead", type=float, default=60, help="seconds to prepare each run in; more on a busy machine")
    ask.add_argument("--quick", action="store_true", help="a thousand, and a pile of ten thousand")
    asked = ask.parse_args()
    if asked.quick:
        asked.counts, asked.pile = [1000], 10_000
    with place() as at:
        measure(at, asked)


if __name__ == "__main__":
    main()
