"""Who comes in, how much may be sent, what does every answer carry? Around everything, so that no route forgets."""

import logging
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.api.problems import Problem, problem_of
from orchestrator.errors import CarepathError
from orchestrator.http.bounds import MAX_BODY, bounded
from orchestrator.http.failing import log_failure, log_refusal
from orchestrator.http.failures import Failures
from orchestrator.http.headers import dress
from orchestrator.http.needs import AGAIN, PRINCIPAL
from orchestrator.service.access import Access
from orchestrator.service.lookout import Banner
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.signing import Signing

_log = logging.getLogger(__name__)
PUBLIC = frozenset({"/healthz", "/readyz", "/api/v1/banner"})
"""What may be asked without a token; nothing else may, even what is not there."""
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_LONGEST_TOKEN = 256


class Guard:
    """Lets in who holds a token, bounds the body while it arrives, and puts the security headers on every answer."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        signing: Signing,
        simulated: bool,
        failures: Failures,
        *,
        banner: Callable[[], Banner | None],
    ) -> None:
        """Say what to guard. banner: what every answer says in a header, if anything."""
        self._app, self._access, self._signing = app, access, signing
        self._simulated, self._failures, self._banner = simulated, failures, banner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                dress(headers, scope, policy=_POLICY, simulated=self._simulated, banner=self._banner)
            await send(message)

        try:
            if scope["path"] not in PUBLIC:
                scope[PRINCIPAL] = await self._let_in(scope)
            await self._app(scope, bounded(scope, receive, _too_large), sending)
        except Exception as error:
            if started:
                raise
            log_refusal(scope, error)
            if not isinstance(error, Problem | CarepathError):
                log_failure(error)
            await problem_of(error).response(self._simulated)(scope, receive, sending)

    async def _let_in(self, scope: Scope) -> Principal:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise _unauthorised('Bearer realm="carepath"', "Send the access token as Authorization: Bearer TOKEN.")
        if len(token) <= _LONGEST_TOKEN:
            principal = await run_in_threadpool(self._holder, token)
            if principal is not None:
                scope[AGAIN] = partial(self._holder, token)
                return principal
        client = (scope.get("client") or ("unknown", 0))[0]
        wait = self._failures.add(client)
        if wait:
            raise Problem(429, "too-many-failures", "Too many wrong tokens: wait.", headers={"Retry-After": str(wait)})
        _log.warning("a wrong access token came from %s", client, extra={"event": "wrong-token"})
        raise _unauthorised('Bearer realm="carepath", error="invalid_token"', "This access token opens nothing.")

    def _holder(self, token: str) -> Principal | None:
        return self._access.principal(token) or self._signing.bearer(token)


def _unauthorised(challenge: str, detail: str) -> Problem:
    return Problem(401, "token-needed", detail, headers={"WWW-Authenticate": challenge})


def _too_large() -> Problem:
    return Problem(413, "too-large", f"A body may have {MAX_BODY} bytes.", headers={"Connection": "close"})
