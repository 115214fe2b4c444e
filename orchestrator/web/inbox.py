"""What was told to whom, and who has answered? Notices to one's own roles, latest first."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from orchestrator.errors import InputError
from orchestrator.http.needs import needs, principal, wards_shown
from orchestrator.http.serving import system_of
from orchestrator.notify.wording import of_kind
from orchestrator.service.people.principal import AT_THE_BEDSIDE, Action
from orchestrator.service.worklist.agenda import Agenda
from orchestrator.web.lists import address, choice, live_address
from orchestrator.web.look import wards_of
from orchestrator.web.pages import Entry, render
from orchestrator.web.serving import pages_of

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/inbox", "Inbox", Action.SEE)
SIZE = 30
VIEWS = {"role": "To my roles", "ward": "To everybody of my ward"}


@router.get(ENTRY.address, dependencies=needs(Action.SEE))
def inbox(request: Request) -> Response:
    """Show what was told."""
    system = system_of(request)
    given, held = request.query_params, principal(request).roles()
    view = choice(request, "view", VIEWS) or ("role" if held & AT_THE_BEDSIDE else "ward")
    ward, before = given.get("ward", ""), given.get("before", "")
    if len(ward) > 200 or len(before) > 300:
        raise InputError("this address leads nowhere: begin at the first page")
    here = address(ENTRY.address, {"view": view, "ward": ward, "before": before})
    wards = wards_shown(principal(request), (ward,) if ward else ())
    roles = tuple(sorted(principal(request).roles(ward or None))) if view == "role" else ()
    page = system.queries.inbox(wards=wards, roles=roles, before=before or None, limit=SIZE)
    shown = [row["episode_id"] for row in page.rows]
    pages_of(request).lately.record(request, wards, f"inbox, {view}", here, shown)
    rows = Agenda(system.desk, system.identities).notices(page.rows)
    return render(
        request, "inbox.html", rows=rows, view=view, views=VIEWS, ward=ward, wards=wards_of(request), here=here,
        addresses={each: address(ENTRY.address, {"view": each, "ward": ward}) for each in VIEWS},
        more=address(ENTRY.address, {"view": view, "ward": ward, "before": page.after}) if page.after else "",
        kinds={row["kind"]: of_kind(row["kind"]) for row in rows}, live=live_address(request, ward),
        done=given.get("done", ""), entry=given.get("entry", ""),
    )  # fmt: skip
