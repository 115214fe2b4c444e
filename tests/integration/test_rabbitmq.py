"""Goal: RabbitMQ carries the same hints as Redis, chosen by its address alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import PreconditionFailed
from kombu import Connection

from orchestrator.cli import valkey
from orchestrator.cli.checking.broker import broker
from tests.integration.installation import Installation, installed, running, until, use_broker
from workers import app as jobs
from workers.app import DELIVER, FIRE, publish, waiting
from workers.clock import Ticker
from workers.publisher import Publisher

PATIENCE = 5.0


@pytest.fixture
def place(
    tmp_path: Path, redis_server: valkey.Valkey, rabbitmq_url: str, postgres_database: str
) -> Iterator[Installation]:
    """An installation whose broker is RabbitMQ; nobody works there yet."""
    with installed("postgres", tmp_path, redis_server, postgres_database, letters=False) as made:
        made.settings = replace(made.settings, broker_url=rabbitmq_url)
        use_broker(rabbitmq_url, made.system)
        with jobs.app.connection_for_write() as connection:
            for queue in (FIRE, DELIVER):
                jobs.app.amqp.queues[queue].bind(connection.default_channel).delete()
        yield made


def test_a_hint_travels_once_and_a_worker_acts_on_it(place: Installation) -> None:
    (alone,) = broker(place.settings)
    assert (alone.level, "no worker listens" in alone.text) == ("warn", True)
    publisher = Publisher(PATIENCE)
    assert publisher.fire()
    assert publisher.fire()
    assert waiting(FIRE) == 1
    episode = place.enrol()
    with running(["-m", "orchestrator.cli.serve", "worker"], place.settings):
        until(lambda: place.quiet(episode), "fired by the worker")
        (served,) = broker(place.settings)
        assert (served.level, served.text) == ("ok", "it answers, and workers listen to its durable queues")
        publish(DELIVER)
        until(lambda: waiting(DELIVER) == waiting(FIRE) == 0, "all taken")
    assert place.told_once(episode)


def test_the_queues_outlive_the_broker(place: Installation) -> None:
    assert Publisher(PATIENCE).fire()
    with Connection(place.settings.broker_url) as connection:
        channel: Any = connection.default_channel
        with pytest.raises(PreconditionFailed, match="durable"):
            channel.queue_declare(FIRE, durable=False, auto_delete=False)


def test_with_the_broker_away_the_clock_fires_by_itself(place: Installation) -> None:
    gone = replace(place.settings, broker_url="amqp://guest:hidden-word@127.0.0.1:1//")
    use_broker(gone.broker_url, place.system)
    episode = place.enrol()
    Ticker(place.system, Publisher()).tick()
    assert place.told_once(episode)
    (line,) = broker(gone)
    assert (line.level, "hidden-word" in line.text) == ("fail", False)
