"""Goal: every route has an example of what is sent and what comes back, which is what the route does today.

After a change of the API: CAREPATH_WRITE=1 pytest tests/integration/api/test_examples.py, then test_description.py
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from orchestrator.api.description import EXAMPLES
from tests.integration.api.played import ENDLESS, STEPS, Played, Step, hospital, methods

_SECRET = {"token": "cpp_" + "0" * 43, "password": "shown in this answer alone"}
_LONGEST_LIST = 1
Shown = dict[str, dict[str, Any]]


def asked_of(played: Played, step: Step) -> dict[str, Any]:
    """Ask a route; return what was sent and answered, without what opens anything, and of lists the first."""
    step.before(played)
    asked = None if step.body is None else played.filled(step.body)
    answer = played.ask(step)
    assert answer.is_success, (step.route, answer.text)
    played.learn(answer)
    is_json = answer.headers["content-type"] == "application/json"
    told = short(answer.json()) if is_json else f"{answer.text[:15]}…"
    return {**({} if asked is None else {"asked": asked}), "status": str(answer.status_code), "answered": told}


def short(told: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(told, list):
        return [short(each) for each in told[:_LONGEST_LIST]]
    if isinstance(told, dict):
        return {name: _SECRET[name] if held and name in _SECRET else short(held) for name, held in told.items()}
    return told


@contextmanager
def chance() -> Iterator[random.Random]:
    """Let ids, keys and tokens be drawn from here; what draws has a seed, and so draws the same each time."""
    drawn = random.Random("hospital")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", drawn.randbytes)
        patch.setattr(random, "_urandom", drawn.randbytes)  # what `secrets` draws from
        yield drawn


@contextmanager
def play(folder: Path) -> Iterator[tuple[Played, Shown]]:
    """Ask every route. Each step draws by its own name, so that one more or less leaves the others as they are."""
    with chance() as drawn, hospital(folder) as made:
        shown, asked = dict[str, dict[str, Any]](), Counter[str]()
        for step in STEPS:
            asked[step.route] += 1
            drawn.seed(f"{step.route} {asked[step.route]}")
            shown[step.route] = asked_of(made, step)
        yield made, shown


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Shown]]:
    with play(tmp_path_factory.mktemp("gate")) as (made, now):
        if os.environ.get("CAREPATH_WRITE"):
            EXAMPLES.write_bytes(written(now))
            made.app.openapi_schema = None
        yield made, now


def test_every_route_is_shown_as_it_is(played: tuple[Played, Shown]) -> None:
    made, now = played
    kept = orjson.loads(EXAMPLES.read_bytes())
    assert set(kept) == set(now) == set(methods(made.app)) - {ENDLESS}
    for route, shown in kept.items():
        assert shape(shown) == shape(now[route]), f"{route}: see the head of this test"


def test_made_anew_they_are_the_same(played: tuple[Played, Shown], tmp_path: Path) -> None:
    with play(tmp_path) as (_, again):
        assert written(again) == written(played[1])


def test_what_is_shown_fits_the_description(played: tuple[Played, Shown]) -> None:
    made, _ = played
    components = {"components": made.app.openapi()["components"]}
    for route, told in methods(made.app).items():
        if "requestBody" in told:
            fits(told["requestBody"]["content"]["application/json"], components, route)
        for status, response in told["responses"].items():
            for content in response.get("content", {}).values():
                if status < "300" and route != ENDLESS and "schema" in content:
                    fits(content, components, route)


def fits(content: dict[str, Any], components: dict[str, Any], route: str) -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content["schema"], **components}
    assert "example" in content, route
    jsonschema_rs.validate(schema, content["example"])


def written(shown: Shown) -> bytes:
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def shape(told: Any) -> Any:  # noqa: ANN401  JSON
    """Return what stays of an answer when ids, moments and numbers are others."""
    if isinstance(told, list):
        return [shape(each) for each in told]
    if isinstance(told, dict):
        return {name: shape(held) for name, held in sorted(told.items())}
    return "number" if isinstance(told, int | float) and not isinstance(told, bool) else type(told).__name__
