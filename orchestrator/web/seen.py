"""Who has seen this record? A page for the ward's lead and the auditor; to open it is on record too."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action
from orchestrator.web.look import EpisodeId, looking
from orchestrator.web.pages import render

router = APIRouter(include_in_schema=False)
_LIMIT = 100


@router.get("/episodes/{episode_id}/seen", dependencies=looking("seen", Action.AUDIT))
def seen(
    request: Request,
    episode_id: EpisodeId,
    lists: str = "",
    before: Annotated[str | None, Query(max_length=600)] = None,
) -> Response:
    """Show who looked at the patient's record, latest first, and whether that record is whole."""
    system = system_of(request)
    page = system.sight.looked.of(episode_id, lists=bool(lists), before=before, limit=_LIMIT)
    faults = system.sight.faults(*system.sight.looked.chains_of(episode_id))
    return render(request, "seen.html", episode_id=episode_id, page=page, lists=bool(lists), faults=faults)
