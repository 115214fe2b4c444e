"""Which seeds fail? Many are played, on every processor; a failing one is shortened and told how to replay.

python -m tests.simulation.run --seeds 1000 --from 0
python -m tests.simulation.run --seed 17 --trace
"""

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from time import perf_counter, process_time

from tests.simulation.faults import KINDS, Plan, plan
from tests.simulation.play import Played, play

_SHOWN = 40
_WHERE = {False: "where much goes unanswered", True: "where all is answered"}


def main(words: list[str]) -> int:
    """Play what the words of the command line ask for; return the exit code."""
    asked = _parse(words)
    if asked.seed is not None:
        return _one(_planned(asked, asked.seed, keep_all=asked.trace))
    began, counts, failed = perf_counter(), Counter[str](), 0
    years, seconds = dict.fromkeys(_WHERE, 0.0), dict.fromkeys(_WHERE, 0.0)
    plans = [_planned(asked, seed) for seed in range(asked.first, asked.first + asked.seeds)]
    with ProcessPoolExecutor(asked.processes) as pool:
        for played, took in pool.map(_timed, plans):
            counts += played.counts
            years[played.plan.attended] += played.plan.years * played.plan.patients
            seconds[played.plan.attended] += took
            if played.error:
                failed += 1
                _tell(played)
    _sum_up(counts, sum(years.values()), perf_counter() - began, len(plans), failed)
    for attended, where in _WHERE.items():
        if seconds[attended]:
            rate = years[attended] / seconds[attended]
            print(f"{where}: {years[attended]:.0f} episode-years, {rate:.2f} in a second of one processor")
    return int(failed > 0)


def command(planned: Plan) -> str:
    """Return the command that replays a plan."""
    left_out = ",".join(kind for kind in KINDS if kind not in planned.faults)
    words = [f"--seed {planned.seed} --years {planned.years:g} --patients {planned.patients}"]
    words += [f"--without {left_out}"] if left_out else []
    words += ["--attended"] if planned.attended else []
    return f"python -m tests.simulation.run {' '.join(words)} --trace"


def shorten(failing: Played) -> Played:
    """Return a shorter run of the same seed that fails too: fewer patients, fewer kinds of faults."""
    best = failing
    for shorter in _shorter(best.plan):
        played = play(
            replace(
                shorter, faults=shorter.faults & best.plan.faults, patients=min(shorter.patients, best.plan.patients)
            )
        )
        if played.error:
            best = played
    return best


def _shorter(planned: Plan) -> list[Plan]:
    fewer = [replace(planned, patients=1)] if planned.patients > 1 else []
    return [*fewer, *(planned.without(kind) for kind in sorted(planned.faults))]


def _planned(asked: argparse.Namespace, seed: int, *, keep_all: bool = False) -> Plan:
    made = plan(seed, years=asked.years, patients=asked.patients, attended=asked.attended)
    left_out = frozenset(asked.without.split(","))
    return replace(made, faults=made.faults - left_out, keep_all=keep_all)


def _timed(planned: Plan) -> tuple[Played, float]:
    """Return what came of a plan, and the seconds of the processor that it took."""
    began = process_time()
    return play(planned), process_time() - began


def _one(planned: Plan) -> int:
    played = play(planned)
    for line in played.lines if planned.keep_all else played.lines[-_SHOWN:]:
        print(line)
    print(f"{dict(played.counts)}\nhash {played.hash}")
    print(played.error or "everything held")
    return int(bool(played.error))


def _tell(failing: Played) -> None:
    print(f"seed {failing.plan.seed}: {failing.error}")
    short = shorten(failing)
    for line in short.lines[-_SHOWN:]:
        print(f"    {line}")
    print(f"    {short.error}\n    replay: {command(short.plan)}", flush=True)


def _sum_up(counts: Counter[str], years: float, seconds: float, seeds: int, failed: int) -> None:
    crashed = counts["crashes"] + counts["refused statements"]
    print(f"{seeds} seeds, {failed} failed; {crashed} crashes and failed statements at {counts['points']} points")
    rates = f"{years / seconds:.2f} a second, {counts['steps'] / seconds:.0f} steps a second"
    print(f"{years:.0f} episode-years in {seconds:.0f} s: {rates}")
    print(", ".join(f"{count} {name}" for name, count in counts.most_common()))


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.simulation.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--years", type=float, help="of virtual time, instead of what the seed draws")
    parser.add_argument("--patients", type=int, help="instead of what the seed draws")
    parser.add_argument("--attended", action="store_true", help="all that is asked is answered, and years go by")
    parser.add_argument("--without", default="", help=f"kinds of faults to leave out: {', '.join(KINDS)}")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--trace", action="store_true", help="print all that happened")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
