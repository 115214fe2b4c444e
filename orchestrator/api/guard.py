"""Who comes in with a token? The frame around every route of the API."""

import logging
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from orchestrator.api.problems import Problem, problem_of
from orchestrator.errors import CarepathError
from orchestrator.http.bounds import MAX_BODY
from orchestrator.http.failures import Failures
from orchestrator.http.frame import Frame
from orchestrator.http.needs import AGAIN, PRINCIPAL
from orchestrator.service.access import Access
from orchestrator.service.lookout import Banner
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.signing import Signing

_log = logging.getLogger(__name__)
PUBLIC = frozenset({"/healthz", "/readyz", "/api/v1/banner"})
"""What may be asked without a token; nothing else may, even what is not there."""
_LONGEST_TOKEN = 256


class Guard(Frame):
    """Lets in who holds a token; only what is public is answered without."""

    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    expected = (Problem, CarepathError)

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        signing: Signing,
        failures: Failures,
        *,
        simulated: bool,
        banner: Callable[[], Banner | None],
    ) -> None:
        """Say what to guard. banner: what every answer says in a header, if anything."""
        super().__init__(app, simulated=simulated, banner=banner)
        self._access, self._signing, self._failures = access, signing, failures

    async def let_in(self, scope: Scope) -> None:
        """Put who asks into the scope. Raises Problem."""
        if scope["path"] not in PUBLIC:
            scope[PRINCIPAL] = await self._holder_of(scope)

    def answer(self, scope: Scope, error: Exception) -> ASGIApp:
        """Return the problem that an error is."""
        return problem_of(error).response(self._simulated)

    def too_large(self) -> Problem:
        """Return what a body of more than MAX_BODY bytes is answered."""
        return Problem(413, "too-large", f"A body may have {MAX_BODY} bytes.", headers={"Connection": "close"})

    async def _holder_of(self, scope: Scope) -> Principal:
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
