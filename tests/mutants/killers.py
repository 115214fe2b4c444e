"""What notices that a pathway is broken? Loading, a story that fails, a proof: the cheapest one is asked first."""

import hashlib
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from orchestrator.bootstrap import stage
from orchestrator.errors import Conflict, PathwayErrors, StoreError
from orchestrator.pathway.loader import SHARED, SHARED_FOLDER, Library, load_library, pathway_files
from orchestrator.pathway.model import Pathway
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.runner import play
from orchestrator.service.scenario.story import Scenario, read_story
from tests.memory import quickest_folder
from tests.mutants.operators import EVERY, Mutant

LOADING, STORY, PROOF, NOTHING = "loading", "story", "proof", "nothing"
STORY_SECONDS = 30
"""A story takes a tenth of a second; one that takes longer than this has come to an engine that goes round for ever."""
REMEMBERED = 12


@dataclass(frozen=True, slots=True)
class Verdict:
    """What killed a mutant, and how; `nothing` for one that lives.

    lived: digests of the stories that it outlived, when all were played; so that only new ones are played again.
    """

    killer: str
    how: str
    lived: tuple[str, ...] = ()


class Prover(Protocol):
    """What proves a pathway's properties, or refutes one."""

    def refutes(self, library: Library, mutant: Mutant) -> str | None:
        """Return the name of a property that the mutant breaks; None where none of those asked is broken."""


@dataclass(frozen=True)
class Story:
    """A scenario with what finds the mutants that it may kill: the rules of its first line, its own text."""

    scenario: Scenario
    rules: frozenset[str]
    text: str
    name: str
    digest: str


class Stories:
    """The stories of a folder of pathways; those likeliest to kill a mutant come first."""

    def __init__(self, root: Path) -> None:
        self._stories: dict[str, list[Story]] = {}
        self._killed: dict[str, deque[str]] = {}
        for path in sorted(root.glob("*/scenarios/*.yaml")):
            self._stories.setdefault(path.parts[-3], []).append(_story(path))

    def of(self, mutant: Mutant) -> list[Story]:
        """Return the stories to play, the likeliest first: what killed its like, then those of its rules and words."""
        own = self._stories.get(mutant.pathway, [])
        found = [each for several in self._stories.values() for each in several] if mutant.pathway == EVERY else own
        recent = list(self._killed.get(mutant.pathway, ()))
        words = [f" {word}" for word in mutant.element.words if len(word) > 2]

        def rank(story: Story) -> tuple[int, float]:
            named = sum(word in story.text for word in words)
            likely = 4 * len(story.rules & mutant.element.rules) + 3 * named / max(len(words), 1)
            return recent.index(story.name) if story.name in recent else REMEMBERED, -likely

        return sorted(found, key=rank)

    def remember(self, mutant: Mutant, name: str) -> None:
        """Put a story first for the mutants that follow."""
        recent = self._killed.setdefault(mutant.pathway, deque(maxlen=REMEMBERED))
        if name in recent:
            recent.remove(name)
        recent.appendleft(name)

    def digests(self) -> dict[str, str]:
        """Return the digest of each story by its name."""
        return {each.name: each.digest for several in self._stories.values() for each in several}

    def forget(self) -> None:
        """Begin with another element: what killed mutants of the one before says little of it."""
        self._killed.clear()


def digest(*texts: str) -> str:
    """Return a short name of a content: enough to tell a few thousand apart."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _story(path: Path) -> Story:
    text = path.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    rules = frozenset(each.strip() for each in first.removeprefix("# Rules:").split(","))
    return Story(read_story(path), rules, rest, path.stem, digest(text))


class Killers:
    """Everything that may kill a mutant of the pathways in a folder; one for each process."""

    def __init__(self, root: Path, prover: Prover | None = None) -> None:
        self.root, self.stories, self.prover = root, Stories(root), prover
        self._last = ""
        self._exits = ExitStack()
        folder = tempfile.TemporaryDirectory(prefix="mutants-", dir=quickest_folder())  # in memory twice as fast
        self._folder = Path(self._exits.enter_context(folder))

    def close(self) -> None:
        """Remove the store and the broken files."""
        self._exits.close()

    def kill(self, mutant: Mutant, lived: frozenset[str] = frozenset()) -> Verdict:
        """Ask one killer after the other, and return the first that notices. lived: stories that need not be played."""
        if mutant.element.name != self._last:
            self.stories.forget()
            self._last = mutant.element.name
        try:
            library = self._loaded(mutant)
        except PathwayErrors as errors:
            return Verdict(LOADING, errors.faults[0].what)
        played = [each for each in self.stories.of(mutant) if each.digest not in lived]
        if name := self._story_that_fails(library, played):
            self.stories.remember(mutant, name)
            return Verdict(STORY, name)
        outlived = tuple(sorted(lived.union(each.digest for each in played)))
        if self.prover is not None and (name := self.prover.refutes(library, mutant)):
            return Verdict(PROOF, name, outlived)
        return Verdict(NOTHING, "", outlived)

    def _loaded(self, mutant: Mutant) -> Library:
        """Load the broken file with the others; raises PathwayErrors."""
        only = "" if mutant.pathway == EVERY else mutant.pathway
        root = self._folder
        for file in [*(f"{SHARED_FOLDER}/{name}" for name in SHARED), *self._files(only)]:
            text = mutant.text if file == mutant.file else (self.root / file).read_text(encoding="utf-8")
            (root / file).parent.mkdir(exist_ok=True)
            (root / file).write_text(text, encoding="utf-8")
        return load_library(root, only=only)

    def _files(self, only: str) -> list[str]:
        return [str(path.relative_to(self.root)) for path in pathway_files(self.root, only)]

    def _story_that_fails(self, library: Library, stories: list[Story]) -> str | None:
        for story in stories:
            pathway = library.newest(story.scenario.pathway)
            if not _holds(lambda: holds(story.scenario, pathway)):  # noqa: B023 - called at once
                with stage(library) as opened:
                    assert not _holds(lambda: play(story.scenario, opened).passed), story.name  # noqa: B023
                return story.name
        return None


def holds(scenario: Scenario, pathway: Pathway) -> bool:
    """Return whether a story holds on a pathway; raises what the engine raises when it breaks down.

    One that fails here is played in a store too before it counts.
    """
    return all(each.passed for each in Bedside(scenario, pathway).play())


def _holds(played: Callable[[], bool]) -> bool:
    """Return what playing a story gives; an engine that breaks down on a broken pathway has noticed too."""
    try:
        with _at_most(STORY_SECONDS):
            return played()
    except (StoreError, Conflict):  # that is no fault of the mutant's
        raise
    except Exception:  # noqa: BLE001
        return False


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler of signals is given
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
