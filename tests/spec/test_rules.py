"""Goal: every rule of the pathway has a story, and every element of its file names a rule."""

import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.pathway.loader import load_library
from tests.patients import WORKFLOWS

NAME = "post-viral-cerebellar-demyelination"
RULES = [*(f"X-{number:02}" for number in range(1, 21)), *(f"P-{number:02}" for number in range(1, 22))]
ELSEWHERE = {"A-11"}
"""A rule of another pathway that this one shares."""


def rules_told(story: Path) -> set[str]:
    """Return the rules that a story says it covers, in its first line."""
    first = story.read_text().splitlines()[0]
    assert first.startswith("# Rules: "), f"{story.name} does not say which rules it covers"
    return set(re.findall(r"[A-Z]-\d\d", first))


def test_every_rule_has_a_story() -> None:
    stories = sorted((WORKFLOWS / NAME / "scenarios").glob("*.yaml"))
    told = set().union(*map(rules_told, stories))
    assert sorted(set(RULES) - told) == []
    assert {rule for rule in told - set(RULES) if not rule.startswith("S-")} <= ELSEWHERE


@pytest.mark.parametrize("table", ["standings", "warnings", "transitions", "replaces", "offers"])
def test_every_row_names_its_rule(table: str) -> None:
    rows = getattr(load_library(WORKFLOWS).newest(NAME), table)
    assert [row for row in rows if not row.mark.rules] == []


def test_every_clinical_element_has_a_source_or_is_local() -> None:
    pathway = load_library(WORKFLOWS).newest(NAME)
    rows: list[Any] = [*pathway.standings, *pathway.warnings, *pathway.transitions, *pathway.regimens.values()]
    rows += [*pathway.checks.values(), *pathway.reminders.values(), *pathway.gates.values()]
    assert [each for each in rows if not (each.mark.sources or each.mark.local)] == []
