"""Goal: how far off a moment is reads as a person would say it."""

import datetime as dt

import pytest

from orchestrator.web.moments import Moments

NOW = dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-30, "now"), (-84, "1 minute late"), (84, "in 1 minute"), (-100, "2 minutes late"), (5400, "in 2 hours")],
)
def test_from_a_minute_on_nobody_counts_seconds(seconds: int, said: str) -> None:
    at = (NOW + dt.timedelta(seconds=seconds)).isoformat()
    assert Moments(NOW, dt.UTC, "en", str).away(at) == said
