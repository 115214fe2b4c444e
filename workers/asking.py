"""How is a broker that speaks AMQP? Asked by `carepath doctor`, without changing anything in it."""

from typing import Any

from amqp.exceptions import NotFound
from kombu import Connection

from workers.app import DELIVER, FIRE
from workers.tls import tls


class Unanswered(Exception):  # noqa: N818  an answer, not an error
    """The broker does not answer; its text is the kind of error, for the address may hold a password."""


def listeners(url: str, seconds: float) -> dict[str, int | None]:
    """Return for each queue how many processes listen to it; None where nobody has made it yet. Raises Unanswered."""
    try:
        with Connection(url, connect_timeout=seconds, heartbeat=0, ssl=tls(url) or False) as connection:
            connection.connect()
            return {queue: _listeners(connection, queue) for queue in (FIRE, DELIVER)}
    except Exception as error:  # whatever a broker's client raises
        raise Unanswered(type(error).__name__) from None


def _listeners(connection: Connection, queue: str) -> int | None:
    channel: Any
    try:
        with connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).consumer_count)
    except NotFound:
        return None
