"""Where is the patient with this number? The number travels in the body of a form, never in an address."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import System
from orchestrator.http.needs import needs, principal
from orchestrator.service.enrolment import Identifier
from orchestrator.service.people.principal import Action
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import wards_within
from orchestrator.web.pages import Entry, render

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/find", "Find", Action.SEE)
SYSTEM = "hospital-number"
"""Which number is meant unless another is named."""


@router.get("/find", dependencies=needs(Action.SEE))
def find_page(request: Request) -> Response:
    """Ask for a number."""
    return render(request, "episode/find.html", form=Form.empty(), usual=SYSTEM, found=None)


@router.post("/find", dependencies=needs(Action.SEE))
def find(request: Request, form: Sent) -> Response:
    """Open the patient's page, or show the episodes to choose from."""
    found = found_of(request, Identifier(form["system"] or SYSTEM, form["value"]))
    if len(found) == 1:
        return RedirectResponse(f"/episodes/{found[0]['episode_id']}", 303)
    return render(request, "episode/find.html", form=form, usual=SYSTEM, found=found)


def found_of(request: Request, identifier: Identifier) -> list[dict[str, Any]]:
    """Return the episodes of the patient with this number on the wards of who asks, newest first; the look is recorded.

    Each is a row of `Queries.episodes_of` with the title of its pathway.
    """
    system: System = request.app.state.system
    rows = [row for row in system.queries.episodes_of(identifier) if principal(request).may(Action.SEE, row["ward"])]
    if rows:
        wards_within(request, sorted({row["ward"] for row in rows}), "find")
    return [{**row, "title": system.pathway(row["version"]).title} for row in reversed(rows)]
