"""When does a page ask anew? When it is told that something on its wards, or of its episode, has changed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from orchestrator.http.live import listen
from orchestrator.http.needs import needs
from orchestrator.service.people.principal import Action
from orchestrator.web.door import LIVE

router = APIRouter(include_in_schema=False)


@router.get(LIVE, dependencies=needs(Action.SEE))
async def live(
    request: Request,
    ward: Annotated[tuple[str, ...], Query(max_length=100)] = (),
    episode: Annotated[str, Query(pattern=r"^([0-9a-f-]{36})?$")] = "",
    since: datetime | None = None,
    last_event_id: Annotated[str, Header(max_length=40)] = "",
) -> Response:
    """Tell of changes as long as the session lasts. since: when the page was made that listens."""
    aware = since if since is not None and since.tzinfo is not None else None
    return await listen(request, ward, episode, last=last_event_id, since=aware)
