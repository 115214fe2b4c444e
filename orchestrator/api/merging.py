"""The routes about which records are one patient's: shown, compared, merged, and that taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import Object, reply
from orchestrator.api.bodies import Body, Find, examples
from orchestrator.api.caller import EpisodeId, Said, Saying, acting, looking
from orchestrator.api.needs import Looking, OnEpisode
from orchestrator.api.once import Once
from orchestrator.api.patient_shapes import Compared, Patient, Separated
from orchestrator.api.refusals import commanding, reading, told
from orchestrator.api.strict import StrictRoute
from orchestrator.http.needs import principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Seen, Who
from orchestrator.service.people.merging import LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.principal import Action

_READ = reading({404: "There is no such episode."})
_PROBLEMS = commanding(
    {
        403: "A lead does this.",
        404: "There is no such episode, or no such record on the caller's wards.",
        409: "These two cannot be merged, or it was done before.",
        422: "There is no reason.",
    }
)
_CHANGED = told({412: "One was changed since they were compared."})
router = APIRouter(route_class=StrictRoute, tags=["patients"])
Showing = Annotated[Seen, Depends(Looking(Action.SEE, "patient"))]
Comparing = Annotated[Seen, Depends(Looking(Action.MERGE, "merge"))]
Merging = Annotated[Seen, Depends(OnEpisode(Action.MERGE))]
_Reason = Annotated[
    str,
    Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON, description="Why; it stands sealed in both records."),
]
_Record = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$", description="A record's patient_id.")]
_ID = "7d0c8a52-3f0e-4a1c-9a36-0d0f8f2f9a11"


class Merge(Body):
    model_config = {
        **Body.model_config,
        **examples({"replaced": _ID, "compared": "0" * 32, "reason": "same name, day of birth and address"}),
    }
    replaced: _Record
    compared: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="As comparing the two gave it.")]
    reason: _Reason


class Unmerge(Body):
    model_config = {**Body.model_config, **examples({"replaced": _ID, "reason": "two people of one name"})}
    replaced: _Record
    reason: _Reason


@router.get(
    "/episodes/{episode_id}/patient",
    summary="Show whose episode it is",
    responses={200: {"model": Patient}, **_READ},
)
def patient(request: Request, episode_id: EpisodeId, said: Saying, seen: Showing) -> Response:
    """Return an episode's patient: his records, where some were merged, their numbers, and his episodes."""
    who = _who(request, said, Action.SEE, seen)
    return reply(request, system_of(request).sight.person(principal(request), who, seen, episode_id))


@router.post(
    "/episodes/{episode_id}/merge/compare",
    summary="Compare two records",
    responses={200: {"model": Compared}, **_PROBLEMS},
)
def compare(request: Request, episode_id: EpisodeId, body: Find, said: Saying, seen: Comparing) -> Response:
    """Return an episode's patient and the one with a number side by side, before they are merged."""
    who = _who(request, said, Action.MERGE, seen)
    identifier = body.identifier.identifier()
    return reply(request, system_of(request).sight.compare(principal(request), who, episode_id, identifier))


@router.post(
    "/episodes/{episode_id}/merge",
    summary="Merge two records",
    responses={200: {"model": Patient}, **_PROBLEMS, **_CHANGED},
)
def merge(request: Request, episode_id: EpisodeId, body: Merge, once: Once, seen: Merging) -> Response:
    """Say that a record is the same patient's as that of an episode, which is kept. Nothing of either is moved."""
    sight, by, who = once.system.sight, once.author(Action.MERGE, seen.ward), principal(request)

    def work() -> Object:
        sight.merging.merge(who, by, episode_id, body.replaced, compared=body.compared, reason=body.reason)
        return sight.person(who, Who(by.id, by.role, by.asserted), seen, episode_id)

    return once.out(by, work)


@router.post(
    "/episodes/{episode_id}/unmerge",
    summary="Take a merge back",
    responses={200: {"model": Separated}, **_PROBLEMS},
)
def unmerge(request: Request, episode_id: EpisodeId, body: Unmerge, once: Once, seen: Merging) -> Response:
    """Take back that a record was replaced: both are as they were, each with what was enrolled under it."""
    sight, by, who = once.system.sight, once.author(Action.MERGE, seen.ward), principal(request)

    def work() -> Object:
        told = sight.merging.unmerge(who, by, episode_id, body.replaced, body.reason)
        return {**sight.person(who, Who(by.id, by.role, by.asserted), seen, episode_id), **told}

    return once.out(by, work)


def _who(request: Request, said: Said, action: Action, seen: Seen) -> Who:
    return looking(acting(principal(request), said, action, seen.posted))
