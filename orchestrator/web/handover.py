"""What does one shift hand over to the next? A sheet to read together, and to print."""

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from orchestrator.errors import InputError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.overview.shift import Span
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action
from orchestrator.web import wards
from orchestrator.web.pages import Entry, gettext, render

ENTRY = Entry("/handover", "Hand-over", Action.SEE)
router = APIRouter(include_in_schema=False)
LENGTHS = (8, 12)
"""Hours of the shifts that are offered, ending now; the first unless another is chosen."""
_FORM = "%Y-%m-%dT%H:%M"


@router.get("/handover", dependencies=needs(Action.SEE))
def choose(request: Request) -> Response:
    """Ask for which ward, where there are several."""
    return wards.choose(request, "/handover", "Hand-over")


@router.get("/handover/{ward:path}", dependencies=needs(Action.SEE))
def handover(
    request: Request,
    ward: str,
    *,
    begin: Annotated[str, Query(alias="from", max_length=40)] = "",
    end: Annotated[str, Query(alias="to", max_length=40)] = "",
    hours: Annotated[int, Query(ge=1, le=48)] = LENGTHS[0],
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Return the sheet of a shift: from one local time to another, or the last hours until now."""
    system = system_of(request)
    wards.opened(request, ward, "hand-over")
    zone = ZoneInfo(serving(request).timezone)
    now = system.overview.shifts.now().replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
    typed = {"from": begin, "to": end}
    try:
        until = _read(end, zone, now) if end else now
        span = Span(_read(begin, zone) if begin else until - dt.timedelta(hours=hours), until)
        found = principal(request)
        who = Who(found.actor_id, found.role_for(Action.SEE, ward))
        sheet = system.overview.shifts.sheet(who, ward, span, page)
    except InputError as error:
        problem = gettext(request, str(error))
        return render(request, "handover/none.html", status=422, ward=ward, typed=typed, problem=problem, hours=LENGTHS)
    typed = {"from": span.begin.astimezone(zone).strftime(_FORM), "to": span.end.astimezone(zone).strftime(_FORM)}
    names = {each["person_id"]: each["name"] for each in system.people.people()}
    return render(
        request, "handover/sheet.html", ward=ward, sheet=sheet, typed=typed, problem="", hours=LENGTHS, names=names
    )


def _read(text: str, zone: dt.tzinfo, now: dt.datetime | None = None) -> dt.datetime:
    """Return a local time as a form sends it, such as 2026-03-02T07:00, in UTC. Raises InputError.

    Of a time that clocks show twice the first is meant; with `now`, of a shift's end, the second once that is over, so
    that nothing is left out.
    """
    try:
        local = dt.datetime.strptime(text, _FORM).replace(tzinfo=zone)
    except ValueError:
        raise InputError("a shift begins and ends on a day at a time, such as 2026-03-02T07:00") from None
    first, second = (local.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    return max(first, second) if now is not None and second <= now else first
