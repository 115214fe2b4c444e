"""Goal: what docs/openapi.json and docs/api.md promise is what the routes do.

After a change of the API: CAREPATH_WRITE=1 pytest tests/integration/api/test_description.py
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrator.api.app import create_app
from orchestrator.api.bodies import BODIES
from orchestrator.api.problems import MEDIA_TYPE, TITLES
from orchestrator.bootstrap import throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
KEPT = ROOT / "docs" / "openapi.json"
OWN = {"/healthz", "/readyz", "/api/v1/banner"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    with throwaway_system(ROOT / "workflows", VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))) as system:
        return create_app(system).openapi()


def test_the_kept_description_is_current(described: dict[str, Any]) -> None:
    made = orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if os.environ.get("CAREPATH_WRITE"):
        KEPT.write_bytes(made)
    assert KEPT.read_bytes() == made, "docs/openapi.json is not current: see the head of this test"


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    schemas = described["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/(\w+)"', orjson.dumps(described).decode()))
    assert named <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation) for path, each in described["paths"].items() for method, operation in each.items()
    ]


def test_every_command_is_a_route_and_needs_a_key(described: dict[str, Any]) -> None:
    commands = {f"/api/v1/episodes/{{episode_id}}/{kind}" for kind in COMMANDS if kind != "tick"}
    assert {body.kind for body in BODIES} == {kind for kind in COMMANDS if kind != "tick"}
    for path in (*commands, "/api/v1/episodes"):
        headers = {each["name"]: each["required"] for each in described["paths"][path]["post"]["parameters"]}
        assert headers["idempotency-key"] is True
        assert headers["carepath-actor"] is headers["carepath-role"] is False
        assert ("if-match" in headers) is (path in commands)


def test_bodies_are_closed_and_have_examples_that_fit(described: dict[str, Any]) -> None:
    for body in BODIES:
        schema = described["components"]["schemas"][body.__name__]
        assert schema["additionalProperties"] is False
        for example in schema["examples"]:
            body.model_validate(example)


def test_problems_have_their_media_type_and_only_health_and_banner_are_public(described: dict[str, Any]) -> None:
    assert described["security"] == [{"token": []}]
    for _, path, operation in operations(described):
        assert (operation.get("security") == []) is (path in OWN)
        for status, told in operation["responses"].items():
            if status >= "400":
                assert set(told["content"]) == {MEDIA_TYPE}, (path, status)
        assert ("401" in operation["responses"]) is (path not in OWN)


def test_the_page_about_the_api_names_every_route_and_code(described: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for method, path, _ in operations(described):
        shown = path.removeprefix("/api/v1").replace("{episode_id}", "ID").replace("{person_id}", "PERSON")
        assert f"`{method.upper()} {shown}`" in text, shown
    assert {"conflict", "method-not-allowed", "not-proposed"} <= set(TITLES)
    assert "Carepath-Role" in text.partition("```sh")[2].partition("```")[0]
    for code in TITLES:
        assert f"`{code}`" in text, code
