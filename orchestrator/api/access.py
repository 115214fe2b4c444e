"""The routes about who comes to a patient's record: in an emergency from another ward, and who has seen it.

To break the glass needs no Idempotency-Key: while it is broken, to break it again changes nothing.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import GlassBroken, GlassClosed, Looks, ProblemDetails, reply
from orchestrator.api.bodies import Body
from orchestrator.api.caller import EpisodeId, Said, Saying, acting
from orchestrator.api.needs import Looking, OnEpisode
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.strict import StrictRoute
from orchestrator.audit.seal import instant
from orchestrator.bootstrap import System
from orchestrator.http.needs import needs, principal
from orchestrator.service.people.glass import LASTS, LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.principal import Action
from orchestrator.service.people.sight import Seen, Who

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    403: {"model": ProblemDetails, "description": "Who asks works at no bedside."},
    404: {"model": ProblemDetails, "description": "There is no such episode."},
    409: {"model": ProblemDetails, "description": "Who asks sees this patient anyway."},
    415: {"model": ProblemDetails, "description": "The body is not JSON."},
    422: {"model": ProblemDetails, "description": "There is no reason."},
    503: {"model": ProblemDetails, "description": "The store is busy or cannot be used. Ask again."},
}
_READ: dict[int | str, dict[str, Any]] = {code: _PROBLEMS[code] for code in (404, 422, 503)}
router = APIRouter(route_class=StrictRoute)


class BreakGlass(Body):
    model_config = {**Body.model_config, "json_schema_extra": {"examples": [{"reason": "called to a cardiac arrest"}]}}
    reason: Annotated[
        str,
        Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON, description="Why; the patient's ward reads it."),
    ]


@router.post(
    "/episodes/{episode_id}/glass",
    status_code=201,
    dependencies=needs(Action.ACT),
    summary="Break the glass",
    tags=["access"],
    responses={201: {"model": GlassBroken}, **_PROBLEMS},
)
def break_glass(request: Request, episode_id: EpisodeId, body: BreakGlass, said: Saying) -> Response:
    """Open a patient of another ward in an emergency: for an hour, on record, and the ward's lead is told."""
    broken = _system(request).sight.glass.open(principal(request), _who(request, said), episode_id, body.reason)
    told = {"episode_id": broken.episode_id, "until": instant(broken.until), "repeated": broken.repeated}
    return reply(request, {**told, "seconds": int(LASTS.total_seconds())}, status=201)


@router.delete(
    "/episodes/{episode_id}/glass",
    summary="Mend the glass before its hour is over",
    tags=["access"],
    responses={200: {"model": GlassClosed}, 404: _PROBLEMS[404], 503: _PROBLEMS[503]},
)
def mend_glass(
    request: Request, episode_id: EpisodeId, said: Saying, seen: Annotated[Seen, Depends(OnEpisode(Action.SEE))]
) -> Response:
    """Let the broken glass let in no longer. Nothing is done where none is broken."""
    closed = seen.glass and _system(request).sight.glass.close(principal(request), _who(request, said), episode_id)
    return reply(request, {"episode_id": episode_id, "closed": closed})


@router.get(
    "/episodes/{episode_id}/looks",
    dependencies=[Depends(Looking(Action.AUDIT, "seen"))],
    tags=["access"],
    responses={200: {"model": Looks}, **_READ},
)
def looks(
    request: Request,
    episode_id: EpisodeId,
    *,
    lists: Annotated[bool, Query(description="With the wards' lists that showed the patient.")] = False,
    before: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return who has seen the patient's record, latest first, with the verdict on that record."""
    sight = _system(request).sight
    page = sight.looked.of(episode_id, lists=lists, before=before, limit=limit)
    faults = [{"seq": fault.seq, "what": fault.what} for fault in sight.faults(*sight.looked.chains_of(episode_id))]
    return reply(request, {"looks": page.rows, "before": page.after, "whole": not faults, "faults": faults})


def _system(request: Request) -> System:
    found: System = request.app.state.system
    return found


def _who(request: Request, said: Said) -> Who:
    actor = acting(principal(request), said, Action.ACT)
    return Who(actor.id, actor.role)
