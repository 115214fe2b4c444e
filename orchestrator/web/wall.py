"""How does a board come onto a wall and stay there? The browser gives up its session, and keeps what shows it."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from orchestrator.errors import CarepathError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author, once
from orchestrator.service.people.signing import LONGEST_TOKEN
from orchestrator.service.people.walls import Walls
from orchestrator.web import wards
from orchestrator.web.again import check_own, has_password
from orchestrator.web.cookies import Cookie
from orchestrator.web.door import LIVE, drop_session
from orchestrator.web.forms import Sent
from orchestrator.web.pages import gettext, render

router = APIRouter(include_in_schema=False)
_WALL = Cookie("carepath-wall", LONGEST_TOKEN)


@router.get("/wall/{ward:path}", dependencies=needs(Action.SEE))
def wall_page(request: Request, ward: str) -> Response:
    """Say what it means to leave a board on a wall, and ask for the own password."""
    return _page(request, ward)


@router.post("/wall/{ward:path}", dependencies=needs(Action.SEE))
def put_up(request: Request, ward: str, form: Sent) -> Response:
    """Make this browser a screen that shows the ward's board: its session ends."""
    wards.opened(request, ward, "board", record=False)
    me, system = principal(request), system_of(request)
    by = Author(me.actor_id, me.role_for(Action.SEE, ward), key=form["key"])
    try:
        check_own(request, form["present"])
        kept = once(lambda: Walls(system.signing, system.keyring).put_up(by, me.actor_id, ward))
    except CarepathError as error:
        return _page(request, ward, gettext(request, str(error)), status=422)
    answer = RedirectResponse(f"/board/{quote(ward, safe='')}?screen=1", 303)
    if kept is not None:  # sent twice, the first answer has brought it
        _WALL.keep(request.scope, answer, kept)
        if me.session is not None:
            system.signing.sign_out(me.session)
        drop_session(request, answer)
    return answer


def knowing(walls: Walls) -> Callable[[Scope], Principal | None]:
    """Return what tells for whom a screen asks, where it asks for what it may see; None for anything else."""
    return partial(_asks, walls)


def _asks(walls: Walls, scope: Scope) -> Principal | None:
    """Return for whom a screen asks for its ward's board, or whether that has changed."""
    kept = _WALL.of(scope)
    if not kept or scope["method"] not in {"GET", "HEAD"} or not scope["path"].startswith((LIVE, "/board/")):
        return None
    found = walls.known(kept)
    asked = parse_qsl(scope["query_string"].decode("ascii", "replace"))
    if found is None:
        return None
    shown = scope["path"] == f"/board/{found.ward}" and asked == [("screen", "1")]
    heard = scope["path"] == LIVE and asked == [("ward", found.ward)]
    return found.principal if shown or heard else None


def _page(request: Request, ward: str, problem: str = "", *, status: int = 200) -> Response:
    wards.opened(request, ward, "board", record=False)
    return render(
        request, "board/wall.html", status=status, ward=ward, problem=problem, signs_in=has_password(request),
        days=LONGEST_TOKEN.days,
    )  # fmt: skip
