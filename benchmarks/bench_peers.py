"""What would people use instead, and how does it bear the same load? In the same run, on the same servers.

    make bench-peers        which makes .venv-peers first: the peers are no part of the program

    python -m benchmarks.bench_peers [--count 10000] [--rounds 3] [--peers celery_eta dbos_sleep ...] [--quick]

The work: start N that wait until a moment, then write one row durably (PostgreSQL, fsync on; what needs Redis has a
Valkey that writes to disk). Ours writes more: episode, entry, queued hash, worklist and notice, sealed and chained.

    herd      all due at one instant: fired per second until the last
    spread    due over 60 s: how late

A peer that needs longer than --patience seconds is ended; then what it fired by then is given.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy import make_url

from benchmarks import bench_timers
from benchmarks.generate import ROOT
from benchmarks.place import Place, percentile, place
from orchestrator.cli import valkey
from tests.servers.postgres import USER

PEERS = ("apscheduler_store", "celery_eta", "dbos_sleep", "procrastinate_jobs")
SPREAD_SECONDS = 60
_START_SECONDS = 600


class Load(NamedTuple):
    """So many, due evenly over so many seconds; whoever is so many seconds late is not waited for any longer.

    lead: seconds to prepare in, besides what each takes.
    """

    count: int  # type: ignore[assignment]
    seconds: float
    patience: float
    lead: float


class Seen:
    """What one run of one of them showed."""

    def __init__(self, late: Sequence[float], wanted: int, seconds: float) -> None:
        self.late, self.wanted, self.seconds = late, wanted, seconds
        self.rate = len(late) / seconds if seconds > 0 else 0.0

    def told(self) -> str:
        """Say it in one line."""
        if not self.late:
            return "fired nothing"
        lost = "" if len(self.late) == self.wanted else f"  ONLY {len(self.late)} OF {self.wanted} IN TIME TO BE SEEN"
        late = ", ".join(f"{name} {percentile(self.late, part):.3f}" for name, part in bench_timers.PARTS)
        return f"{self.rate:7.0f} a second, late, s: {late}{lost}"


def peer(at: Place, name: str, python: Path, load: Load) -> Seen:
    """Run one peer in a database of its own."""
    count, seconds, patience, lead = load
    database = f"peer_{name}_{time.monotonic_ns()}"
    at.server.execute(f"CREATE DATABASE {database}")
    url = f"postgresql://{USER}@/{database}?host={make_url(at.url).query['host']}"
    with psycopg.connect(url, autocommit=True) as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("CREATE TABLE fired (number int PRIMARY KEY)")
        broker = valkey.start(Path(folder))
        begin = time.time() + lead / 2 + count * _lead(name)
        told = json.dumps(
            {"url": url, "broker": broker.url, "count": count, "begin": begin, "seconds": seconds}
        )  # fmt: skip
        process = subprocess.Popen(
            [str(python), "-m", f"benchmarks.peers.{name}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, "PEER_WISH": told, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"{name} did not start: is it installed in {python}?")
            if time.time() > begin:
                print(
                    f"    {name} was still scheduling when the first came due: {time.time() - begin:.0f} s", flush=True
                )
            return _watched(connection, begin, load)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            broker.stop()


def _lead(name: str) -> float:
    """Return how long scheduling one takes, generously, in seconds."""
    return {"dbos_sleep": 0.012, "apscheduler_store": 0.008, "procrastinate_jobs": 0.006}.get(name, 0.003)


def _watched(connection: "psycopg.Connection[tuple[int]]", begin: float, load: Load) -> Seen:
    count, seconds, patience, _ = load
    deadline = begin + seconds + patience
    done = 0
    while done < count and time.time() < deadline:
        time.sleep(0.2)
        ((done,),) = connection.execute("SELECT count(*) FROM fired").fetchall()
    at = "extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
    rows = connection.execute(f"SELECT {at} - %s - %s * number / %s FROM fired", (begin, seconds, count)).fetchall()
    ((last,),) = connection.execute(f"SELECT coalesce(max({at}), 0) FROM fired").fetchall()
    return Seen([late for (late,) in rows], count, last - begin)


def ours(at: Place, load: Load) -> Seen:
    """Run carepath."""
    found = bench_timers.run(at, load.count, load.seconds, lead=load.lead)
    bench_timers.clear(at)
    return Seen(found.late, load.count, found.seconds)


def measure(at: Place, asked: argparse.Namespace) -> None:
    """Run each in turn, round by round."""
    peers = asked.peers
    for shape, seconds in (("herd", 0.0), ("spread", SPREAD_SECONDS)):
        load = Load(asked.count, seconds, asked.patience, asked.lead)
        rates: dict[str, list[float]] = {}
        for number in range(asked.rounds):
            for name in ("carepath", *peers):
                seen = ours(at, load) if name == "carepath" else peer(at, name, asked.python, load)
                rates.setdefault(name, []).append(seen.rate)
                print(f"{shape:7} {number + 1} {name:20} {seen.told()}", flush=True)
        if shape == "herd":
            for name in peers:
                ratios = [mine / theirs for mine, theirs in zip(rates["carepath"], rates[name], strict=True) if theirs]
                if ratios:
                    low, high = min(ratios), max(ratios)
                    print(f"herd: carepath is {statistics.median(ratios):.1f} ({low:.1f} to {high:.1f}) times {name}")


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--count", type=int, default=10_000)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--patience", type=float, default=240, help="seconds for which a peer may be late")
    ask.add_argument("--lead", type=float, default=60, help="seconds to prepare each run in; more on a busy machine")
    ask.add_argument("--peers", nargs="+", default=PEERS, choices=PEERS)
    ask.add_argument("--python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    ask.add_argument("--quick", action="store_true", help="one round with a thousand")
    asked = ask.parse_args()
    if asked.quick:
        asked.count, asked.rounds = 1000, 1
    if not asked.python.exists():
        sys.exit(f"{asked.python} is missing: run make bench-peers, which makes it")
    with place() as at:
        measure(at, asked)


if __name__ == "__main__":
    main()
