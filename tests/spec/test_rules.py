"""Goal: every rule is carried out and has a story, and every element of a pathway names its rule and its source."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tracing import cover
from orchestrator.pathway.tracing.book import read_book
from orchestrator.pathway.tracing.trace import Trace, trace
from tests.patients import WORKFLOWS

LIBRARY, BOOK = load_library(WORKFLOWS), read_book(WORKFLOWS)
PATHWAYS = [LIBRARY.newest(name) for name in sorted({each.name for each in LIBRARY.pathways})]
LISTED = {group.pathway for group in BOOK.groups if group.pathway is not None}
each_pathway = pytest.mark.parametrize("pathway", PATHWAYS, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def traced() -> Trace:
    return trace(BOOK, LIBRARY, cover.stories(WORKFLOWS), cover.tests(WORKFLOWS.parent / "tests"))


def test_every_pathway_of_the_list_is_there() -> None:
    assert {each.name for each in PATHWAYS} == LISTED


def test_the_command_finds_nothing_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rules", "--workflows", str(WORKFLOWS)])
    assert capsys.readouterr().err == ""
    assert code == 0


@each_pathway
def test_the_command_finds_nothing_missing_in(pathway: Pathway, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rules", "--workflows", str(WORKFLOWS), "--pathway", pathway.name])
    assert capsys.readouterr().err == ""
    assert code == 0


@each_pathway
def test_the_rules_of_every_pathway_are_listed(pathway: Pathway) -> None:
    assert pathway.name in LISTED


@each_pathway
def test_every_rule_of_its_own_has_an_element_of_its_own(pathway: Pathway, traced: Trace) -> None:
    """Modules of the engine carry out what holds for every pathway; a pathway's own rules stand in its file."""
    rules = [rule for group, rules in traced.groups if group.pathway == pathway.name for rule in rules]
    assert rules
    assert [each.rule.name for each in rules if not any(pathway.name in one.pathways for one in each.carriers)] == []


def rows(pathway: Pathway) -> Iterator[Any]:
    """Yield what proposes, warns, moves, replaces and offers."""
    for table in ("standings", "warnings", "transitions", "replaces", "offers"):
        yield from getattr(pathway, table)


@each_pathway
def test_every_row_names_its_rule(pathway: Pathway) -> None:
    assert [row for row in rows(pathway) if not row.mark.rules] == []


@each_pathway
def test_every_clinical_element_has_a_source_or_is_local(pathway: Pathway) -> None:
    clinical: list[Any] = [*pathway.standings, *pathway.warnings, *pathway.transitions, *pathway.regimens.values()]
    clinical += [*pathway.checks.values(), *pathway.reminders.values(), *pathway.gates.values()]
    assert [each for each in clinical if not (each.mark.sources or each.mark.local)] == []
