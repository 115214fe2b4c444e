"""How much may be sent? A body is bounded by what it announces, and by what really arrives."""

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive

MAX_BODY = 1_000_000
"""Bytes; more is refused while it arrives."""


def bounded(scope: MutableMapping[str, Any], receive: Receive, too_large: Callable[[], Exception]) -> Receive:
    """Return a `receive` that raises what `too_large` makes for a body over MAX_BODY."""
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdigit() and int(announced[:20]) > MAX_BODY:
        raise too_large()
    arrived = 0

    async def receiving() -> Message:
        nonlocal arrived
        message = await receive()
        if message["type"] == "http.request":
            arrived += len(message.get("body", b""))
            if arrived > MAX_BODY:
                raise too_large()
        return message

    return receiving
