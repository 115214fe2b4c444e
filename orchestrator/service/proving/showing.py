"""Is there a patient's story in what the solver found? Told, shortened, written, and played once more as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import InputError
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.proof.story import Step, deeds
from orchestrator.service.scenario.retelling import retell
from orchestrator.service.scenario.runner import Report, Stage, run_file
from orchestrator.service.scenario.shortening import shorten
from orchestrator.service.scenario.stagehand import Point, Stagehand
from orchestrator.service.scenario.writing import written


class Story(NamedTuple):
    """A story as the text of a scenario file. torn: its last entry is one on which two moves were enabled at once."""

    text: str
    torn: bool


def story(pathway: Pathway, promise: Property, trace: Sequence[Step]) -> Story | None:
    """Return the shortest story on the engine that goes the solver's way; None if the engine does not allow it."""
    point: Point | None = retell(pathway, promise, deeds(pathway, promise, trace))
    if point is None:
        return None
    hand = Stagehand(pathway, promise)
    point = shorten(hand, point)
    return Story(written(hand, point), point.torn)


def show(pathway: Pathway, promise: Property, trace: Sequence[Step], folder: Path, stage: Stage) -> Path | None:
    """Write the story into the folder, and return its file; None if there is none that holds when it is played.

    Raises InputError where the file cannot be written.
    """
    found = story(pathway, promise, trace)
    if found is None:
        return None
    file = folder / f"{pathway.name}-{promise.name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(found.text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"the story cannot be written to {file}: {error.strerror}; name a folder: --stories") from None
    if _holds(run_file(file, stage), torn=found.torn):
        return file
    file.unlink(missing_ok=True)
    return None


def _holds(report: Report, *, torn: bool) -> bool:
    """Return whether it plays as told: to its end, or, with two moves at once, to where the engine refuses to go on."""
    return report.error is not None if torn else report.passed
