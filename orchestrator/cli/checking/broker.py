"""Is the broker there, and does it forget nothing? Redis is asked for its settings, RabbitMQ for its queues."""

from collections.abc import Iterator
from typing import Any

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.config import Settings

_PATIENCE_SECONDS = 3.0
_FULL = 0.9
_LEAST_BYTES = 16_000_000
_REFUSED = {"AuthenticationError", "AccessRefused"}
"""What the clients of Redis and RabbitMQ call it."""


def broker(settings: Settings) -> Iterator[Line]:
    """Yield how the broker is; the embedded one where none is set."""
    socket = settings.broker_folder / "valkey.sock"
    if not settings.broker_url and not socket.exists():
        alone = "worker and clock by themselves need CAREPATH_BROKER_URL"
        yield Line(OK, "broker", f"none is set: carepath up starts and ends its own; {alone}")
    elif settings.broker_url.startswith("amqp"):
        yield _rabbitmq(settings.broker_url)
    else:
        url = settings.broker_url.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
        yield _redis(url or f"unix://{socket}")


def _rabbitmq(url: str) -> Line:
    from workers.asking import Unanswered, listeners  # noqa: PLC0415  Celery is slow to import

    try:
        found = listeners(url, _PATIENCE_SECONDS)
    except Unanswered as error:
        return _silent(str(error))
    if not all(found.values()):
        return Line(WARN, "broker", "it answers, and no worker listens: start carepath worker; clocks fire meanwhile")
    return Line(OK, "broker", "it answers, and workers listen to its durable queues")


def _redis(url: str) -> Line:
    import redis  # noqa: PLC0415  not for --help

    try:
        with redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
        ) as client:
            client.ping()
            info: dict[str, Any] = client.info()
            return _of_redis(info, _policy(client, info))
    except (redis.RedisError, OSError, ValueError) as error:
        return _silent(type(error).__name__)


def _policy(client: Any, info: dict[str, Any]) -> str | None:  # noqa: ANN401
    import redis  # noqa: PLC0415

    try:
        return str(client.config_get("maxmemory-policy").get("maxmemory-policy", "")) or None
    except redis.ResponseError:
        return str(info["maxmemory_policy"]) if "maxmemory_policy" in info else None


def _of_redis(info: dict[str, Any], policy: str | None) -> Line:
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    faults = (
        (info.get("role") == "slave", FAIL, "it is a replica, which takes no jobs: name the primary"),
        (bool(info.get("cluster_enabled")), FAIL, "it is a Redis cluster, which cannot hold a queue: use a plain one"),
        (
            policy not in {None, "noeviction"},
            FAIL,
            f"its maxmemory-policy is {policy}, which forgets jobs: set noeviction",
        ),
        (0 < limit < _LEAST_BYTES, FAIL, f"its maxmemory of {limit} bytes is too little: give it 64 MB or more"),
        (0 < limit * _FULL < used, FAIL, f"its memory is full: {used} of {limit} bytes; raise maxmemory"),
        (
            bool(info.get("aof_enabled")) and info.get("aof_last_write_status") == "err",
            WARN,
            "it cannot write to its disk",
        ),
        (policy is None, WARN, "it does not tell its maxmemory-policy: see that it is noeviction"),
    )
    level, text = next(((level, text) for wrong, level, text in faults if wrong), (OK, "it answers, and never evicts"))
    return Line(level, "broker", text)


def _silent(kind: str) -> Line:
    if kind in _REFUSED:
        text = f"it does not let us in ({kind}): see CAREPATH_BROKER_PASSWORD_FILE, and the user in its address"
        return Line(FAIL, "broker", f"{text}; what is due fires without it")
    return Line(FAIL, "broker", f"it does not answer ({kind}): start it; what is due fires without it")
