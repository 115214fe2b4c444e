"""Who comes in, how much may be sent, what does every answer carry? Around everything, so that no route forgets."""

import logging
import time
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.api.problems import Problem, problem_of
from orchestrator.api.strict import MAX_BODY
from orchestrator.audit.seal import instant
from orchestrator.errors import CarepathError
from orchestrator.service.access import Access, Holder
from orchestrator.service.lookout import Banner

_log = logging.getLogger(__name__)
PUBLIC = frozenset({"/healthz", "/readyz", "/api/v1/banner"})
"""What may be asked without a token, besides pages for everybody; nothing else may, even what is not there."""
HOLDER = "carepath.holder"
STORE_HEADER, BANNER_HEADER = "carepath-store", "carepath-banner"
_ALWAYS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_LONGEST_TOKEN = 256
_MOST_CLIENTS = 1024


class Failures:
    """Counts wrong tokens by client: after `most` in a window the wrong ones are told to wait.

    A right token is always let in: who guesses must not lock out a ward that comes through the same proxy.
    """

    def __init__(self, most: int = 10, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._window_s, self._clock = most, window_s, clock
        self._seen: dict[str, tuple[float, int]] = {}

    def add(self, client: str) -> int:
        """Count one more; return for how many seconds the client is to wait, 0 as long as it need not."""
        now = self._clock()
        since, count = self._seen.pop(client, (now, 0))
        if now - since >= self._window_s:
            since, count = now, 0
        self._seen[client] = (since, count + 1)
        if len(self._seen) > _MOST_CLIENTS:
            del self._seen[next(iter(self._seen))]  # whoever was not heard of for longest
        return 0 if count < self._most else max(1, round(self._window_s - (now - since)))


class Guard:
    """Lets in who holds a token, bounds the body while it arrives, and puts the security headers on every answer."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        simulated: bool,
        failures: Failures,
        *,
        public: tuple[str, ...],
        banner: Callable[[], Banner | None],
    ) -> None:
        """Say what to guard. public: how addresses begin that are open to all besides PUBLIC.

        banner: what every answer says in a header, if anything.
        """
        self._banner = banner
        self._app, self._access, self._simulated, self._failures = app, access, simulated, failures
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(MutableHeaders(scope=message))
            await send(message)

        try:
            if scope["path"] not in PUBLIC and not scope["path"].startswith(self._public):
                scope[HOLDER] = await self._let_in(scope)
            await self._app(scope, _bounded(scope, receive), sending)
        except Exception as error:
            if started:
                raise
            if not isinstance(error, Problem | CarepathError):
                _log_failure(error)
            await problem_of(error).response(self._simulated)(scope, receive, sending)

    def _dress(self, headers: MutableHeaders) -> None:
        for name, value in _ALWAYS.items():
            headers.setdefault(name, value)
        headers[STORE_HEADER] = "simulated" if self._simulated else "real"
        if (banner := self._banner()) is not None:
            headers[BANNER_HEADER] = f"{banner.code}; since={instant(banner.since)}"

    async def _let_in(self, scope: Scope) -> Holder:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise _unauthorised('Bearer realm="carepath"', "Send the access token as Authorization: Bearer TOKEN.")
        if len(token) <= _LONGEST_TOKEN:
            holder = await run_in_threadpool(self._access.holder, token)
            if holder is not None:
                return holder
        client = (scope.get("client") or ("unknown", 0))[0]
        wait = self._failures.add(client)
        if wait:
            raise Problem(429, "too-many-failures", "Too many wrong tokens: wait.", headers={"Retry-After": str(wait)})
        _log.warning("a wrong access token came from %s", client, extra={"event": "wrong-token"})
        raise _unauthorised('Bearer realm="carepath", error="invalid_token"', "This access token opens nothing.")


def _unauthorised(challenge: str, detail: str) -> Problem:
    return Problem(401, "token-needed", detail, headers={"WWW-Authenticate": challenge})


def _bounded(scope: MutableMapping[str, Any], receive: Receive) -> Receive:
    """Return a `receive` that refuses a body over MAX_BODY: by what it announces, and by what really arrives."""
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdigit() and int(announced[:20]) > MAX_BODY:
        raise _too_large()
    arrived = 0

    async def bounded() -> Message:
        nonlocal arrived
        message = await receive()
        if message["type"] == "http.request":
            arrived += len(message.get("body", b""))
            if arrived > MAX_BODY:
                raise _too_large()
        return message

    return bounded


def _too_large() -> Problem:
    return Problem(413, "too-large", f"A body may have {MAX_BODY} bytes.", headers={"Connection": "close"})


def _log_failure(error: Exception) -> None:
    """Say where it failed and with what kind of error; its text is left out, for it might hold a value."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
    places = " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    _log.error("a request failed with %s at %s", type(error).__name__, places, extra={"event": "request-failed"})
