"""Where does a patient stand, what is proposed and why, what is missing, and what comes next? A patient's page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import Action
from orchestrator.web.account import Account
from orchestrator.web.bedside import head, parts, reminders_wanted
from orchestrator.web.look import EpisodeId, Looking, OnEpisode
from orchestrator.web.pages import render

router = APIRouter(include_in_schema=False)
Since = Annotated[int, Query(ge=0, le=10**9)]


@router.get("/episodes/{episode_id}")
def episode(
    request: Request, episode_id: EpisodeId, seen: Annotated[Seen, Depends(Looking(Action.SEE, "episode"))]
) -> Response:
    """Show a patient's page."""
    return show(request, episode_id, seen)


@router.get("/episodes/{episode_id}/explain")
def explain(
    request: Request, episode_id: EpisodeId, seen: Annotated[Seen, Depends(Looking(Action.SEE, "explain"))]
) -> Response:
    """Show why the patient goes no further: each guard, each clause, true, false or unknown."""
    system = system_of(request)
    whole = system.telling.whole(episode_id, reminders=0)
    template = "episode/erased.html" if whole.erased else "episode/explain.html"
    return render(request, template, explained=whole.explain(), **head(request, seen, whole))


@router.get("/episodes/{episode_id}/news")
def news(
    request: Request, episode_id: EpisodeId, seen: Annotated[Seen, Depends(OnEpisode(Action.SEE))], since: Since = 0
) -> Response:
    """Say that the page is no longer as it stands; nothing of the patient is shown, so it is no look at the record."""
    del seen
    system = system_of(request)
    last, at = system.telling.last(episode_id)
    return render(request, "episode/news.html", episode_id=episode_id, since=since, last=last, at=at)


def show(
    request: Request, episode_id: str, seen: Seen, *, account: Account | None = None, status: int = 200
) -> Response:
    """Return the page as it stands now. account: of what was not done; what was typed for it stays in its form.

    Whoever calls has recorded the look.
    """
    system = system_of(request)
    whole = system.telling.whole(episode_id, reminders=reminders_wanted(request))
    if whole.erased:
        return render(request, "episode/erased.html", status=status, **head(request, seen, whole))
    return render(request, "episode/page.html", status=status, **parts(request, seen, whole, account))
