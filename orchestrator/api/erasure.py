"""The routes about erasing a patient's record, and about keeping it from being erased.

Whether a record is held has an entity tag: with If-Match nothing is done (412) when that changed since.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import Object, paged, reply
from orchestrator.api.bodies import Body
from orchestrator.api.caller import EpisodeId
from orchestrator.api.caller import Held as Had
from orchestrator.api.erasure_shapes import Erased, Held, Holds
from orchestrator.api.needs import OnEpisode
from orchestrator.api.once import Once
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.refusals import commanding, listing, reading
from orchestrator.api.strict import StrictRoute
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.once import state_tag
from orchestrator.service.people.erasure import LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import Action

_PROBLEMS = commanding(
    {
        403: "Another role does this.",
        404: "There is no such episode.",
        409: "An episode is open, the record is held, or it was done before.",
        412: "Somebody else held or erased it since If-Match.",
        422: "It does not fit, or there is no reason.",
    }
)
_READ = reading({404: "There is no such episode."})
router = APIRouter(route_class=StrictRoute, tags=["erasure"])
Knowing = Annotated[Seen, Depends(OnEpisode(Action.AUDIT))]
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


@router.get(
    "/episodes/{episode_id}/hold", summary="Whether a record is held", responses={200: {"model": Held}, **_READ}
)
def standing(request: Request, episode_id: EpisodeId, seen: Knowing) -> Response:
    """Return whether a patient's record is held, by whom and since when, and whether it was erased."""
    del seen
    told = system_of(request).sight.erasure.standing(episode_id)
    return reply(request, told, tag=state_tag(told))


@router.get(
    "/holds",
    summary="List holds",
    dependencies=needs(Action.HOLD),
    responses={200: {"model": Holds}, **listing()},
)
def holds(request: Request, before: Cursor = None, limit: Limit = 100) -> Response:
    """Return which records on the caller's wards are held, the latest first."""
    wards = principal(request).wards(Action.HOLD)
    page = system_of(request).sight.erasure.holds(wards, before=before, limit=limit)
    return paged(request, "holds", page, by="before")


@router.post("/episodes/{episode_id}/hold", summary="Hold a record", responses={200: {"model": Held}, **_PROBLEMS})
def hold(episode_id: EpisodeId, body: Why, once: Once, had: Had, seen: Holding) -> Response:
    """Keep a patient's record from being erased, until the hold is ended."""
    erasure, by = once.system.sight.erasure, once.author(Action.HOLD, seen.ward)

    def work() -> Object:
        erasure.hold(by, episode_id, body.reason)
        return erasure.standing(episode_id)

    return once.out(by, work, seen=had, state=lambda: erasure.standing(episode_id))


@router.post("/episodes/{episode_id}/hold/end", summary="End a hold", responses={200: {"model": Held}, **_PROBLEMS})
def end_hold(episode_id: EpisodeId, body: Why, once: Once, had: Had, seen: Holding) -> Response:
    """Let a patient's record be erased again."""
    erasure, by = once.system.sight.erasure, once.author(Action.HOLD, seen.ward)
    wards = once.wards(Action.HOLD)

    def work() -> Object:
        erasure.end_hold(by, episode_id, body.reason, wards=wards)
        return erasure.standing(episode_id)

    return once.out(by, work, seen=had, state=lambda: erasure.standing(episode_id))


@router.post("/episodes/{episode_id}/erase", summary="Erase a record", responses={200: {"model": Erased}, **_PROBLEMS})
def erase(episode_id: EpisodeId, body: WhyErase, once: Once, had: Had, seen: Erasing) -> Response:
    """Destroy the key of an episode's patient: nobody can read any episode of his any more, for ever."""
    erasure, by = once.system.sight.erasure, once.author(Action.ERASE, seen.ward)
    wards = once.wards(Action.ERASE)

    def work() -> Object:
        return {"erased": erasure.erase(by, episode_id, body.reason, merged=body.merged, wards=wards)}

    return once.out(by, work, seen=had, state=lambda: erasure.standing(episode_id))
