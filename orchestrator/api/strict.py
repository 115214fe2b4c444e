"""Which requests are read at all? Known parameters; JSON of bounded size, depth and text, its numbers kept exact."""

import json
import re
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, NoReturn

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.api.problems import Problem

BEHALF = "carepath-on-behalf-of"
"""The header with the id of the person in whose name somebody acts."""
MAX_DEPTH = 8
MAX_TEXT = 4_000
MAX_NAME = 200
_MAX_NUMBER = 40
_JSON = re.compile(r"application/json(\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_json(body: bytes) -> Any:  # noqa: ANN401  what JSON holds
    """Return the JSON of a body, its broken numbers as Decimal. Raises Problem (400, 422)."""
    try:
        made = json.loads(
            body.decode(),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError):
        _refuse("the body is not JSON, or nested too deeply")
    _check(made, 1)
    return made


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:  # noqa: ANN401  what JSON holds
        """Return the body. Raises Problem."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route whose body is JSON, read strictly; which takes no parameter and no `BEHALF` that it does not read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handler = super().get_route_handler()
        known = [each.alias for each in self.dependant.query_params]
        records = _records_behalf(self.dependant)

        async def strict(request: Request) -> Response:
            _check_parameters(request, known)
            if not records:
                _check_behalf(request)
            if request.method == "POST":
                _check_type(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def _check_parameters(request: Request, known: list[str]) -> None:
    """Refuse a parameter that nobody reads: a list would come back whole where a part of it was asked for."""
    text = f"there is no such parameter; known are {', '.join(known)}" if known else "no parameter is taken here"
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        faults = [{"type": "unknown-parameter", "loc": ("query", name), "msg": text} for name in unknown]
        raise RequestValidationError(faults)


def _records_behalf(route: Dependant) -> bool:
    own = any(each.alias == BEHALF for each in route.header_params)
    return own or any(_records_behalf(each) for each in route.dependencies)


def _check_behalf(request: Request) -> None:
    """Refuse to be told for whom somebody acts where it would be recorded nowhere: it would be lost unseen."""
    if BEHALF in request.headers:
        text = "it is recorded in an episode's entries alone; leave it out here"
        raise RequestValidationError([{"type": "unknown-parameter", "loc": ("header", BEHALF), "msg": text}])


def _check_type(request: Request) -> None:
    encoded = request.headers.get("content-encoding", "identity").lower() != "identity"
    if encoded or not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Problem(415, "unsupported-media-type", "Send the body as application/json, in UTF-8, not compressed.")


def _refuse(detail: str) -> NoReturn:
    raise Problem(400, "invalid-json", detail)


def _decimal(text: str) -> Decimal:
    return Decimal(text) if len(text) <= _MAX_NUMBER else _refuse(f"a number has over {_MAX_NUMBER} characters")


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MAX_NUMBER else _refuse(f"a number has over {_MAX_NUMBER} characters")


def _constant(_: str) -> NoReturn:
    _refuse("NaN and Infinity are no numbers of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        _refuse("an object names the same field twice")
    return made


def _check(value: Any, depth: int) -> None:  # noqa: ANN401  what JSON holds
    if isinstance(value, str):
        _check_text(value, MAX_TEXT)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            _refuse(f"the body is nested over {MAX_DEPTH} levels deep")
        for name in value if isinstance(value, dict) else ():
            _check_text(name, MAX_NAME)
        for each in value.values() if isinstance(value, dict) else value:
            _check(each, depth + 1)


def _check_text(text: str, longest: int) -> None:
    if len(text) > longest:
        raise Problem(422, "invalid-request", f"A text or name is longer than {longest} characters.")
    if _SURROGATE.search(text) or "\0" in text:
        _refuse("a text holds what is no Unicode character")
