"""How long do the proofs take? As people run them: a process of its own, nothing kept from before, then all of it kept.

    python -m benchmarks.bench_proofs [--rounds 3] [--quick]

each pathway    `carepath verify PATHWAY --no-cache`: what a changed pathway takes to be proved again
all             `carepath verify --no-cache`
kept            `carepath verify` of all, when nothing has changed since

Medians over the rounds, with the fastest and the slowest.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestrator.pathway.loader import load_library

WORKFLOWS = Path(__file__).parents[1] / "workflows"
PROGRAM = "import sys; from orchestrator.cli.main import run; sys.argv[0] = 'carepath'; run()"


def verified(cache: Path, *words: str) -> float:
    """Return the seconds that `carepath verify` takes; every promise has to be proved."""
    command = [sys.executable, "-c", PROGRAM, "verify", "--workflows", str(WORKFLOWS), *words]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "CAREPATH_CACHE": str(cache)})
    return time.perf_counter() - began


def told(name: str, seconds: list[float]) -> None:
    """Print one line: median, fastest and slowest round."""
    median = statistics.median(seconds)
    print(f"{name:<40} {median:6.1f} s   ({min(seconds):.1f} to {max(seconds):.1f})", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, to see that it runs")
    asked = parser.parse_args()
    rounds = range(1 if asked.quick else asked.rounds)
    library = load_library(WORKFLOWS)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for name in sorted({each.name for each in library.pathways}):
            many = len(library.newest(name).properties)
            told(f"{name}, {many} promises", [verified(cache, name, "--no-cache") for _ in rounds])
        told("all", [verified(cache, "--no-cache") for _ in rounds])
        verified(cache)
        told("all, kept from before", [verified(cache) for _ in rounds])


if __name__ == "__main__":
    main()
