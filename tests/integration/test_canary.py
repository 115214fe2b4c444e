"""Goal: whatever happens, no patient's data is in a log line, a figure, the broker or an error message.

A patient with unmistakable identifiers and values goes through everything, failures and defects among them, in real
processes; then all that these said to the outside is searched.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from orchestrator.cli import valkey
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import new_key
from tests.integration.installation import CLINICIAN, PATHWAY, Installation, installed, until
from tests.integration.production import Production, Running, production

CANARY = "934170258613"  # so long that no figure, id or time holds it by chance
IDENTIFIER = f"canary-{CANARY}"
WEIGHT = f"{CANARY[:2]}.{CANARY[2:]}"
TRACES = (CANARY, WEIGHT, "canary")
FIELDS = {"time", "level", "process", "pid", "event", "text", "simulated", "error", "at"}
DEFECT = f"""
import sys
from orchestrator.cli.main import run
from orchestrator.service.{{module}} import {{kind}}

def defect(*_, **__):
    weight_kg = "{WEIGHT}"
    raise ValueError(f"{IDENTIFIER} weighs {{{{weight_kg}}}}")

{{kind}}.{{method}} = defect
run()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[valkey.Valkey]:
    """A broker of this test's own, that it can end."""
    server = valkey.start(tmp_path / "broker")
    yield server
    server.stop()


@pytest.fixture
def place(tmp_path: Path, broker: valkey.Valkey, postgres_database: str) -> Iterator[Installation]:
    with installed(
        "postgres", tmp_path / "home", broker, postgres_database, ahead_seconds=3599, letters=False
    ) as place:
        yield place


def enrol(place: Installation, number: str = IDENTIFIER) -> str:
    who = (Identifier("hospital-number", number),)
    answer = place.desk.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "Europe/London", CLINICIAN, new_key()))
    return answer.episode_id


def test_nothing_of_a_patient_leaves_by_a_side_door(place: Installation, broker: valkey.Valkey, tmp_path: Path) -> None:
    answers: list[str] = []
    looks = itertools.count()
    with production(place, tmp_path) as shop:
        api, worker, clock = (shop.start(role).await_ready() for role in ("api", "worker", "clock"))
        episode = enrol(place)
        answers += refused(shop, api, episode)
        until(lambda: place.fired(episode), "it fired")
        held = in_broker(broker)
        an_episode_that_fails(place, shop.started)
        answers += a_store_that_fails(place, shop, api, episode)
        broker.stop()
        until(lambda: asks_in_vain(place, clock, episode, next(looks)), "the broker is missed")
        answers += defects(shop, episode)
        figures = [str(running.figures()) for running in shop.started if running.process.poll() is None]
        assert [running.end() for running in (api, clock, worker)] == [0, 0, 0]
        lines = [line for running in shop.started for line in running.lines()]
    queue = [
        path.read_bytes().decode(errors="replace")
        for path in sorted((tmp_path / "broker").rglob("*"))
        if path.is_file()
    ]
    said = [*answers, *map(str, held), *figures, *queue, *(running.said() for running in shop.started)]
    for text in said:
        assert not [trace for trace in TRACES if trace in text.lower()], text
    assert all(set(line) <= FIELDS for line in lines)
    seen = {line["event"] for line in lines}
    assert {"set-aside", "batch-failed", "nothing-fires", "request-failed", "turn-failed", "broker-down"} <= seen
    assert {line.get("error") for line in lines} >= {"ValueError"}


def refused(shop: Production, api: Running, episode: str) -> list[str]:
    """Send what is accepted, and what is refused in every way; return what the refusals say."""
    path = f"/api/v1/episodes/{episode}"
    assert (
        shop.ask(api, "POST", f"{path}/record", {"facts": {"weight_kg": float(WEIGHT), "severity": "severe"}})[0] == 200
    )
    sent: list[tuple[str, Any]] = [
        ("record", {"facts": {"severity": IDENTIFIER}}),
        ("record", {"facts": {"weight_kg": f"{WEIGHT}{WEIGHT}"}}),
        ("record", {"facts": [IDENTIFIER]}),
        ("record", {"facts": {"weight_kg": [WEIGHT]}}),
        ("confirm", {"regimens": ["ivmp-pulse"], "reason": IDENTIFIER}),
        ("decline", {"regimens": ["ivmp-pulse"], "reason": IDENTIFIER * 2000}),
    ]
    said = [shop.ask(api, "POST", f"{path}/{verb}", body) for verb, body in sent]
    said.append(
        shop.ask(api, "POST", "/api/v1/episodes/find", {"identifier": {"system": IDENTIFIER, "value": CANARY * 99}})
    )
    key = secrets.token_hex(8)
    shop.ask(api, "POST", f"{path}/record", {"facts": {"weight_kg": float(WEIGHT)}}, key)
    said.append(shop.ask(api, "POST", f"{path}/record", {"facts": {"weight_kg": 71}}, key))
    assert all(400 <= status < 500 for status, _ in said), said
    return [content for _, content in said]


def an_episode_that_fails(place: Installation, started: list[Running]) -> None:
    broken = enrol(place, f"{IDENTIFIER}-2")
    changed = "document = '\\x9341'::bytea || document, next_due_at = {past}"
    place.sql(f"UPDATE episode SET {changed} WHERE episode_id = '{broken}'")
    until(lambda: any("set-aside" in running.said() for running in started), "it is set aside")


def asks_in_vain(place: Installation, clock: Running, episode: str, look: int) -> bool:
    """Let an alarm come soon, again and again: a clock misses the broker when it asks a worker in time."""
    if look % 150 == 0:
        place.sql(f"UPDATE episode SET next_due_at = {place.from_now(1.5)} WHERE episode_id = '{episode}'")
    return "broker-down" in clock.said()


def a_store_that_fails(place: Installation, shop: Production, api: Running, episode: str) -> list[str]:
    clock = shop.started[2]
    place.sql("ALTER TABLE episode RENAME TO hidden")
    try:
        until(lambda: "nothing-fires" in clock.said(), "the clock says so")
        answers = [shop.ask(api, "POST", f"/api/v1/episodes/{episode}/record", {"facts": {"weight_kg": float(WEIGHT)}})]
        until(lambda: api.status("/readyz") == clock.status("/readyz") == 503, "not ready")
    finally:
        place.sql("ALTER TABLE hidden RENAME TO episode")
    assert [status for status, _ in answers] == [503]
    return [content for _, content in answers]


def defects(shop: Production, episode: str) -> list[str]:
    """Run an API and a clock in whose code an error is raised that holds a patient's values."""
    api = shop.start("api", code=DEFECT.format(module="handlers", kind="Handlers", method="execute")).await_ready()
    status, content = shop.ask(
        api, "POST", f"/api/v1/episodes/{episode}/record", {"facts": {"weight_kg": float(WEIGHT)}}
    )
    assert status == 500
    clock = shop.start("clock", code=DEFECT.format(module="pulse", kind="Pulse", method="look"))
    until(lambda: "turn-failed" in clock.said(), "the clock says so")
    assert [running.end() for running in (api, clock)] == [0, 0]
    return [content]


def in_broker(broker: valkey.Valkey) -> list[object]:
    """Return everything that the broker holds."""
    read: dict[str, Callable[[Any, Any], object]] = {
        "list": lambda client, key: client.lrange(key, 0, -1),
        "hash": lambda client, key: client.hgetall(key),
        "set": lambda client, key: client.smembers(key),
        "zset": lambda client, key: client.zrange(key, 0, -1),
        "string": lambda client, key: client.get(key),
    }
    with redis.Redis.from_url(broker.client_url, decode_responses=True) as client:
        keys: list[str] = list(client.scan_iter())
        return [*keys, *(read[str(client.type(key))](client, key) for key in keys)]
