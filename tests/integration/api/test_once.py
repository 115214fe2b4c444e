"""Goal: every command of every route is done once for its key; what replaces something is never done over another's."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from orchestrator.http.needs import served
from tests.integration.api.played import ENDLESS, STEPS, Played, Step, hospital, methods

ASKS = frozenset(
    {"POST /api/v1/episodes/find", "POST /api/v1/items/look", "POST /api/v1/episodes/{episode_id}/merge/compare"}
)
"""What is sent as a body so that it stands in no address, and changes nothing."""
OPENS = ("password", "token")
NO_MATCH = {
    "POST /api/v1/episodes": "makes what is not there",
    "POST /api/v1/items/claim": "of two one gets it, the other a 409 that says who has it",
    "POST /api/v1/items/release": "one's own alone",
    "POST /api/v1/items/hand-over": "one's own, or nobody's",
    "POST /api/v1/items/take-over": "names who has it",
    "POST /api/v1/items/snooze": "one's own alone",
    "POST /api/v1/episodes/{episode_id}/glass": "opens, and replaces nothing",
    "POST /api/v1/glass": "opens, and replaces nothing",
    "DELETE /api/v1/episodes/{episode_id}/glass": "one's own alone",
    "POST /api/v1/episodes/{episode_id}/merge": "names what was compared: a 412 where either was changed since",
    "POST /api/v1/episodes/{episode_id}/unmerge": "what was taken back already is a 409",
    "POST /api/v1/deliveries/resend": "what is a dead letter no longer is not there",
    "POST /api/v1/deliveries/drop": "what is a dead letter no longer is not there",
    "POST /api/v1/people/{person_id}/contacts/test": "changes nothing",
}
"""Commands that cannot overwrite what somebody else decided, and why."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with hospital(tmp_path_factory.mktemp("gate")) as made:
        yield made


def commands(played: Played) -> set[str]:
    return {route for route in methods(played.app) if not route.startswith("GET ")} - ASKS


def test_every_route_is_played(played: Played) -> None:
    there = {f"{method} {each.path}" for each in served(played.app) for method in each.methods - {"HEAD"}}
    assert {step.route for step in STEPS} | {ENDLESS} == there - {f"GET {played.app.openapi_url}"}


def test_every_command_asks_for_a_key_and_says_how_it_is_kept_from_going_over_anothers(played: Played) -> None:
    without = set()
    for route in commands(played):
        named = {each["name"]: each["required"] for each in methods(played.app)[route]["parameters"]}
        assert named["idempotency-key"] is True, route
        if "if-match" not in named:
            without.add(route)
    assert without == set(NO_MATCH)


def test_every_command_is_done_once_for_its_key(played: Played) -> None:
    wrong: list[tuple[object, ...]] = []
    for number, step in enumerate(STEPS):
        key = f"k-{number}"
        step.before(played)
        first = played.ask(step, key=key)
        assert first.is_success, (step.route, first.text)
        played.learn(first)
        if step.route in commands(played):
            before = played.rows()
            again = played.ask(step, key=key)
            if plain(again) != plain(first) or again.headers.get("idempotent-replayed") != replayed(first):
                wrong.append((step.route, first.text, again.status_code, again.text))
            other = refused(played, step, key)
            if step.other is not None and other != (409, "idempotency-key-reused"):
                wrong.append((step.route, "another body", *other))
            if played.rows() != before:
                wrong.append((step.route, "acted twice"))
    assert wrong == [], "\n".join(map(str, wrong))
    kept = kept_answers(played)
    assert len(kept) > 15
    assert not [text for text in kept if any(f'"{name}":' in text for name in OPENS)], "what opens is kept nowhere"


def refused(played: Played, step: Step, key: str) -> tuple[int, str]:
    answer = played.ask(step, key=key, body=step.other)
    return answer.status_code, answer.json().get("code", "")


def replayed(first: Response) -> str | None:
    """Return what a repeat's header says: a problem that stands in the record has none."""
    return "true" if first.is_success else None


def plain(answer: Response) -> dict[str, Any]:
    told = {name: value for name, value in answer.json().items() if name not in {"repeated", *OPENS}}
    return {**told, "status": answer.status_code}


def kept_answers(played: Played) -> list[str]:
    with played.system.store.read() as reader:
        return [str(row[0]) for row in reader._sql.exec_driver_sql("SELECT answer FROM answer")]
