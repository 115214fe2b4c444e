"""Goal: whatever the description of the API allows, and what it forbids, is answered as the description says.

schemathesis makes requests of both kinds for each route, with and without a token, on a store that holds an episode and
an account.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import ChecksConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.openapi.loaders import from_dict
from schemathesis.schemas import BaseSchema

from orchestrator.api.app import PREFIX, create_app
from orchestrator.bootstrap import throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.http.failures import Failures
from orchestrator.pathway.loader import load_library

ROOT = Path(__file__).parents[2]
LIBRARY = load_library(ROOT / "workflows")
KEPT = orjson.loads((ROOT / "docs" / "openapi.json").read_bytes())  # a test holds it to what the program describes
ROUTES = [(path, method) for path, methods in KEPT["paths"].items() for method in methods]
_ID = re.compile(r"[0-9a-f-]{36}|u-[0-9a-f]{16}")
_NOT_IN_A_SCHEMA = ["2xx", "400", "401", "403", "404", "406", "409", "412", "415", "422"]
"""What fits a schema may still be refused: what a name means is the pathway's to say, what a moment means is time's."""
_REFUSED = [*(status for status in _NOT_IN_A_SCHEMA if status != "2xx"), "428"]


@pytest.fixture(scope="module")
def described() -> Iterator[tuple[BaseSchema, str]]:
    clock = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    with throwaway_system(LIBRARY, clock) as system:
        app = create_app(system, failures=Failures(10**9))  # it tries wrong tokens by the hundred
        token = f"Bearer {system.access.first_token()}"
        with TestClient(app, headers={"Authorization": token}) as client:
            there = {"episode_id": _enrol(client), "person_id": _add(client)}
        yield _schema(app.openapi(), app, there), token


def _schema(raw: dict[str, Any], app: object, known: dict[str, str]) -> BaseSchema:
    checks = ChecksConfig.from_dict(
        {
            "positive_data_acceptance": {"expected-statuses": _NOT_IN_A_SCHEMA},
            "negative_data_rejection": {"expected-statuses": _REFUSED},
        }
    )
    projects = ProjectsConfig(default=ProjectConfig(checks=checks))
    schema = from_dict(raw, config=SchemathesisConfig(projects=projects))
    schema.app = app

    @schema.hook("map_path_parameters")
    def there(_: object, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        """Ask for the episode or account that is there, else every answer would be that there is none."""
        fits = {name for name, held in (parameters or {}).items() if name in known and _ID.fullmatch(str(held))}
        return parameters and {name: known[name] if name in fits else held for name, held in parameters.items()}

    return schema


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "does not fit"])
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_what_is_described_is_what_is_answered(
    described: tuple[BaseSchema, str], path: str, method: str, mode: GenerationMode
) -> None:
    schema, token = described
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def answered(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": token})

    try:
        answered()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "a route without anything to get wrong"


def _enrol(client: TestClient) -> str:
    identifiers = [{"system": "n", "value": "1"}]
    body = {"pathway": LIBRARY.pathways[0].name, "ward": "N2", "timezone": "Europe/London", "identifiers": identifiers}
    headers = {"Carepath-Role": "nurse", "Idempotency-Key": "patient"}
    answer = client.post(f"{PREFIX}/episodes", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["episode_id"])


def _add(client: TestClient) -> str:
    body = {"login": "program", "name": "A program", "posts": [{"ward": "*", "role": "service"}]}
    answer = client.post(f"{PREFIX}/people", json=body, headers={"Idempotency-Key": "person"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["person_id"])
