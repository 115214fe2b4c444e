"""What does the API promise, machine-readable? OpenAPI 3.1, made from the routes."""

from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from orchestrator.api.guard import PUBLIC
from orchestrator.api.problems import MEDIA_TYPE

_ABOUT = """
Runs care pathways: enrol a patient, record facts, confirm what is to be given; read where he stands, why, what is due.

* Every request but /healthz, /readyz and /api/v1/banner needs `Authorization: Bearer TOKEN`.
* A person's token acts for that person, in a role that he holds on the patient's ward; episodes of other wards are not
  there (404). With the administrator's token, who acts is asserted with `Carepath-Actor` and `Carepath-Role`, and
  recorded as asserted. Every look is on record.
* Every command needs an `Idempotency-Key`: a repeat gets the first answer, another body under the same key a 409.
* What can be changed has an entity tag. A command on an episode with `If-Match` is refused (412) only when proposals,
  warnings, gates or courses have changed since that entry; any other change when anything it may overwrite has.
* Lists come in pages: the cursor that a page gives (`after`, or `before` where the latest comes first) leads to the
  next one, as does its `Link`. A cursor is opaque.
* A command that the pathway refuses is answered with a problem (422, or 409 for a closed episode). Its `code` names the
  gate, or what is wrong, such as `not-proposed` or `needs-reason`; it stands in the record as the entry `seq`.
* Numbers are exact: a dose or weight may be sent as a JSON number or as text, and comes back as text.
* `Carepath-Banner: CODE; since=TIME` stands in every answer while reminders are late or the store cannot be read: show
  people the text of /api/v1/banner then.
* `Carepath-Store` and `simulated` tell a store for trying things out from a real one.
"""

EXAMPLES = Path(__file__).with_name("examples.json")
"""Made by a test, which holds it to what the routes answer."""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of all routes."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary="Care pathways for autoimmune and post-viral disease of the nervous system.",
        description=_ABOUT.strip(),
        routes=app.routes,
    )
    schemes = {
        "token": {"type": "http", "scheme": "bearer", "description": "A person's token, or the administrator's."}
    }
    made["components"]["securitySchemes"] = schemes
    made["security"] = [{"token": []}]
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _finish(operation, public=path in PUBLIC)
    _show(made["paths"])
    for unused in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(unused, None)
    return made


def _finish(operation: dict[str, Any], *, public: bool) -> None:
    """Say of one operation what the guard adds, and that problems have a media type of their own."""
    responses = operation["responses"]
    if public:
        operation["security"] = []
    else:
        responses["401"] = {"description": "There is no valid token.", "content": {"application/json": _PROBLEM}}
        responses["403"] = {"description": "It is not for this caller.", "content": {"application/json": _PROBLEM}}
        responses["429"] = {"description": "Too many wrong tokens.", "content": {"application/json": _PROBLEM}}
    if "requestBody" in operation:
        responses.setdefault("400", {"description": "Not JSON, or a header is missing."})
        responses.setdefault("415", {"description": "The body is not JSON."})
    for code, response in responses.items():
        content = response.get("content", {})
        if code >= "400":
            content = {"application/json": _PROBLEM}
            response["content"] = {MEDIA_TYPE: content["application/json"]}


def _show(paths: dict[str, Any]) -> None:
    """Put the examples into the description: what a play of all routes sent and got, see `examples.json`."""
    for route, shown in orjson.loads(EXAMPLES.read_bytes()).items():
        method, path = route.split(" ")
        operation = paths.get(path, {}).get(method.lower())
        if operation is None:
            continue
        if "asked" in shown:
            operation["requestBody"]["content"]["application/json"]["example"] = shown["asked"]
        for content in operation["responses"][shown["status"]]["content"].values():
            content["example"] = shown["answered"]


_PROBLEM = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
