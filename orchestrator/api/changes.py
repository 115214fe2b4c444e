"""When did something change? A stream of events for programs, which then ask for what they need."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from orchestrator.api.reads import Wards
from orchestrator.api.refusals import Answers, listing
from orchestrator.api.strict import StrictRoute
from orchestrator.http.live import MEDIA_TYPE, listen
from orchestrator.http.needs import needs
from orchestrator.service.people.principal import Action

_EXAMPLE = 'id: 3f0c9a417be25d68\nevent: changed\ndata: {"wards":["N2"]}\n\n'
_ANSWERS: Answers = {
    200: {
        "description": "Events `ready` and `changed`, until the token ends or the process does.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    **listing(
        {
            404: "There is no such episode, or ward of yours.",
            406: "The answer is a stream of events, which was not asked for.",
            503: "Too many listen already, or the store cannot be used.",
        }
    ),
}
router = APIRouter(route_class=StrictRoute, tags=["wards"])


@router.get("/changes", dependencies=needs(Action.SEE), response_class=Response, responses=_ANSWERS)
async def changes(
    request: Request,
    *,
    ward: Wards = (),
    episode: Annotated[
        str, Query(pattern=r"^([0-9a-f-]{36})?$", description="This episode alone, in place of wards.")
    ] = "",
    last_event_id: Annotated[str, Header(max_length=40, description="The id of the last event that came.")] = "",
) -> Response:
    """Tell at once when something changed on the caller's wards, or in one episode. No event holds a patient's data."""
    return await listen(request, ward, episode, last=last_event_id)
