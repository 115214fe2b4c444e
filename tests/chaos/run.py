"""What becomes of carepath when it is killed for hours?

    python -m tests.chaos.run [--seed N] [--minutes M] [--kills K] [--schedule FILE] [--keep FOLDER]
        [--embedded | --real]

The same seed gives the same schedule of faults, and people of the same habits. What was found, the schedule, the logs
and the history are kept where it says; the status is 1 when anything was found.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator import bootstrap
from tests.chaos import embedded, schedule
from tests.chaos.checker import Checker
from tests.chaos.embedded import Embedded
from tests.chaos.history import History, Outage
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import Person, Ward
from tests.chaos.schedule import Fault
from tests.chaos.system import Shape, System, running
from tests.chaos.verdict import Finding, Verdict
from tests.yardstick import measured

QUIET_SECONDS = 180.0
_MOST_LINES = 40


@dataclass(frozen=True)
class Plan:
    """One run. people: at once.   patients: at most.   embedded: `carepath up` on SQLite."""

    seed: int
    seconds: float
    faults: list[Fault]
    shape: Shape = Shape()
    people: int = 6
    patients: int = 120
    embedded: bool = False


@dataclass
class Result:
    """What came of it. broken: how often what was done.   spared: how often what could not be."""

    verdict: Verdict
    broken: Mapping[str, int]
    spared: Mapping[str, int]

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(number for name, number in self.broken.items() if name.startswith("kill "))

    def text(self) -> str:
        """Return the report."""
        found, counts = sorted(self.verdict.findings, key=lambda each: each.text), self.verdict.counts
        lines = [f"{self.kills} kills; {sum(self.broken.values()) - self.kills} other faults: {dict(self.broken)}"]
        lines += [f"not done: {dict(self.spared)}"] if self.spared else []
        lines += [f"{dict(counts)}"]
        late, alone = self.verdict.late, max(self.verdict.unexcused, default=0.0)
        middle, most = self.verdict.quantile(0.5), max(late, default=0.0)
        p99 = self.verdict.quantile(0.99)
        lines += [f"late: median {middle:.2f} s, p99 {p99:.2f} s, most {most:.2f} s, without excuse {alone:.2f} s"]
        lines += [f"{each.what}: {each.text} ({each.episode_id})" for each in found[:_MOST_LINES]]
        lines += [f"{len(found)} findings {dict(Counter(each.what for each in found))}"]
        return "\n".join(lines)


def run(plan: Plan, folder: Path) -> Result:
    """Start everything, break it, heal it, wait until it is quiet, end it, and judge."""
    (folder / "schedule.jsonl").write_text(schedule.to_lines(plan.faults))
    history = History(folder / "history.jsonl")
    try:
        with _running(plan, history) as system:
            try:
                with measured(lambda begun, ended: history.add(Outage("the machine", begun, ended, excuses=True))):
                    return _run(plan, system, history)
            finally:
                system.keep_logs(folder)
    finally:
        history.close()


def _running(plan: Plan, history: History) -> AbstractContextManager[System | Embedded]:
    return embedded.running(history, plan.shape.factor) if plan.embedded else running(plan.shape, history)


def _run(plan: Plan, system: System | Embedded, history: History) -> Result:
    ward = Ward(system.ports, system.token, history, plan.patients)
    people = [Person(number, plan.seed, ward) for number in range(1, plan.people + 1)]
    for person in people:
        person.start()
    hand = Nemesis(system, ward, plan.seed)
    hand.carry_out(plan.faults, plan.seconds)
    ward.over.set()
    while any(person.is_alive() for person in people):
        system.tend()
        time.sleep(0.05)
    quiet = _quiet(system)
    trouble = system.end()
    with bootstrap.open_system(system.settings()) as opened:
        verdict = Checker(opened, history, system.commits(opened), quiet, _arrived(system)).check()
    for text in trouble:
        verdict.findings.append(Finding("end", "", text))
    return Result(verdict, hand.done, hand.not_done)


def _arrived(system: System | Embedded) -> list[str] | None:
    """Return the ids of what the pager took; None where nothing is sent to it."""
    return None if system.pager is None else [each.headers["webhook-id"] for each in system.pager.arrivals]


def _quiet(system: System | Embedded) -> datetime:
    """Wait until all are up and nothing is left to do; return up to when, by the store's clock, all must have fired."""
    deadline = time.monotonic() + QUIET_SECONDS
    with bootstrap.open_system(system.settings()) as opened:
        while True:
            system.tend()
            look = opened.pulse.look()
            second = timedelta(seconds=system.factor)
            overdue = look.next_alarm is not None and look.now - look.next_alarm > second
            down = any(each.down_since for each in system.services.values())
            if not (down or overdue or opened.deliveries.outgoing(limit=1)) or time.monotonic() > deadline:
                return look.now - second
            time.sleep(0.2)


def main() -> int:
    """Run once as the command line says; return the status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=0, help="one every three seconds if not given")
    parser.add_argument("--schedule", type=Path, help="faults to carry out, as a run printed them")
    parser.add_argument("--keep", type=Path, help="where to keep history, schedule and logs")
    parser.add_argument("--factor", type=int, default=Shape.factor, help="how many times as fast as the wall")
    parser.add_argument("--embedded", action="store_true", help="kill `carepath up` on SQLite")
    parser.add_argument("--real", action="store_true", help="a real store, whose notices leave the house")
    given = parser.parse_args()
    shape = Shape(factor=given.factor, real=given.real)
    seconds = given.minutes * 60
    if given.schedule:
        faults = schedule.from_lines(given.schedule.read_text())
    elif given.embedded:
        faults = schedule.embedded(seconds, given.kills or int(seconds / 10))
    else:
        faults = schedule.drawn(given.seed, shape, seconds, given.kills or int(seconds / 3))
    folder = given.keep or Path(tempfile.mkdtemp(prefix="carepath-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(
        f"seed {given.seed}, {len(faults)} faults in {seconds:g} s; schedule, history and logs in {folder}", flush=True
    )
    patients = 4 * Plan.patients if given.real else Plan.patients
    result = run(Plan(given.seed, seconds, faults, shape, patients=patients, embedded=given.embedded), folder)
    print(result.text())
    (folder / "result.json").write_text(json.dumps({"seed": given.seed, "text": result.text()}))
    return 1 if result.verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main())
