"""Goal: every story that lies beside a pathway holds, on each kind of store."""

from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

import pytest

from orchestrator.bootstrap import stage
from orchestrator.clock import Clock, HostClock
from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.desk import Desk
from orchestrator.service.scenario.runner import Report, run_file
from tests.patients import WORKFLOWS

STORIES = sorted(WORKFLOWS.glob("*/scenarios/*.yaml"))
Place = Callable[[Clock], Desk]


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(WORKFLOWS)


@pytest.fixture(scope="module")
def place(library: Library) -> Iterator[Place]:
    with stage(library) as opened:
        yield opened


def broken(report: Report) -> list[str]:
    """Return what does not hold, in words."""
    checks = [f"{each.at} {each.key}: {each.expected} is {each.actual}" for each in report.checks if not each.passed]
    return [report.error, *checks] if report.error else checks


@pytest.mark.parametrize("story", STORIES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_story_holds(story: Path, place: Place) -> None:
    report = run_file(story, place)
    assert broken(report) == []
    assert report.passed


def test_stories_hold_in_an_sqlite_file(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "stories.db"
    with stage(library, f"sqlite:///{file}") as opened:
        assert every(STORIES[::8], opened) == {}
    assert not file.exists(), "nothing is left behind"


def test_many_stories_share_the_few_connections_of_a_file(library: Library, tmp_path: Path) -> None:
    with stage(library, f"sqlite:///{tmp_path}/stories.db") as opened:
        kept = []  # so that no connection is given back merely because its desk was forgotten
        for _ in range(20):
            kept.append(opened(HostClock()))
            with kept[-1].store.change() as change:
                assert change.times().now.tzinfo == UTC


@pytest.mark.parametrize("name", sorted({path.parts[-3] for path in STORIES}))
def test_stories_hold_on_postgresql(name: str, library: Library, postgres_database: str) -> None:
    with stage(library, postgres_database) as opened:
        assert every([path for path in STORIES if path.parts[-3] == name], opened) == {}


def every(stories: list[Path], opened: Place) -> dict[str, list[str]]:
    """Return what does not hold, by story."""
    found = {story.stem: broken(run_file(story, opened)) for story in stories}
    return {name: faults for name, faults in found.items() if faults}


def test_two_stories_in_one_place_do_not_meet(place: Place) -> None:
    assert run_file(STORIES[0], place) == run_file(STORIES[0], place)
