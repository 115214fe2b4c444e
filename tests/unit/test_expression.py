"""Goal: a guard means what it says: its truth with unknowns, the facts that it waits for and reads, and its tree."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.pathway.expression import (
    And,
    Compare,
    Defined,
    In,
    Listing,
    Literal,
    Not,
    Variable,
    durations,
    parse_duration,
)
from tests.unit.guards import RICH, SEVERITY, Host, parsed


@pytest.mark.parametrize(
    ("text", "facts", "outcome"),
    [
        ("true", {}, True),
        ("!false", {}, True),
        ("agitated", {"agitated": False}, False),
        ("agitated", {}, None),
        ("agitated", {"agitated": None}, None),
        ("!agitated", {"agitated": False}, True),
        ("!agitated", {}, None),
        ("agitated && progressing", {"agitated": False}, False),
        ("agitated && progressing", {"progressing": False}, False),
        ("agitated && progressing", {"agitated": True}, None),
        ("agitated || progressing", {"progressing": True}, True),
        ("agitated || progressing", {"agitated": False}, None),
        ("agitated || progressing && true", {"agitated": True}, True),
        ("!agitated == progressing", {"agitated": True, "progressing": False}, True),
        ("severity == 'severe'", {"severity": "severe"}, True),
        ("severity != 'severe'", {"severity": "mild"}, True),
        ("severity != 'severe'", {}, None),
        ("severity < 'severe'", {"severity": "moderate"}, True),
        ("severity > 'moderate'", {"severity": "moderate"}, False),
        ("severity <= 'moderate'", {"severity": "moderate"}, True),
        ("'moderate' <= severity", {"severity": "severe"}, True),
        ("severity > severity_before", {"severity": "severe", "severity_before": "mild"}, True),
        ("severity > severity_before", {"severity": "severe"}, None),
        ("severity in ['mild', 'moderate']", {"severity": "mild"}, True),
        ("severity in ['mild']", {}, None),
        ("'gad' in antibodies", {"antibodies": frozenset({"gad"})}, True),
        ("'gad' in antibodies", {"antibodies": []}, False),
        ("'gad' in antibodies", {}, None),
        ("antibodies == []", {"antibodies": ()}, True),
        ("antibodies == ['hu', 'gad']", {"antibodies": ["gad", "hu"]}, True),
        ("antibodies != antibodies_before", {"antibodies": ["gad"], "antibodies_before": ("gad",)}, False),
        ("icars >= 10.5", {"icars": Decimal("10.5")}, True),
        ("icars >= 10.5", {"icars": 10}, False),
        ("10 < icars", {"icars": 11}, True),
        ("icars > -1", {"icars": 0}, True),
        ("icars in [1, 2.5]", {"icars": Decimal("2.50")}, True),
        ("icars == age_years", {"icars": 5, "age_years": Decimal("5.0")}, True),
        ("onset < seen_on", {"onset": date(2024, 1, 1), "seen_on": date(2024, 1, 2)}, True),
        ("stage == 'workup'", {}, True),
        ("stage in ['first-line']", {}, False),
        ("in_force('ivig')", {}, True),
        ('in_force("plex")', {}, False),
        ("given()", {}, False),
        ("since('severity') >= duration('3d')", {}, None),
        ("within('dose', duration('2d'))", {}, True),
        ("within('dose', duration('24h'))", {}, False),
        ("(agitated || true) == true", {}, True),
        ("bad && !grave", {"severity": "moderate"}, True),
        ("bad", {"agitated": True}, True),
        ("1 < 2", {}, True),
        ("agitated\n  && progressing", {"agitated": False}, False),
    ],
)
def test_truth(text: str, facts: dict[str, Any], outcome: bool | None) -> None:
    assert parsed(text).test(facts, Host()) is outcome


def test_an_unknown_answer_of_the_host_is_unknown() -> None:
    expression = parsed("in_force('ivig') || agitated")
    assert expression.test({"agitated": False}, Host(in_force=None)) is None
    assert expression.test({"agitated": True}, Host(in_force=None)) is True
    assert parsed("since('onset') >= duration('72h')").test({}, Host(since=timedelta(days=3))) is True


def test_a_value_that_the_enum_does_not_have_raises_nothing() -> None:
    assert parsed("severity >= 'mild'").test({"severity": "other"}, Host()) is False


@pytest.mark.parametrize(
    ("text", "facts", "missing"),
    [
        ("agitated && progressing", {}, {"agitated", "progressing"}),
        ("agitated && progressing", {"agitated": False}, set()),
        ("agitated && progressing", {"agitated": True}, {"progressing"}),
        ("agitated || (progressing && icars > 5)", {"progressing": False}, {"agitated"}),
        ("severity > severity_before", {"severity": "mild"}, {"severity_before"}),
        ("!(severity == 'mild')", {}, {"severity"}),
        ("severity in ['mild']", {}, {"severity"}),
        ("'gad' in antibodies", {}, {"antibodies"}),
        ("since('onset') > duration('1h')", {}, {"onset"}),
        ("since('onset') > duration('1h')", {"onset": date(2024, 1, 1)}, set()),
        ("bad", {"severity": "mild"}, {"agitated"}),
        ("agitated == false || true", {}, set()),
    ],
)
def test_what_is_missing_are_the_facts_of_undetermined_branches(
    text: str, facts: dict[str, Any], missing: set[str]
) -> None:
    assert parsed(text).missing(facts, Host()) == missing


def test_an_expression_knows_the_facts_and_durations_that_it_reads() -> None:
    expression = parsed("grave || since('onset') > duration('2d4h30m') || stage == 'workup'")
    assert expression.facts == {"severity", "onset"}
    assert durations(expression.tree) == {timedelta(days=2, hours=4, minutes=30)}


def test_the_tree_is_plain_data() -> None:
    mild = Literal("mild", SEVERITY, "mild")
    body = RICH.definitions["grave"].tree
    assert parsed("!(severity in ['mild']) && 'mild' == severity && grave").tree == And(
        (
            Not(In(Variable("severity", SEVERITY), Listing((mild,), SEVERITY))),
            Compare("==", Variable("severity", SEVERITY), mild),
            Defined("grave", body),
        )
    )
    assert parsed("stage == 'workup'") == parsed("stage == 'workup'")
    assert hash(parsed("bad && in_force('ivig')"))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("72h", 72),
        ("3d", 72),
        ("2d4h", 52),
        ("90m", 1.5),
        ("0h", 0),
        ("", None),
        ("3", None),
        ("h", None),
        ("4h2d", None),
    ],
)
def test_durations_are_elapsed_time(text: str, hours: float | None) -> None:
    assert parse_duration(text) == (None if hours is None else timedelta(hours=hours))
