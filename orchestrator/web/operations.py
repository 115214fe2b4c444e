"""How does the installation do, and what needs a hand? No patient is seen here: ids, counts, times."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import InputError, NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author
from orchestrator.web.forms import Sent
from orchestrator.web.pages import Entry, gettext, moments_of, render

ENTRY = Entry("/operations", "Operations", Action.OPERATE)
router = APIRouter(include_in_schema=False)
_PAGE = 50
Cursor = Annotated[str | None, Query(max_length=600)]


@router.get("/operations", dependencies=needs(Action.OPERATE))
def operations(request: Request, dead: Cursor = None, waiting: Cursor = None) -> Response:
    """Return how things stand. dead, waiting: cursors behind which the lists of letters go on."""
    return _page(request, dead=dead, waiting=waiting)


@router.post("/operations/resend", dependencies=needs(Action.OPERATE))
def resend(request: Request, form: Sent) -> Response:
    """Have a dead letter sent again, or all of them."""
    outgoing, by, wards = system_of(request).outgoing, _author(request), principal(request).wards(Action.OPERATE)
    try:
        if form["all"]:
            outgoing.resend_all(by, wards=wards)
        else:
            outgoing.resend(by, form["delivery"], wards=wards)
    except (InputError, NotFound) as error:
        return _page(request, status=422, problem=str(error))
    return RedirectResponse("/operations", 303)


@router.post("/operations/drop", dependencies=needs(Action.OPERATE))
def drop(request: Request, form: Sent) -> Response:
    """Take over a dead letter: it is not sent; who took it over, and why, stays on record."""
    by, wards = _author(request), principal(request).wards(Action.OPERATE)
    try:
        system_of(request).outgoing.drop(by, form["delivery"], form["reason"], wards=wards)
    except (InputError, NotFound) as error:
        return _page(request, status=422, problem=str(error), typed={form["delivery"]: form["reason"]})
    return RedirectResponse("/operations", 303)


def _author(request: Request) -> Author:
    who = principal(request)
    return Author(who.actor_id, who.role_for(Action.OPERATE))


def _page(
    request: Request,
    *,
    dead: str | None = None,
    waiting: str | None = None,
    status: int = 200,
    problem: str = "",
    typed: dict[str, Any] | None = None,
) -> Response:
    """Return the page. typed: the reasons that were typed, by letter, where one was refused."""
    system = system_of(request)
    banner, wards = serving(request).banner(), principal(request).wards(Action.OPERATE)
    told = system.overview.operations.show(wards)
    return render(
        request,
        "operations/operations.html",
        status=status,
        told=told,
        wall=moments_of(request, told["figures"]["wall"]),
        dead=system.outgoing.page(dead=True, after=dead, limit=_PAGE, wards=wards),
        waiting=system.outgoing.page(after=waiting, limit=_PAGE, wards=wards),
        problem=gettext(request, problem) if problem else "",
        typed=typed or {},
        simulation=system.simulation,
        alarm=banner,
        fault=system.channels.fault,
    )
