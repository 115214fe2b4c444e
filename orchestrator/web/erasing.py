"""How does an administrator erase a patient's record? By a number or an episode, a reason, and the own password again.

An administrator sees no patient, and these pages show none: how many episodes there are, and what keeps them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, StoreError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.erasure import LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author
from orchestrator.web.again import check_again, has_password
from orchestrator.web.finding import USUAL_SYSTEM, lead_to
from orchestrator.web.forms import Sent
from orchestrator.web.look import EpisodeId, OnEpisode
from orchestrator.web.pages import Entry, gettext, render

ENTRY = Entry("/erase", "Erasure", Action.ERASE)
router = APIRouter(include_in_schema=False)
Erasing = Annotated[Seen, Depends(OnEpisode(Action.ERASE))]


@router.get("/erase", dependencies=needs(Action.ERASE))
def find_page(request: Request) -> Response:
    """Ask for whose record to erase."""
    return _asked(request, {"what": "", "system": USUAL_SYSTEM})


@router.post("/erase", dependencies=needs(Action.ERASE))
def find(request: Request, form: Sent) -> Response:
    """Lead to the page about one record; who guesses numbers is slowed down."""
    return lead_to(request, form, Action.ERASE, "erase", _asked)


@router.get("/episodes/{episode_id}/erase")
def erase_page(request: Request, episode_id: EpisodeId, seen: Erasing) -> Response:
    """Say what would be destroyed and what would stay, or why the record cannot be erased now."""
    del seen
    return _one(request, episode_id)


@router.post("/episodes/{episode_id}/erase")
def erase(request: Request, episode_id: EpisodeId, form: Sent, seen: Erasing) -> Response:
    """Destroy the key of the episode's patient."""
    me, system = principal(request), system_of(request)
    author = Author(me.actor_id, me.role_for(Action.ERASE, seen.ward))
    try:
        check_again(request, form["password"])
        wards = me.wards(Action.ERASE)
        system.sight.erasure.erase(author, episode_id, form["reason"], merged=bool(form["merged"]), wards=wards)
    except StoreError:
        raise
    except CarepathError as error:
        return _one(request, episode_id, reason=form["reason"], problem=gettext(request, str(error)))
    return RedirectResponse(f"/episodes/{episode_id}/erase", 303)


def _asked(request: Request, typed: dict[str, str], *, problem: str = "") -> Response:
    return render(request, "erasure/find.html", status=422 if problem else 200, typed=typed, problem=problem)


def _one(request: Request, episode_id: str, *, reason: str = "", problem: str = "") -> Response:
    return render(
        request, "erasure/erase.html", status=422 if problem else 200, reason=reason, problem=problem,
        now=system_of(request).sight.erasure.standing(episode_id), shortest=SHORTEST_REASON, longest=LONGEST_REASON,
        has_password=has_password(request),
    )  # fmt: skip
