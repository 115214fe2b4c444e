"""Which mutants may live? Those that change nothing, each with the reason; and those that nothing catches yet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.pathway.reader import read_file
from tests.mutants.killers import NOTHING
from tests.mutants.verdicts import Found

FILE = Path(__file__).with_name("survivors.yaml")


@dataclass(frozen=True)
class Survivors:
    """equivalent: the reason for which a mutant changes nothing, by name.   uncaught: those that change something."""

    equivalent: dict[str, str]
    uncaught: frozenset[str]

    @classmethod
    def read(cls, file: Path = FILE) -> "Survivors":
        """Return what the file lists: each reason with the names of the mutants for which it holds."""
        said = read_file(file)
        assert isinstance(said, dict)
        reasons = {name: str(each["because"]) for each in said["equivalent"] or () for name in each["mutants"]}
        return cls(reasons, frozenset(said["uncaught"] or ()))

    @property
    def names(self) -> frozenset[str]:
        """All that may live."""
        return self.uncaught | self.equivalent.keys()

    def faults(self, found: Iterable[Found], every: Iterable[str]) -> Iterator[str]:
        """Yield what is wrong: a mutant that lives unlisted, one that is listed and was killed or is none any more."""
        for each in found:
            name, verdict = each.mutant.name, each.verdict
            if verdict.killer == NOTHING and name not in self.names:
                yield f"lives: {name}"
            elif verdict.killer != NOTHING and name in self.names:
                yield f"listed, but killed by {verdict.killer} ({verdict.how}): {name}"
        for name in sorted(self.names - set(every)):
            yield f"listed, but there is no such mutant: {name}"
        for name in sorted(self.uncaught & self.equivalent.keys()):
            yield f"listed twice: {name}"
