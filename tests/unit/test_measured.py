"""Goal: a story's doses and moments hold exactly when they say as much as the episode's, however they are written."""

import datetime as dt
from typing import Any

import pytest

from orchestrator.service.scenario.measured import as_offset, offset, same_doses, same_offset

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
        ({"amount": "200"}, {"at": "0h", "amount": "201", "unit": "g"}),
        ({"amount": "200"}, {"at": "0h", "amount": "199", "unit": "g"}),
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
        ({"amount": "200"}, {"at": "0h", "amount": "201.01", "unit": "g"}),
        ({"amount": "200"}, {"at": "0h", "amount": "198.99", "unit": "g"}),
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


@pytest.mark.parametrize("text", ["0h", "1m", "59m", "1h", "72h30m", "3d30m", "3d1h1m", "-1h30m", "4320m"])
def test_a_moment_is_the_one_that_was_written_and_no_other(text: str) -> None:
    moment = offset(text)
    assert same_offset(text, as_offset(moment))
    for other in (dt.timedelta(minutes=1), dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)):
        assert not same_offset(text, as_offset(moment + other))
        assert not same_offset(text, as_offset(moment - other))
    assert not same_offset(text, None)
    assert not same_offset(None, as_offset(moment))


def test_a_moment_is_written_in_days_hours_and_minutes() -> None:
    assert as_offset(dt.timedelta(days=2, hours=4, minutes=5)) == "2d4h5m"
    assert offset("2d4h5m") == dt.timedelta(days=2, hours=4, minutes=5)
    assert offset("-2d4h5m") == -dt.timedelta(days=2, hours=4, minutes=5)
    assert same_offset(None, None), "nothing to come"
