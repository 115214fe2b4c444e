"""How does the API say no? RFC 9457 problems: a stable type and code, one line of text, never a value that was sent."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.errors import (
    CarepathError,
    Changed,
    Conflict,
    Erased,
    InputError,
    KeyMissing,
    NotAcceptable,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StoreBusy,
    StoreError,
    TooMany,
    WrongKey,
)
from orchestrator.http.serving import system_of
from orchestrator.service.ports import Collision

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/v1/problems/"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_FAILED = "carepath failed; its log says where. Ask again with the same Idempotency-Key: nothing is done twice."
_RETRY_SOON, _RETRY_LATER = "1", "30"

_STATUS: Sequence[tuple[type[CarepathError], int]] = (
    (Collision, 503),
    (Changed, 412),
    (Conflict, 409),
    (NotFound, 404),
    (NotAllowed, 403),
    (NotSignedIn, 401),
    (InputError, 422),
    (Erased, 410),
    (KeyMissing, 503),
    (WrongKey, 503),
    (StoreError, 503),
    (TooMany, 503),
    (NotAcceptable, 406),
)
TITLES = {
    "already-enrolled": "The patient is on this pathway already",
    "changed-since-read": "What the decision depends on has changed since it was read",
    "claimed": "Somebody else has taken it",
    "conflict": "It contradicts what the store holds",
    "draining": "This process ends",
    "episode-closed": "The episode is closed",
    "idempotency-key-missing": "A command needs an Idempotency-Key",
    "idempotency-key-reused": "This Idempotency-Key was used with another request",
    "internal-error": "carepath failed",
    "invalid-json": "The body cannot be read as JSON",
    "invalid-request": "The request does not fit",
    "invalid-value": "A value does not fit",
    "method-not-allowed": "The address does not take this method",
    "missing-input": "A dose input is missing",
    "needs-reason": "A reason is needed",
    "needs-role": "Another role is needed",
    "no-such-course": "No such course is in force",
    "no-such-reminder": "No such reminder waits for an answer",
    "no-such-task": "No such task is open",
    "not-acceptable": "The answer has another form",
    "not-allowed": "You may not do this",
    "not-found": "There is no such thing",
    "not-proposed": "It is not proposed",
    "not-released": "This version is not released",
    "not-signed-in": "Nobody is signed in",
    "outcome-unknown": "It is not known whether it was recorded",
    "precondition-required": "What would be replaced must have been read",
    "record-erased": "The record was erased",
    "store-busy": "The store is busy",
    "store-unavailable": "The store cannot be used",
    "time-untrusted": "The clock was moved",
    "token-needed": "An access token is needed",
    "too-large": "The body is too large",
    "too-many": "More than this process serves",
    "too-many-failures": "Too many wrong tokens",
    "unknown-fact": "The pathway knows no such fact",
    "unknown-ward": "There is no such ward",
    "unsupported-media-type": "The body must be JSON",
    "upgrade-unfinished": "An upgrade is not finished",
    "version-changed": "The pathway was changed, but not its version",
    "ward-unattended": "Nobody works there who could be told",
}
GATE = "Refused by a gate"
"""The title of a refusal whose code is a gate's name."""
_SENTENCES = {
    ("header if-match", "string-pattern-mismatch"): (
        'send one entity tag as an answer gave it, in double quotes, such as "12-9f86d081884c7d65", or * for any'
    ),
}


class Problem(HTTPException):
    """Ends a request with a problem. title: where the code has none of its own.

    more: further members, such as the entry in which a refusal is recorded.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code, self.more = code, dict(more or {})
        self.title = title or TITLES.get(code, HTTPStatus(status).phrase)

    def document(self, simulated: bool) -> dict[str, Any]:
        """Return the problem as RFC 9457 has it."""
        return {
            "type": TYPES + self.code,
            "title": self.title,
            "status": self.status_code,
            "code": self.code,
            "detail": " ".join(self.detail.split()),
            **self.more,
            "simulated": simulated,
        }

    def response(self, simulated: bool) -> Response:
        """Return the problem as a response."""
        body = orjson.dumps(self.document(simulated))
        return Response(body, self.status_code, headers=dict(self.headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return the problem that an error is; one that nobody foresaw is told by nothing but its kind."""
    match error:
        case Problem():
            return error
        case CarepathError():
            return _of_ours(error)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            status = HTTPStatus(error.status_code)
            code = status.phrase.lower().replace(" ", "-")
            return Problem(status, code, f"{status.phrase}.", headers=error.headers)
        case _:
            return Problem(500, "internal-error", _FAILED)


async def on_error(request: Request, error: Exception) -> Response:
    """Answer an error with its problem."""
    return problem_of(error).response(system_of(request).simulated)


def _of_ours(error: CarepathError) -> Problem:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, StoreBusy | Collision):
        headers["Retry-After"] = _RETRY_SOON
    elif status == HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(error, KeyMissing | WrongKey):
        headers["Retry-After"] = _RETRY_LATER
    code = StoreBusy.code if isinstance(error, Collision) else error.code
    return Problem(status, code, str(error).removeprefix(f"{error.code}: "), headers=headers)


def _of_validation(error: RequestValidationError) -> Problem:
    errors = [_fault(each) for each in error.errors()[:20]]
    first, missing = errors[0], {each["field"].lower() for each in errors if each["code"] == "missing"}
    if "header idempotency-key" in missing:
        return Problem(400, "idempotency-key-missing", "Send an Idempotency-Key that is new for each command.")
    if "header if-match" in missing:
        return Problem(428, "precondition-required", "Read it first, and send its entity tag as If-Match.")
    if first["field"].startswith("path "):
        what = "episode" if "episode" in first["field"] else "person"
        return Problem(404, NotFound.code, f"there is no such {what}")
    text = f"{first['field']}: {first['text']}"
    return Problem(422, InputError.code, text, more={"errors": errors})


def _fault(each: Mapping[str, Any]) -> dict[str, str]:
    """Return one fault of a request by field, code and text; what was sent there is not repeated."""
    place = [str(part) for part in each["loc"]]
    named = [part if _NAME.fullmatch(part) else "…" for part in place]
    code = str(each["type"]).replace("_", "-")
    field = " ".join((named[0], ".".join(named[1:]))).strip()
    text = "there is no such field" if code == "extra-forbidden" else str(each["msg"]).removeprefix("Value error, ")
    return {"field": field, "code": code, "text": _SENTENCES.get((field.lower(), code), text)}
