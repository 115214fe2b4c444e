"""What does a ward see from across the room? Each patient by stage, what comes next, what is late.

The screen fetches itself anew. That somebody looks at it is on record when it is opened, and each quarter of an hour
that it stays open, and when somebody else comes onto it.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from orchestrator.http.needs import needs
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action
from orchestrator.web import wards
from orchestrator.web.pages import Entry, render
from orchestrator.web.serving import pages_of

ENTRY = Entry("/board", "Board", Action.SEE)
router = APIRouter(include_in_schema=False)
RECORDED_SECONDS = 900.0
"""After so long a look at a board that fetches itself anew is recorded again; at once when it shows another patient."""
ON_A_WALL = 4
"""So many patients of a stage fit on a screen that nobody scrolls; how many more there are is said."""


@router.get("/board", dependencies=needs(Action.SEE))
def choose(request: Request) -> Response:
    """Ask for which ward, where there are several."""
    return wards.choose(request, "/board", "Ward board")


@router.get("/board/{ward:path}", dependencies=needs(Action.SEE))
def board(
    request: Request,
    ward: str,
    screen: bool = False,
    stage: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Return a ward's board; that of one stage, a page at a time, where it is named. screen: for a wall."""
    system = system_of(request)
    again = "hx-request" in request.headers
    wards.opened(request, ward, "board", record=bool(stage))
    if stage:
        return render(request, "board/stage.html", ward=ward, board=system.overview.board.stage(ward, stage, page))
    found = system.overview.board.show(ward, ON_A_WALL if screen else None)
    shown = [patient["episode_id"] for each in found["stages"] for patient in each["patients"]]
    pages_of(request).lately.record(
        request, (ward,), "board", f"/board/{ward}", shown, anew=again, seconds=RECORDED_SECONDS
    )
    return render(request, "board/part.html" if again else "board/board.html", ward=ward, screen=screen, board=found)
