"""Goal: a calendar month keeps the day and the hospital's local hour, whatever the calendar and the clocks do."""

from datetime import UTC, datetime

import pytest

from orchestrator.episode.calendar import add_months, zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "months", "timezone", "expected"),
    [
        ("2026-01-15T08:00Z", 1, "UTC", "2026-02-15T08:00Z"),
        ("2026-01-31T08:00Z", 1, "UTC", "2026-02-28T08:00Z"),
        ("2026-01-31T08:00Z", 2, "UTC", "2026-03-31T08:00Z"),
        ("2028-01-31T08:00Z", 1, "UTC", "2028-02-29T08:00Z"),
        ("2028-02-29T08:00Z", 36, "UTC", "2031-02-28T08:00Z"),
        ("2026-11-30T08:00Z", 3, "UTC", "2027-02-28T08:00Z"),
        ("2026-12-31T23:30Z", 6, "UTC", "2027-06-30T23:30Z"),
        ("2026-03-02T08:00Z", 60, "UTC", "2031-03-02T08:00Z"),
    ],
)
@pytest.mark.rules("X-09")
def test_a_month_keeps_the_day_or_takes_the_months_last(start: str, months: int, timezone: str, expected: str) -> None:
    assert add_months(at(start), months, timezone) == at(expected)


@pytest.mark.rules("X-09")
def test_months_count_from_the_first_day_not_from_the_clamped_one() -> None:
    first = at("2026-08-31T08:00Z")
    assert [add_months(first, number, "UTC").day for number in range(1, 8)] == [30, 31, 30, 31, 31, 28, 31]


def test_the_local_hour_stays_when_the_clocks_change() -> None:
    assert add_months(at("2026-03-02T08:00+00:00"), 6, "Europe/London") == at("2026-09-02T08:00+01:00")
    assert add_months(at("2026-10-24T09:00+02:00"), 1, "Europe/Berlin") == at("2026-11-24T09:00+01:00")


def test_the_local_day_counts_not_the_one_in_utc() -> None:
    # in Auckland it is already the 31st
    assert add_months(at("2026-01-30T20:00Z"), 1, "Pacific/Auckland") == at("2026-02-28T09:00+13:00")


@pytest.mark.parametrize(
    ("start", "months", "timezone", "expected"),
    [
        ("2025-09-29T01:30+01:00", 6, "Europe/London", "2026-03-29T02:00+01:00"),  # 01:00 to 02:00 is left out
        ("2025-09-29T01:30:59.5+01:00", 6, "Europe/London", "2026-03-29T02:00+01:00"),  # to the second
        ("2025-04-04T02:10+11:00", 18, "Australia/Lord_Howe", "2026-10-04T02:30+11:00"),  # half an hour is left out
        ("2011-11-30T10:00-10:00", 1, "Pacific/Apia", "2011-12-31T00:00+14:00"),  # a whole day is left out
    ],
)
def test_a_local_time_that_does_not_exist_becomes_the_first_that_does(
    start: str, months: int, timezone: str, expected: str
) -> None:
    assert add_months(at(start), months, timezone) == at(expected)


def test_a_local_time_that_exists_twice_is_its_first() -> None:
    assert add_months(at("2026-04-25T01:30+01:00"), 6, "Europe/London") == at("2026-10-25T01:30+01:00")


@pytest.mark.parametrize("name", ["Mars/Base", "", "Europe", "../../etc/passwd", "/etc/localtime", "x" * 1000, "\0"])
def test_an_unknown_zone_is_one_clear_error(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        zone(name)
