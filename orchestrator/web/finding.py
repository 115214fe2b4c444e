"""Where is the patient with this number? The number travels in the body of a form, never in an address."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, NotFound, StoreError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.enrolment import Identifier
from orchestrator.service.people.principal import Action
from orchestrator.web.again import check_pace, count_failure
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import wards_within
from orchestrator.web.pages import Entry, gettext, render

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/find", "Find", Action.SEE)
USUAL_SYSTEM = "hospital-number"
"""Which number is meant unless another is named."""
_EPISODE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@router.get("/find", dependencies=needs(Action.SEE))
def find_page(request: Request) -> Response:
    """Ask for a number."""
    return render(request, "episode/find.html", form=Form.empty(), usual=USUAL_SYSTEM, found=None)


@router.post("/find", dependencies=needs(Action.SEE))
def find(request: Request, form: Sent) -> Response:
    """Open the patient's page, or show the episodes to choose from."""
    found = found_of(request, Identifier(form["system"] or USUAL_SYSTEM, form["value"]))
    if len(found) == 1:
        return RedirectResponse(f"/episodes/{found[0]['episode_id']}", 303)
    return render(request, "episode/find.html", form=form, usual=USUAL_SYSTEM, found=found)


def one_of(request: Request, form: Form, action: Action) -> str:
    """Return an episode of the patient whose number was typed, or the episode whose id was; the newest of several.

    For whoever may do this to a patient and see none: who guesses is slowed down. Raises NotFound and NotSignedIn.
    """
    check_pace(request)
    system = system_of(request)
    me, what = principal(request), form["what"]
    try:
        if _EPISODE.fullmatch(what):
            system.sight.check(me, what, action)
            return what
        rows = system.queries.episodes_of(Identifier(form["system"] or USUAL_SYSTEM, what)) if what else []
        return [str(row["episode_id"]) for row in rows if me.may(action, row["ward"])][-1]
    except (NotFound, IndexError):
        count_failure(request)
        raise NotFound("on your wards there is no patient with this number, and no such episode") from None


def lead_to(request: Request, form: Form, action: Action, page: str, ask: Callable[..., Response]) -> Response:
    """Lead to this page of the episode that was asked for; where there is none, ask again with what was typed."""
    try:
        episode_id = one_of(request, form, action)
    except StoreError:
        raise
    except CarepathError as error:
        typed = {"what": form["what"], "system": form["system"]}
        return ask(request, typed=typed, problem=gettext(request, str(error)))
    return RedirectResponse(f"/episodes/{episode_id}/{page}", 303)


def found_of(request: Request, identifier: Identifier) -> list[dict[str, Any]]:
    """Return the episodes of the patient with this number on the wards of who asks, newest first; the look is recorded.

    Each is a row of `Queries.episodes_of` with the title of its pathway.
    """
    system = system_of(request)
    rows = [row for row in system.queries.episodes_of(identifier) if principal(request).may(Action.SEE, row["ward"])]
    if rows:
        wards_within(request, sorted({row["ward"] for row in rows}), "find")
    return [{**row, "title": system.pathway(row["version"]).title} for row in reversed(rows)]
