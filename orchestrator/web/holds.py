"""Which records may nobody erase at present, and why? Legal holds: an auditor places them, lists them and ends them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, StoreError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.erasure import LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author
from orchestrator.web.finding import USUAL_SYSTEM, lead_to
from orchestrator.web.forms import Sent
from orchestrator.web.look import EpisodeId, OnEpisode
from orchestrator.web.pages import Entry, gettext, render

ENTRY = Entry("/holds", "Legal holds", Action.HOLD)
router = APIRouter(include_in_schema=False)
Holding = Annotated[Seen, Depends(OnEpisode(Action.HOLD))]
_ROWS = 50


@router.get("/holds", dependencies=needs(Action.HOLD))
def holds(request: Request, before: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """List what is held on the own wards, the latest first, and ask for whose record to hold."""
    return _listed(request, before=before)


@router.post("/holds", dependencies=needs(Action.HOLD))
def find(request: Request, form: Sent) -> Response:
    """Lead to the page about one record."""
    return lead_to(request, form, Action.HOLD, "hold", _listed)


@router.get("/episodes/{episode_id}/hold")
def hold_page(request: Request, episode_id: EpisodeId, seen: Holding) -> Response:
    """Show whether a patient's record is held, and ask for the reason of a hold, or of its end."""
    del seen
    return _one(request, episode_id)


@router.post("/episodes/{episode_id}/hold")
def change(request: Request, episode_id: EpisodeId, form: Sent, seen: Holding) -> Response:
    """Hold the record, or end that."""
    me, system = principal(request), system_of(request)
    erasure, author = system.sight.erasure, Author(me.actor_id, me.role_for(Action.HOLD, seen.ward))
    try:
        if form["do"] == "end":
            erasure.end_hold(author, episode_id, form["reason"], wards=me.wards(Action.HOLD))
        else:
            erasure.hold(author, episode_id, form["reason"])
    except StoreError:
        raise
    except CarepathError as error:
        return _one(request, episode_id, reason=form["reason"], problem=gettext(request, str(error)))
    return RedirectResponse(f"/episodes/{episode_id}/hold", 303)


def _listed(
    request: Request, *, before: str | None = None, typed: dict[str, str] | None = None, problem: str = ""
) -> Response:
    wards = principal(request).wards(Action.HOLD)
    page = system_of(request).sight.erasure.holds(wards, before=before, limit=_ROWS)
    given = typed or {"what": "", "system": USUAL_SYSTEM}
    return render(
        request, "erasure/holds.html", status=422 if problem else 200, page=page, typed=given, problem=problem
    )


def _one(request: Request, episode_id: str, *, reason: str = "", problem: str = "") -> Response:
    return render(
        request, "erasure/hold.html", status=422 if problem else 200, reason=reason, problem=problem,
        now=system_of(request).sight.erasure.standing(episode_id), shortest=SHORTEST_REASON, longest=LONGEST_REASON,
    )  # fmt: skip
