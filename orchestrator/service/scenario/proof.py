"""Do the stories beside a pathway file hold on it? What a version is released on."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import CarepathError
from orchestrator.pathway.model import Pathway
from orchestrator.service.scenario.runner import Report, Stage, play
from orchestrator.service.scenario.story import read_story

FOLDER = "scenarios"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of the stories. folder: where they lie.   played: how many.   failing: file and why, of each."""

    folder: str
    played: int
    failing: tuple[tuple[str, str], ...]

    @property
    def holds(self) -> bool:
        """Tell whether there is a story, and each one holds: a version without any is not proved by that."""
        return self.played > 0 and not self.failing

    @property
    def text(self) -> str:
        """Say it in one line, with the first story that does not hold."""
        if not self.played:
            return f"there is no story of it in {self.folder}"
        if not self.failing:
            return f"{self.played} stories hold"
        file, why = self.failing[0]
        return f"{len(self.failing)} of {self.played} stories do not hold, the first {file}: {why}"


def prove(pathway: Pathway, folder: Path, stage: Stage) -> Proof:
    """Play the stories in a folder that are told of this version; those told of another by NAME@VERSION are left out.

    stage: a place whose only pathway is this version.
    """
    failing: list[tuple[str, str]] = []
    played = 0
    for path in sorted(folder.glob("*.yaml")):
        try:
            story = read_story(path)
            name, _, version = story.pathway.partition("@")
            if name == pathway.name and version not in {"", pathway.version}:
                continue
            why = _why(play(story, stage))
        except CarepathError as error:
            why = str(error).removeprefix(f"{path}:").strip()
        played += 1
        failing += [(str(path), why)] if why else []
    return Proof(str(folder), played, tuple(failing))


def _why(report: Report) -> str:
    """Say the first thing that does not hold; empty when all do."""
    wrong = next((each for each in report.checks if not each.passed), None)
    if wrong is None:
        return ""
    note = f" ({wrong.note})" if wrong.note else ""
    return f"at {wrong.at} {wrong.key} should be {wrong.expected} and is {wrong.actual}{note}"
