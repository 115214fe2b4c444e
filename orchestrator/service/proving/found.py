"""What was found out about a promise? Plain values: they go from process to process, and into the cache, as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PROVED, BROKEN, UNKNOWN = "proved", "broken", "unknown"
STATUSES = (PROVED, BROKEN, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Beat:
    """One step of the solver's way: what happens, what is chosen in it, and what is so before it."""

    option: str
    chosen: frozenset[str]
    true: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one promise. seconds: that the solver took.   facts: over all values of which it was asked.

    trace: the solver's way to where the promise is broken.   story: where the patient's story was written, or empty.
    kept: it was found before and is taken from the cache.
    """

    promise: str
    status: str
    how: str
    seconds: float
    facts: tuple[str, ...] = ()
    trace: tuple[Beat, ...] = ()
    story: str = ""
    kept: bool = False

    @property
    def settled(self) -> bool:
        """Return whether the question is answered, one way or the other."""
        return self.status in {PROVED, BROKEN}

    def unknown(self, why: str) -> "Finding":
        """Return that it is unknown, and why; the trace stays for whoever looks into it."""
        return replace(self, status=UNKNOWN, how=why, story="")

    def told(self, story: str) -> "Finding":
        """Return it with the file of the patient's story."""
        return replace(self, story=story)

    def to_json(self) -> dict[str, Any]:
        """Return all that the solver said."""
        return {
            "promise": self.promise,
            "status": self.status,
            "how": self.how,
            "seconds": round(self.seconds, 3),
            "facts": list(self.facts),
            "trace": [
                {"option": each.option, "chosen": sorted(each.chosen), "true": sorted(each.true)} for each in self.trace
            ],
        }


def from_json(told: Mapping[str, Any], *, kept: bool = False) -> Finding:
    """Return the finding; raises KeyError, TypeError or ValueError for anything else than `to_json` gives."""
    if told["status"] not in STATUSES or not all(isinstance(told[key], str) for key in ("promise", "how")):
        raise ValueError("no finding")
    trace = tuple(
        Beat(str(each["option"]), frozenset(map(str, each["chosen"])), frozenset(map(str, each["true"])))
        for each in told["trace"]
    )
    facts = tuple(map(str, told["facts"]))
    return Finding(told["promise"], told["status"], told["how"], float(told["seconds"]), facts, trace, kept=kept)
