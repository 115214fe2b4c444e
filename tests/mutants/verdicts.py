"""What becomes of each mutant? Killers run in processes side by side; what was found is kept.

A verdict holds as long as the broken pathway, the program and the story that it rests on are the same. A mutant that
outlived all stories is asked again by the new ones alone.
"""

import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from orchestrator.pathway.loader import SHARED, SHARED_FOLDER
from tests.mutants.killers import LOADING, NOTHING, PROOF, STORY, Killers, Stories, Verdict, digest
from tests.mutants.operators import EVERY, Mutant
from tests.mutants.proofs import Proofs
from tests.mutants.trees import dump, edited

PROGRAM = Path(__file__).resolve().parents[2] / "orchestrator"
_PLAYS = ("bedside", "runner", "story", "expectations", "world")
_CARRIES_OUT = (
    "pathway/*.py", "pathway/checks/*.py", "pathway/language/*.py", "episode/*.py", "service/engine.py",
    *(f"service/scenario/{name}.py" for name in _PLAYS),
)  # fmt: skip
_PROVES = ("pathway/proof/*.py", "../tests/mutants/proofs.py")


@dataclass(frozen=True)
class Found:
    """What became of a mutant, and how long it took in seconds; 0 for what was found before."""

    mutant: Mutant
    verdict: Verdict
    seconds: float


@dataclass
class Kept:
    """Verdicts of former runs in a file of lines, the latest of a mutant last."""

    file: Path
    root: Path
    found: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is there."""
        if self.file.exists():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                each = json.loads(line)
                self.found[each["key"]] = each
        self.stories = Stories(self.root).digests()
        self.proofs = _code(_PROVES)
        shared = [(self.root / SHARED_FOLDER / name).read_text(encoding="utf-8") for name in SHARED]
        self._shared = digest(_code(_CARRIES_OUT), *shared)
        self._own = digest(*(path.read_text(encoding="utf-8") for path in sorted(self.root.glob("*/pathway*.yaml"))))

    def key(self, mutant: Mutant) -> str:
        """Return what names the mutant's content, and that of the program that plays it; promises are left out."""
        tree = {key: each for key, each in edited(mutant.tree, mutant.edits).items() if key != "properties"}
        return digest(self._shared, self._own if mutant.pathway == EVERY else "", mutant.pathway, dump(tree))

    def verdict(self, mutant: Mutant) -> Verdict | frozenset[str]:
        """Return what was found before, or the stories that the mutant is known to outlive."""
        kept = self.found.get(self.key(mutant))
        if kept is None:
            return frozenset()
        verdict = Verdict(str(kept["killer"]), str(kept["how"]), tuple(kept["lived"]))  # type: ignore[arg-type]
        if verdict.killer == LOADING or verdict.killer == STORY and kept["story"] == self.stories.get(verdict.how):
            return verdict
        now = set(self.stories.values())
        new = now - set(verdict.lived) if verdict.killer in {PROOF, NOTHING} else now
        asked = kept["proofs"] == self.proofs
        return verdict if asked and not self._concerns(mutant, new) else frozenset(verdict.lived)

    def _concerns(self, mutant: Mutant, new: set[str]) -> bool:
        folder = "*" if mutant.pathway == EVERY else mutant.pathway
        return any(self.stories[path.stem] in new for path in self.root.glob(f"{folder}/scenarios/*.yaml"))

    def keep(self, found: Found) -> None:
        """Add a verdict to the file."""
        verdict = found.verdict
        line = {
            "key": self.key(found.mutant), "name": found.mutant.name, "killer": verdict.killer, "how": verdict.how,
            "lived": list(verdict.lived), "story": self.stories.get(verdict.how, ""), "proofs": self.proofs,
            "seconds": round(found.seconds, 2),
        }  # fmt: skip
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _code(patterns: Iterable[str]) -> str:
    files = sorted(path for pattern in patterns for path in PROGRAM.glob(pattern))
    return digest(*(path.read_text(encoding="utf-8") for path in files))


_MUTANTS: list[Mutant] = []
_LIVED: dict[str, frozenset[str]] = {}
_KILLERS: list[Killers] = []


def run(root: Path, mutants: Iterable[Mutant], jobs: int, kept: Kept | None = None) -> Iterator[Found]:
    """Yield what becomes of each mutant, as it is found; what is kept comes first."""
    known: Mapping[str, Verdict | frozenset[str]] = {}
    mutants = list(mutants)
    if kept is not None:
        known = {each.name: kept.verdict(each) for each in mutants}
    for each in mutants:
        verdict = known.get(each.name)
        if isinstance(verdict, Verdict):
            yield Found(each, verdict, 0.0)
    left = [each for each in mutants if not isinstance(known.get(each.name), Verdict)]
    _MUTANTS[:] = left  # the processes are copies of this one: they are told indexes alone
    _LIVED.clear()
    _LIVED.update({name: each for name, each in known.items() if isinstance(each, frozenset)})
    for index, verdict, seconds in _all(root, left, jobs):
        found = Found(left[index], verdict, seconds)
        if kept is not None:
            kept.keep(found)
        yield found


def _all(root: Path, left: list[Mutant], jobs: int) -> Iterator[tuple[int, Verdict, float]]:
    numbered = list(enumerate(left))
    groups = [
        [index for index, _ in group] for _, group in groupby(numbered, key=lambda each: _of(each[1]))
    ]  # what killed one mutant of an element is likely to kill the next
    if jobs == 1:
        _begin(root)
        for group in groups:
            yield from _kill(group)
        _KILLERS.pop().close()
        return
    with multiprocessing.get_context("fork").Pool(jobs, _begin, (root,)) as pool:
        for answers in pool.imap_unordered(_kill, groups):
            yield from answers


def _of(mutant: Mutant) -> tuple[str, str]:
    return mutant.pathway, mutant.element.name


def _begin(root: Path) -> None:
    _KILLERS[:] = [Killers(root, Proofs(root))]


def _kill(group: list[int]) -> list[tuple[int, Verdict, float]]:
    answers = []
    for index in group:
        began = time.perf_counter()
        mutant = _MUTANTS[index]
        verdict = _KILLERS[0].kill(mutant, _LIVED.get(mutant.name, frozenset()))
        answers.append((index, verdict, time.perf_counter() - began))
    return answers
