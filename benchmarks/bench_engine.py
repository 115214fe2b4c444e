"""How fast is a decision, an episode's document, a story of six weeks, the program's help?

    python -m benchmarks.bench_engine [--rounds 9] [--quick]

decide      one command on an episode in memory, two days into a pulse; nothing is stored
document    load and dump of the document of an episode that is five years old (see five_years.py)
story       a scenario file of six weeks, read, played, checked and proved in a throw-away store, the program being up:
            one in which people answer, one in which nobody does, so that every reminder climbs and fires again
help        `carepath --help`, a process of its own

Medians over the rounds, with the fastest and the slowest.
"""

import argparse
import datetime as dt
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.five_years import START, Play, episode_after_five_years
from orchestrator.bootstrap import stage
from orchestrator.episode.commands import Actor, Command, Confirm, Give, Record, Tick
from orchestrator.episode.decide import decide
from orchestrator.episode.document import dump, load
from orchestrator.pathway.loader import Library, load_library
from orchestrator.pathway.model import Pathway
from orchestrator.service.scenario.runner import run_file

ROOT = Path(__file__).parents[1]
PATHWAY = "post-viral-cerebellar-demyelination"
STORIES = {
    "six weeks, all answered": "severe-six-weeks-everything-answered.yaml",
    "six weeks, nobody answers": "severe-partial-taper-maintenance.yaml",
}
CALLS = 200


def timed(work: Callable[[], object], calls: int, rounds: int) -> list[float]:
    """Return the seconds of one call, for each round of ``calls``."""
    made = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            work()
        made.append((time.perf_counter() - began) / calls)
    return made


def told(name: str, seconds: list[float], unit: str = "µs") -> None:
    """Print one line: median, fastest and slowest round."""
    factor = {"µs": 1e6, "ms": 1e3}[unit]
    median, low, high = (each * factor for each in (statistics.median(seconds), min(seconds), max(seconds)))
    print(f"{name:<34} {median:8.0f} {unit}   ({low:.0f} to {high:.0f})")


def decisions(pathway: Pathway, rounds: int) -> None:
    """Time commands on an episode two days into a pulse."""
    play = Play(pathway)
    play.do(Record(facts={"severity": "severe", "infection_status": "excluded", "weight_kg": 70}))
    play.do(Confirm(("ivmp-pulse",), {"days": 5}))
    play.to(2)
    episode, at, actor = play.episode, play.at, Actor("anna", "clinician")
    commands: dict[str, Command] = {
        "decide: record a fact": Record(facts={"icars": 20}),
        "decide: give a dose": Give("ivmp-pulse"),
        "decide: response, moves the stage": Record(facts={"response": "partial"}),
        "decide: confirm beside it": Confirm(("ivig",), reason="a second opinion"),
    }
    for name, command in commands.items():
        told(name, timed(lambda command=command: decide(pathway, episode, command, actor, at), CALLS, rounds))  # type: ignore[misc]
    due = episode.next_due_at or START
    told("decide: what is due fires", timed(lambda: decide(pathway, episode, Tick(), actor, due), CALLS, rounds))


def documents(pathway: Pathway, rounds: int) -> None:
    """Time the document of an episode that is five years old."""
    document = dump(episode_after_five_years(pathway))
    told(f"document: load and dump, {len(document)} B", timed(lambda: dump(load(document)), CALLS, rounds))


def stories(library: Library, rounds: int) -> None:
    """Time a story on a store of its own."""
    folder = ROOT / "workflows" / PATHWAY / "scenarios"
    with stage(library) as place:
        for name, file in STORIES.items():
            assert run_file(folder / file, place).passed
            told(f"story: {name}", timed(lambda file=file: run_file(folder / file, place), 1, rounds), "ms")  # type: ignore[misc]


def helps(rounds: int) -> None:
    """Time the program's help."""
    program = Path(sys.executable).with_name("carepath")
    call = [str(program), "--help"]
    told("carepath --help", timed(lambda: subprocess.run(call, check=True, capture_output=True), 1, rounds), "ms")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description="Times decisions, documents, stories and the program's help.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="two rounds, to see that it runs")
    asked = parser.parse_args()
    rounds = 2 if asked.quick else asked.rounds
    library = load_library(ROOT / "workflows")
    pathway = library.newest(PATHWAY)
    print(f"Python {platform.python_version()}, {platform.machine()}, {dt.date.today():%Y-%m-%d}")  # noqa: DTZ011
    decisions(pathway, rounds)
    documents(pathway, rounds)
    stories(library, rounds)
    helps(rounds)


if __name__ == "__main__":
    main()
