"""Goal: a report of a story keeps what was seen when it was looked at, whatever happens later in the story."""

from pathlib import Path

import pytest

from orchestrator.bootstrap import stage
from orchestrator.pathway.loader import load_library
from orchestrator.service.scenario.runner import run_file
from tests.patients import WORKFLOWS

STORY = """\
scenario: A review that nobody answers
pathway: post-viral-cerebellar-demyelination
start: 2026-03-02T08:00:00+00:00
timeline:
  - {at: 0h, record: {severity: mild}}
  - {at: 1h, confirm: observation}
  - {at: 7d1h, expect: {told: {observation-review: [clinician]}}}
  - {at: 7d5h, expect: {told: {observation-review: [clinician, lead]}}}
  - {at: 7d9h, expect: {told: {observation-review: [clinician, lead, on-call]}}}
"""


@pytest.mark.rules("X-10")
def test_what_was_told_is_kept_as_it_was_then(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(STORY)
    with stage(load_library(WORKFLOWS)) as place:
        report = run_file(file, place)
    assert report.passed
    assert [each.actual for each in report.checks] == [each.expected for each in report.checks]
