"""Goal: some patient comes to everything (S-11): what the stories come to is seen, and what they do not is told."""

from pathlib import Path

import pytest

from orchestrator.pathway.loader import load_library
from orchestrator.service.proving.found import PROVED, UNKNOWN
from orchestrator.service.proving.reached import come_to, digest, reach, story_files, wanted
from tests.patients import WORKFLOWS

LIBRARY = load_library(WORKFLOWS)
NAMES = sorted({pathway.name for pathway in LIBRARY.pathways})
H = "autoimmune-hemiplegia"


def stories(name: str) -> Path:
    return WORKFLOWS / name / "scenarios"


@pytest.mark.parametrize("name", NAMES)
def test_some_patient_sees_every_warning_of_the_pathway(name: str) -> None:
    """Every state, move, standing, task and reminder is promised, and proved with the other promises."""
    pathway = LIBRARY.newest(name)
    own = (row.mark for row in pathway.warnings if row.mark.file.endswith(f"{name}/pathway.yaml"))
    unseen = {f"the row at {name}/pathway.yaml:{mark.line}" for mark in own}
    assert unseen
    for path in story_files(stories(name)):
        unseen -= come_to(pathway, path)
        if not unseen:
            break
    assert unseen == set()


def test_what_no_story_comes_to_is_told_by_name(tmp_path: Path) -> None:
    pathway = LIBRARY.newest(H)
    for path in story_files(stories(H)):
        if "refractory" not in path.read_text(encoding="utf-8"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    found = reach(pathway, "S-11", tmp_path)
    assert found.status == UNKNOWN
    assert found.how.startswith("no story comes to stage 'refractory', move 'begin-refractory', ")


def test_without_stories_nothing_is_come_to() -> None:
    pathway = LIBRARY.newest(H)
    found = reach(pathway, "S-11", None)
    assert (found.status, found.how.endswith(", for there is none")) == (UNKNOWN, True)
    assert len(list(wanted(pathway))) > 60


def test_a_story_that_cannot_be_read_witnesses_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("scenario: [", encoding="utf-8")
    assert reach(LIBRARY.newest(H), "S-11", tmp_path).status != PROVED


def test_the_stories_are_known_by_their_content(tmp_path: Path) -> None:
    before = digest(tmp_path)
    (tmp_path / "one.yaml").write_text("scenario: one", encoding="utf-8")
    after = digest(tmp_path)
    (tmp_path / "one.yaml").write_text("scenario: two", encoding="utf-8")
    assert len({before, after, digest(tmp_path)}) == 3
