"""Goal: a story's doses hold exactly when they say as much as the episode's, in whatever unit of mass they say it."""

from typing import Any

import pytest

from orchestrator.service.scenario.measured import same_doses

GRAM = {"at": "0h", "amount": "1", "unit": "g"}
TEXT = {"at": "0h", "amount": "1,5 g", "unit": None}


@pytest.mark.rules("X-02")
@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"at": "0h", "amount": "1", "unit": "g"}, GRAM),
        ({"amount": "1000", "unit": "mg"}, GRAM),
        ({"amount": "1.004"}, GRAM),
        ({"amount": "1 g"}, GRAM),
        ({"unit": "g"}, GRAM),
        ({"at": "0"}, GRAM),
        ({}, GRAM),
        ({"amount": "1,5 g"}, TEXT),
    ],
)
def test_what_says_as_much_holds(expected: dict[str, Any], actual: dict[str, Any]) -> None:
    assert same_doses([expected], [actual])


@pytest.mark.rules("X-02")
@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"amount": "1", "unit": "mg"}, GRAM),
        ({"amount": "1", "unit": "mL"}, GRAM),
        ({"unit": "mg"}, GRAM),
        ({"amount": "1.006", "unit": "g"}, GRAM),
        ({"amount": "2 g"}, GRAM),
        ({"at": "1h", "amount": "1", "unit": "g"}, GRAM),
        ({"amount": "1"}, {"at": "0h"}),
        ({"amount": "1.5", "unit": "g"}, TEXT),
        ("1 g", GRAM),
    ],
)
def test_what_says_more_or_less_does_not(expected: object, actual: dict[str, Any]) -> None:
    assert not same_doses([expected], [actual])


def test_a_dose_too_few_or_too_many_does_not_hold() -> None:
    assert not same_doses([GRAM], [GRAM, GRAM])
    assert not same_doses([GRAM, GRAM], [GRAM])
