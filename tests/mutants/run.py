"""What would nobody notice? `python -m tests.mutants.run` breaks every pathway in every way and says what lived."""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.mutants.operators import Mutant, mutants
from tests.mutants.report import page
from tests.mutants.survivors import Survivors
from tests.mutants.verdicts import Found, Kept, run

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / "workflows"
KEPT = ROOT / ".mutants"
ROUND = 50


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants and return 1 where one lives that is not listed, or one is listed that does not live."""
    options = _parser().parse_args(arguments)
    KEPT.mkdir(exist_ok=True)
    every = list(mutants(WORKFLOWS))
    chosen = [each for each in every if options.pathway in {"", each.pathway} and options.name in each.name]
    if options.sample:
        chosen = sample(chosen, options.sample, options.seed)
    began, found = time.monotonic(), list[Found]()
    for each in run(WORKFLOWS, chosen, options.jobs, Kept(KEPT / "verdicts.jsonl", WORKFLOWS)):
        found.append(each)
        if len(found) % ROUND == 0:
            _say(f"{len(found)} of {len(chosen)} in {time.monotonic() - began:.0f} s")
    survivors = Survivors.read()
    faults = list(survivors.faults(found, {each.name for each in every}))
    counts = Counter(each.verdict.killer for each in found)
    _say(", ".join(f"{count} by {killer}" for killer, count in sorted(counts.items())))
    for fault in faults:
        print(fault)
    if options.write is not None:
        order = {each.name: index for index, each in enumerate(every)}
        found.sort(key=lambda each: order[each.mutant.name])
        options.write.write_text(page(found, survivors, ROOT), encoding="utf-8")
    return 1 if faults else 0


def sample(of: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return so many of them, the same for the same seed, in their order."""
    drawn = {each.name for each in random.Random(seed).sample(of, min(size, len(of)))}
    return [each for each in of if each.name in drawn]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run", description=__doc__)
    parser.add_argument("--pathway", default="", help="only those of this pathway, or of every-pathway")
    parser.add_argument("--name", default="", help="only those in whose name this stands")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only so many, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table of all, docs/verification.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
