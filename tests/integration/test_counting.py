"""Goal: each figure grows when what it counts happens, and only then."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from orchestrator.cli import valkey
from tests.integration.installation import Installation, installed
from workers import app as jobs
from workers.clock import Ticker
from workers.deliver import deliver
from workers.fire import fire
from workers.publisher import Publisher


@pytest.fixture
def place(tmp_path: Path, redis_server: valkey.Valkey) -> Iterator[Installation]:
    with installed("sqlite", tmp_path, redis_server) as made:
        made.forget_messages()
        yield made


def grown(name: str, work: Callable[[], object], **labels: str) -> float:
    """Return by how much the work raises a figure."""
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    work()
    return (REGISTRY.get_sample_value(name, labels) or 0.0) - before


def test_what_fires_and_leaves_the_house(place: Installation) -> None:
    episode = place.enrol()
    assert grown("carepath_episodes_fired_total", lambda: fire(place.system)) == 1
    told = place.told(episode)
    sent = {"channel": "letters", "outcome": "delivered"}
    assert grown("carepath_deliveries_total", lambda: deliver(place.system), **sent) == told > 0
    assert grown("carepath_lateness_seconds_count", lambda: fire(place.system)) == 0


def test_an_episode_that_fails(place: Installation) -> None:
    place.sql(f"UPDATE episode SET document = x'00' WHERE episode_id = '{place.enrol()}'")
    assert grown("carepath_firing_batches_failed_total", lambda: fire(place.system)) == 1
    place.sql("UPDATE episode SET set_aside_until = {past}")
    assert grown("carepath_episodes_set_aside_total", lambda: fire(place.system)) == 1


def test_a_clock_that_holds_all_firing(place: Installation) -> None:
    ticker = Ticker(place.system, Publisher())
    held = [ticker.tick(passed) and REGISTRY.get_sample_value("carepath_firing_held") for passed in (0.0, 3600.0, 0.1)]
    assert held == [0, 1, 0]


def test_messages_that_the_broker_takes_or_not(place: Installation, tmp_path: Path) -> None:
    assert grown("carepath_hints_total", Publisher(patience_seconds=5.0).fire, outcome="published") == 1
    gone = valkey.start(tmp_path / "gone")
    gone.stop()
    jobs.configure(gone.url, lambda: place.system)
    assert grown("carepath_hints_total", Publisher().fire, outcome="refused") == 1
