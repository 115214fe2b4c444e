"""Who comes in with a browser? Around every page: the session in the cookie, whence a form was sent, the headers.

A cookie opens the pages and nothing of the API, so that no other site's page can give a command in a person's name:
what changes anything comes from a form of ours (`forms`), and from our own origin, which browsers say themselves.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.errors import InputError, NotAllowed
from orchestrator.http.bounds import MAX_BODY
from orchestrator.http.frame import Frame
from orchestrator.http.needs import AGAIN, PRINCIPAL
from orchestrator.http.serving import system_of
from orchestrator.service.lookout import Banner
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.signing import LONGEST, Signing
from orchestrator.web.cookies import Cookie

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'"
)
TOKEN = "carepath.session-token"  # noqa: S105  the name of a place, no secret
"""The token of the session, in the scope of a request that was let in."""
PUBLIC = ("/sign-in", "/welcome", "/static/", "/open/")
"""How addresses begin that need no session."""
RENEWING = ("/password", "/sign-out")
"""What is open to who signed in with a password that somebody else gave."""
SETTING_UP = ("/me/factor", "/sign-out")
"""What is open to who must set up a second factor first."""
LIVE, BY_ITSELF = "/live", "carepath-by-itself"
"""Where a page listens for changes, and the header with which it then asks anew: neither is a use of the session, which
must end when nobody is there."""
_SESSION = Cookie("carepath", LONGEST)
_SAFE = frozenset({"GET", "HEAD"})
_REFERRER = "same-origin"
"""With none at all a browser would say of our own forms too that they come from nowhere: `Origin: null`."""


class Door(Frame):
    """Lets in who is signed in, and sends others to sign in."""

    policy = POLICY
    headers: ClassVar = {"referrer-policy": _REFERRER}

    def __init__(
        self,
        app: ASGIApp,
        signing: Signing,
        *,
        simulated: bool,
        banner: Callable[[], Banner | None],
        page: Callable[[Request, Exception], Response],
        wall: Callable[[Scope], Principal | None],
        unsent: Callable[[Request], Awaitable[Exception | None]],
    ) -> None:
        """Say what to stand before. page: makes a page of an error.   wall: knows a screen that shows one board.

        unsent: reads a form for which nobody is signed in any more, as an error of which `page` makes one that gives
        back what was typed; None where there is none.
        """
        super().__init__(app, simulated=simulated, banner=banner)
        self._signing, self._page, self._wall, self._unsent = signing, page, wall, unsent

    def answer(self, scope: Scope, error: Exception) -> ASGIApp:
        """Return the page of an error."""
        return self._page(Request(scope), error)

    def too_large(self) -> InputError:
        """Return what a form of more than MAX_BODY bytes is told."""
        return InputError(f"this is more than {MAX_BODY} bytes")

    async def let_in(self, scope: Scope) -> ASGIApp | None:
        """Put who asks into the scope; return what answers who is not signed in. Raises NotAllowed."""
        _check_origin(scope)
        headers = Headers(scope=scope)
        by_itself = BY_ITSELF in headers or scope["path"] == LIVE
        token = _SESSION.of(scope)
        found = await run_in_threadpool(self._signing.principal, token, touch=not by_itself) if token else None
        path: str = scope["path"]
        if found is not None:
            scope[PRINCIPAL], scope[TOKEN] = found, token
            scope[AGAIN] = partial(self._signing.principal, token, touch=False)
            first = _first(found)
            return RedirectResponse(first[0], 303) if first and not path.startswith((*first, *PUBLIC)) else None
        if path.startswith(PUBLIC):
            return None
        if (wall := await run_in_threadpool(self._wall, scope)) is not None:
            scope[PRINCIPAL] = wall
            scope[AGAIN] = partial(self._wall, scope)
            return None
        if by_itself:
            return Response(status_code=401)  # the page says that it is no longer kept up to date
        to_sign_in = RedirectResponse(f"/sign-in?next={quote(path, safe='/')}", 303)
        return to_sign_in if scope["method"] in _SAFE else self._keep

    async def _keep(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give back what somebody typed whose session has ended; send to sign in who sent nothing of the kind."""
        request = Request(scope, receive)
        kept = await self._unsent(request)
        answer = RedirectResponse("/sign-in?next=/", 303) if kept is None else self._page(request, kept)
        await answer(scope, receive, send)


def _first(person: Principal) -> tuple[str, ...]:
    """Return what alone is open to a person as yet; nothing for who may go on."""
    if person.renew:
        return RENEWING
    return SETTING_UP if person.bare else ()


def keep_session(request: Request, response: Response, token: str) -> None:
    """Put a new session into the browser; the one that it had before ends."""
    before: Principal | None = request.scope.get(PRINCIPAL)
    if before is not None and before.session is not None:
        system_of(request).signing.sign_out(before.session)
    _SESSION.keep(request.scope, response, token)


def drop_session(request: Request, response: Response) -> None:
    """Take the session out of the browser, with whatever else it keeps of us."""
    _SESSION.drop(request.scope, response)
    response.headers["clear-site-data"] = '"cache", "storage"'


def _check_origin(scope: Scope) -> None:
    """Raise NotAllowed for what changes something and was not sent from a page of ours.

    Browsers say whence by `Sec-Fetch-Site`, and by `Origin`, which is `null` from a page that sends no referrer.
    """
    if scope["method"] in _SAFE:
        return
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    same = origin is not None and urlsplit(origin).netloc == headers.get("host", "")
    if not (same if site is None else site == "same-origin" and (same or origin in {None, "null"})):
        raise NotAllowed("this was not sent from a page of carepath: open the page, and send it from there")
