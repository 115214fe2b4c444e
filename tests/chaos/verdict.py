"""What was found, and what there was: the words of the checker, and its sums."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.chaos.history import Outage


class Finding(NamedTuple):
    """Something that is not as it must be. what: lost, doubled, order, late, early, invented, silent, proof, end."""

    what: str
    episode_id: str
    text: str


@dataclass
class Verdict:
    """What was found, and what there was. late: seconds from due to committed, of each firing; unexcused: less what
    was broken meanwhile."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    unexcused: list[float] = field(default_factory=list)

    def quantile(self, part: float) -> float:
        """Return below what that part of all firings was late, in seconds."""
        return sorted(self.late)[min(int(part * len(self.late)), len(self.late) - 1)] if self.late else 0.0


def merged(outages: Iterator[Outage]) -> list[tuple[float, float]]:
    """Return when anything was broken, without overlaps."""
    made: list[tuple[float, float]] = []
    for begun, ended in sorted((each.begun, each.ended) for each in outages):
        if made and begun <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], ended))
        else:
            made.append((begun, ended))
    return made


def within(spans: Sequence[tuple[float, float]], begun: float, ended: float) -> float:
    """Return for how many seconds of a time something was broken."""
    return sum(max(0.0, min(end, ended) - max(begin, begun)) for begin, end in spans)
