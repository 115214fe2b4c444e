"""How many alarms do people get, and how soon do they answer? What tires people is to be seen."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from orchestrator.http.needs import needs
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.principal import Action
from orchestrator.web import wards
from orchestrator.web.look import wards_of
from orchestrator.web.pages import Entry, render

ENTRY = Entry("/load", "Alarm load", Action.SEE)
router = APIRouter(include_in_schema=False)


@router.get("/load", dependencies=needs(Action.SEE))
def load(request: Request, ward: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Return what the roles and people of a ward were asked in the last day and week; of the first ward unless said."""
    system = system_of(request)
    there = wards_of(request)
    chosen = ward or next(iter(there), "")
    if not chosen:
        return render(request, "load/load.html", wards=there, ward="", load=None)
    wards.opened(request, chosen, "load")
    found = system.overview.load.show(chosen, ZoneInfo(serving(request).timezone))
    return render(request, "load/load.html", wards=there, ward=chosen, load=found)
