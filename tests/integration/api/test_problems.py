"""Goal: whatever goes wrong on whatever route is told as a problem of RFC 9457, of a kind that docs/api.md names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from orchestrator.api.problems import MEDIA_TYPE, TITLES
from orchestrator.api.strict import MAX_DEPTH
from orchestrator.http.bounds import MAX_BODY
from orchestrator.http.needs import served
from tests.integration.api.conftest import Ward

DOCUMENTED = set(re.findall(r"`([a-z-]+)`", (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()))
_NOWHERE = {"episode_id": "00000000-0000-8000-8000-000000000000", "person_id": f"u-{'0' * 16}"}
_NOWHERE |= {"ward": "N2", "name": "none", "version": "0"}
OWN = {"/healthz", "/readyz", "/api/v1/banner"}


def problem(answer: Response, status: int, code: str) -> None:
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert (told["type"], told["title"]) == (f"/api/v1/problems/{code}", TITLES[code])
    assert told["detail"].isprintable()
    assert "Traceback" not in answer.text
    assert code in DOCUMENTED


def routes(ward: Ward) -> Iterator[tuple[str, str, bool]]:
    """Yield method, address of what is not there, and whether a body is taken."""
    app: Any = ward.client.app
    for each in served(app):
        for method in sorted(each.methods - {"HEAD"}):
            told = app.openapi()["paths"].get(each.path, {}).get(method.lower(), {})
            yield method, each.path.format(**_NOWHERE), "requestBody" in told


def test_every_error_of_every_route_is_a_problem(ward: Ward) -> None:
    app: Any = ward.client.app
    paths = {each.path.format(**_NOWHERE) for each in served(app)}
    headers = {**ward._bearer(), "Idempotency-Key": "k"}
    as_json = {**headers, "Content-Type": "application/json"}
    for method, path, takes in routes(ward):
        if path not in OWN and path != app.openapi_url:
            problem(ward.client.request(method, path), 401, "token-needed")
        if method == "GET" and path != app.openapi_url:
            problem(ward.client.get(f"{path}/none/such", headers=headers), 404, "not-found")
        if takes:
            deep = b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2)
            for broken in (b"{", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}', deep):
                problem(ward.client.request(method, path, content=broken, headers=as_json), 400, "invalid-json")
            problem(ward.client.request(method, path, content=b"{}", headers=headers), 415, "unsupported-media-type")
            large = b'"' + b"x" * MAX_BODY + b'"'
            problem(ward.client.request(method, path, content=large, headers=as_json), 413, "too-large")
    for path in sorted(paths - {app.openapi_url}):
        problem(ward.client.request("PATCH", path, headers=headers), 405, "method-not-allowed")
    for path in ("/", "/api", "/api/v1", "/api/v2/episodes", "/api/v1/none", "/favicon.ico", "/api/v1/episodes/"):
        problem(ward.client.get(path, headers=headers), 404, "not-found")


def test_a_command_without_a_key_or_over_what_nobody_read_is_told_so(ward: Ward) -> None:
    app: Any = ward.client.app
    asked = 0
    for path, each in app.openapi()["paths"].items():
        for method, told in each.items():
            named = {one["name"]: one["required"] for one in told.get("parameters", ())}
            if "idempotency-key" not in named:
                continue
            address, asked = path.format(**_NOWHERE), asked + 1
            sent: dict[str, Any] | None = {} if "requestBody" in told else None
            answer = ward.client.request(method, address, headers=ward._bearer(), json=sent)
            assert answer.status_code in {400, 404}, (path, answer.text)
            if answer.status_code == 400:
                problem(answer, 400, "idempotency-key-missing")
            if named.get("if-match"):
                keyed = {**ward._bearer(), "Idempotency-Key": "k"}
                problem(ward.client.request(method, address, headers=keyed, json=sent), 428, "precondition-required")
    assert asked > 35


@pytest.mark.parametrize("path", ["/api/v1/people", "/api/v1/worklist"])
def test_a_defect_is_told_without_its_text(ward: Ward, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("of Jane Doe")

    monkeypatch.setattr(type(ward.system.people), "page", lambda *_, **__: broken())
    monkeypatch.setattr(type(ward.system.queries), "worklist", lambda *_, **__: broken())
    answer = ward.client.get(path, headers=ward._bearer())
    problem(answer, 500, "internal-error")
    assert "Jane" not in answer.text
