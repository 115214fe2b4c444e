"""What is broken, and when? A seeded schedule of faults, which can be printed and given back."""

import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from tests.chaos.system import Shape

LONGEST_SECONDS = 8.0
REST_SECONDS = 3.0
_EMBEDDED = ("up", "up/group", "up/api", "up/worker", "up/clock", "up/valkey")


@dataclass(frozen=True)
class Fault:
    """Something that is broken at a moment (seconds from the start) and, where it lasts, for how long.

    kind: kill, term, stop (SIGSTOP, then SIGCONT), flush, cut, hold, delay, lose, fill, move.   target: a process, a
    link, the pager, the disk or the wall.   by: seconds of delay, or by which the wall is moved.
    """

    at: float
    kind: str
    target: str
    seconds: float = 0.0
    by: float = 0.0


def drawn(seed: int, shape: Shape, seconds: float, kills: int) -> list[Fault]:
    """Return so many kills, and a third as many other faults, over so many seconds; the same for the same seed."""
    draw = random.Random(f"{seed} nemesis")
    others = max(kills // 3, 1)
    kinds = [True] * kills + [False] * others
    draw.shuffle(kinds)
    slot = seconds / len(kinds)
    longest = min(LONGEST_SECONDS, max(2.0, 3 * slot))
    faults = []
    for number, kill in enumerate(kinds):
        at = round((number + draw.uniform(0, 0.8)) * slot, 2)
        faults.append(_kill(draw, at, shape) if kill else _other(draw, at, shape, longest))
    return _alone(faults)


def embedded(seconds: float, kills: int) -> list[Fault]:
    """Return so many kills of `carepath up`, of each thing that can be killed in turn."""
    return [Fault(round(n * seconds / kills, 2), "kill", _EMBEDDED[n % len(_EMBEDDED)]) for n in range(kills)]


def _processes(shape: Shape) -> list[str]:
    """Return what can be killed, each as often as it is to be drawn."""
    clocks = [f"clock-{n}" for n in range(1, shape.clocks + 1)]
    workers = [f"worker-{n}" for n in range(1, shape.workers + 1)]
    return [
        *clocks, *workers, *(f"{worker}/child" for worker in workers * 2),
        *(f"api-{n}" for n in range(1, shape.apis + 1)), "postgres", "postgres/backend", "postgres/backend", "broker",
    ]  # fmt: skip


def _kill(draw: random.Random, at: float, shape: Shape) -> Fault:
    return Fault(at, "kill", draw.choice(_processes(shape)))


def _other(draw: random.Random, at: float, shape: Shape, longest: float) -> Fault:
    kind = draw.choice(("term", "stop", "stop", "flush", "cut", "hold", "delay", "lose", "fill", "move"))
    seconds = round(draw.uniform(1.0, longest), 2)
    match kind:
        case "term":
            return Fault(at, kind, draw.choice([each for each in _processes(shape) if "/" not in each]))
        case "stop":
            return Fault(at, kind, draw.choice(_processes(shape)), seconds)
        case "flush" | "lose":
            return Fault(at, kind, "broker")
        case "cut" | "hold":
            return Fault(at, kind, draw.choice(("database", "broker", "pager")), seconds)
        case "delay":
            return Fault(at, kind, draw.choice(("database", "broker")), seconds, round(draw.uniform(0.02, 0.3), 3))
        case "fill":
            return Fault(at, kind, "disk", seconds)
        case _:
            moved = draw.choice((-1, 1)) * draw.uniform(20, 120)
            return Fault(at, kind, "wall", round(max(4.0, seconds), 2), round(moved, 1))


def _alone(faults: Iterable[Fault]) -> list[Fault]:
    """Let nothing else break while the wall is wrong: a clock that is started then has no means to know it.

    Whatever comes behind comes so much later, at the same distances.
    """
    made: list[Fault] = []
    later = 0.0
    for fault in faults:
        at = fault.at + later
        if fault.kind == "move":
            begins = max([at, *(each.at + each.seconds + REST_SECONDS for each in made)])
            later += begins - at + fault.seconds + REST_SECONDS
            at = begins
        made.append(replace(fault, at=round(at, 2)))
    return made


def to_lines(faults: Iterable[Fault]) -> str:
    """Return a schedule as text, a fault a line."""
    return "".join(f"{json.dumps(asdict(fault))}\n" for fault in faults)


def from_lines(text: str) -> list[Fault]:
    """Return the schedule that `to_lines` wrote."""
    return [Fault(**json.loads(line)) for line in text.splitlines() if line.strip()]
