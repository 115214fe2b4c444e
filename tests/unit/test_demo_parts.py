"""Goal: no patient of the demonstration's ward has a past that ends in the time to come."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.pathway.loader import load_library
from orchestrator.service.demo.choosing import carried, choose
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.proof import FOLDER

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
PATHWAY = "post-viral-cerebellar-demyelination"
NOW = datetime(2026, 3, 16, 9, 40, tzinfo=UTC)
STORY = f"""
scenario: Three doses given in one entry
pathway: {PATHWAY}
start: 2026-03-02T08:00:00+00:00
timeline:
  - at: 0h
    record: {{severity: severe, infection_status: excluded, weight_kg: 70}}
  - at: 0h
    confirm: ivmp-pulse
  - at: 0h
    give: {{ivmp-pulse: 3}}
"""


def test_doses_that_an_entry_gives_later_are_not_given_before_their_time(tmp_path: Path) -> None:
    folder = tmp_path / PATHWAY / FOLDER
    folder.mkdir(parents=True)
    (folder / "doses.yaml").write_text(STORY)
    pathway = load_library(WORKFLOWS, only=PATHWAY).newest(PATHWAY)
    parts = [part for seed in range(6) for part in choose([pathway], tmp_path, seed, NOW)]
    assert parts
    for part in parts:
        start = NOW - part.start
        played = Bedside(replace(part.story, start=start), pathway)
        assert all(carried(played, each, start, tended=part.tended) for each in part.story.entries[: part.entries])
        assert played.clock.now() <= NOW
