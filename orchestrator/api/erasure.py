"""The routes about erasing a patient's record, and about keeping it from being erased.

They need no Idempotency-Key: what is done cannot be done a second time (409).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import Erased, Held, ProblemDetails, reply
from orchestrator.api.bodies import Body
from orchestrator.api.caller import EpisodeId, Said, Saying, acting
from orchestrator.api.needs import OnEpisode
from orchestrator.api.strict import StrictRoute
from orchestrator.bootstrap import System
from orchestrator.http.needs import principal
from orchestrator.service.people.accounts import Author
from orchestrator.service.people.erasure import LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.principal import Action
from orchestrator.service.people.sight import Seen

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    403: {"model": ProblemDetails, "description": "Another role does this."},
    404: {"model": ProblemDetails, "description": "There is no such episode."},
    409: {"model": ProblemDetails, "description": "An episode is open, the record is held, or it was done before."},
    415: {"model": ProblemDetails, "description": "The body is not JSON."},
    422: {"model": ProblemDetails, "description": "There is no reason."},
    503: {"model": ProblemDetails, "description": "The store is busy or cannot be used. Ask again."},
}
router = APIRouter(route_class=StrictRoute, tags=["erasure"])
Holding = Annotated[Seen, Depends(OnEpisode(Action.HOLD))]
Erasing = Annotated[Seen, Depends(OnEpisode(Action.ERASE))]


class Why(Body):
    model_config = {**Body.model_config, "json_schema_extra": {"examples": [{"reason": "request 2026-117"}]}}
    reason: Annotated[
        str,
        Field(
            min_length=SHORTEST_REASON,
            max_length=LONGEST_REASON,
            description="The request or the case, and nothing of the patient: it can never be erased.",
        ),
    ]


class WhyErase(Why):
    model_config = {
        **Body.model_config,
        "json_schema_extra": {"examples": [{"reason": "request 2026-117"}, {"reason": "case 7", "merged": True}]},
    }
    merged: Annotated[bool, Field(description="All records are meant that were merged into this patient.")] = False


@router.post("/episodes/{episode_id}/hold", summary="Hold a record", responses={200: {"model": Held}, **_PROBLEMS})
def hold(request: Request, episode_id: EpisodeId, body: Why, said: Saying, seen: Holding) -> Response:
    """Keep a patient's record from being erased, until the hold is ended."""
    system = _system(request)
    system.sight.erasure.hold(_author(request, said, Action.HOLD, seen.ward), episode_id, body.reason)
    return reply(request, system.sight.erasure.standing(episode_id))


@router.post("/episodes/{episode_id}/hold/end", summary="End a hold", responses={200: {"model": Held}, **_PROBLEMS})
def end_hold(request: Request, episode_id: EpisodeId, body: Why, said: Saying, seen: Holding) -> Response:
    """Let a patient's record be erased again."""
    system = _system(request)
    system.sight.erasure.end_hold(_author(request, said, Action.HOLD, seen.ward), episode_id, body.reason)
    return reply(request, system.sight.erasure.standing(episode_id))


@router.post("/episodes/{episode_id}/erase", summary="Erase a record", responses={200: {"model": Erased}, **_PROBLEMS})
def erase(request: Request, episode_id: EpisodeId, body: WhyErase, said: Saying, seen: Erasing) -> Response:
    """Destroy the key of an episode's patient: nobody can read any episode of his any more, for ever."""
    author, erasure = _author(request, said, Action.ERASE, seen.ward), _system(request).sight.erasure
    return reply(request, {"erased": erasure.erase(author, episode_id, body.reason, merged=body.merged)})


def _system(request: Request) -> System:
    found: System = request.app.state.system
    return found


def _author(request: Request, said: Said, action: Action, ward: str) -> Author:
    actor = acting(principal(request), said, action, ward)
    return Author(actor.id, actor.role)
