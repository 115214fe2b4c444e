"""How are the pages put together? Routers in their order, the door around them, a page for every error."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from orchestrator import __version__
from orchestrator.bootstrap import System
from orchestrator.errors import (
    CarepathError,
    Conflict,
    Erased,
    InputError,
    NoRole,
    NotAcceptable,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StoreError,
    TooMany,
)
from orchestrator.http.failures import Failures
from orchestrator.http.live import Live
from orchestrator.http.needs import PRINCIPAL, calls, check_all, served
from orchestrator.service.lookout import Banner
from orchestrator.service.people.provider import Provider
from orchestrator.service.people.walls import Walls
from orchestrator.web import (
    acting,
    board,
    enrolling,
    episode,
    erasing,
    factor,
    finding,
    glass,
    handover,
    holds,
    inbox,
    items,
    live,
    load,
    mine,
    opened,
    operations,
    pathways,
    patient,
    people,
    provider,
    reach,
    report,
    rota,
    second,
    seen,
    signing,
    static,
    transferring,
    wall,
    worklist,
)
from orchestrator.web.door import PUBLIC, Door
from orchestrator.web.forms import Unsent, read_form, unsent
from orchestrator.web.lists import Lately
from orchestrator.web.pages import Menu, gettext, render
from orchestrator.web.serving import Pages, pages_of

PAGES = (
    worklist, board, inbox, handover, finding, enrolling, load, rota, pathways, operations, people, holds, erasing,
    items, live, wall, signing, second, provider, static, opened, episode, acting, transferring, report, seen, patient,
    glass, mine, factor, reach,
)  # fmt: skip
"""The files of routes; one with a line for the menu has it as ENTRY, and stands here where its line is to stand."""
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404), (NotAllowed, 403), (NotSignedIn, 401), (Conflict, 409), (InputError, 422), (Erased, 410),
    (StoreError, 503), (TooMany, 503), (NotAcceptable, 406), (RequestValidationError, 404),
)  # fmt: skip
_SAID = frozenset({404})
"""What the page itself says of an address that nothing answers."""
_MOST_FAILURES = 30
"""Wrong passwords a minute from one address, behind which a whole hospital may sit."""


def create_pages(
    system: System,
    *,
    timezone: str,
    banner: Callable[[], Banner | None] = lambda: None,
    failures: Failures | None = None,
    vouching: Provider | None = None,
    proofs: Path | None = None,
    live: Live | None = None,
) -> FastAPI:
    """Return the pages over an opened system; whoever opened the system closes it.

    timezone: the hospital's, an IANA name, in which pages show times.   banner: what everybody is to see now.
    vouching: who else vouches for people who come in; nobody for None.
    proofs: the folder of what was proved of pathways, if there is one.
    live: whoever listens to this process, where another face has listeners too.
    """
    app = FastAPI(
        title="carepath",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _on_error, RequestValidationError: _on_error},
    )
    app.state.serving = Pages(
        system, timezone, banner, live or Live(system.store), failures or Failures(_MOST_FAILURES),
        provider=vouching, proofs=proofs, lately=Lately(),
        menu=Menu([page.ENTRY for page in PAGES if hasattr(page, "ENTRY")]),
    )  # fmt: skip
    for page in PAGES:
        app.router.routes.extend(page.router.routes)  # as they are: including would build each anew, for every app
    _check(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(
        Door, signing=system.signing, simulated=system.simulated, banner=banner, page=error_page, unsent=unsent,
        wall=wall.knowing(Walls(system.signing, system.keyring)),
    )  # fmt: skip
    return app


def error_page(request: Request, error: Exception) -> Response:
    """Return what a person is told of an error: what to do, and nothing that was sent."""
    me, text = request.scope.get(PRINCIPAL), ""
    if isinstance(error, Unsent):
        status = 403 if me else 401
        return render(request, "kept.html", status=status, to=error.to, kept=error.kept, shown=error.shown)
    if isinstance(error, HTTPException):
        status = error.status_code
        text = "" if status in _SAID else HTTPStatus(status).phrase
    else:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        text = str(error) if isinstance(error, CarepathError) else ""
    roles = sorted(me.roles()) if me and isinstance(error, NoRole) else None
    way = pages_of(request).menu.above(request.url.path, me) if me else None
    return render(
        request, "error.html", status=status, code=status, text=gettext(request, text) if text else "", roles=roles,
        way=way,
    )  # fmt: skip


async def _on_error(request: Request, error: Exception) -> Response:
    return error_page(request, error)


def _check(app: FastAPI) -> None:
    """Raise AssertionError for a page that says nowhere who may open it, or a form that nobody checks."""
    routes = served(app)
    check_all((route for route in routes if not route.path.startswith(PUBLIC)), public=())
    for route in routes:
        assert read_form in calls(route) or route.methods <= {"GET", "HEAD"}, route.path
