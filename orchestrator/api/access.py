"""The routes about who comes to a patient's record: in an emergency from another ward, and who has seen it.

While the glass is broken, to break it again changes nothing, whatever the key.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import GlassBroken, GlassClosed, Looks, Object, paged
from orchestrator.api.bodies import Body, PatientIdentifier, examples
from orchestrator.api.caller import EpisodeId, looking
from orchestrator.api.needs import Looking
from orchestrator.api.once import Carrying, Once
from orchestrator.api.problems import Problem
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.refusals import commanding, listing, told
from orchestrator.api.strict import StrictRoute
from orchestrator.audit.seal import instant
from orchestrator.errors import NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.glass import LASTS, LONGEST_REASON, SHORTEST_REASON
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action

_PROBLEMS = commanding(
    {
        403: "Who asks works at no bedside.",
        404: "There is no such episode.",
        409: "Who asks sees this patient anyway, or the key was used with another request.",
        422: "There is no reason.",
    }
)
_READ = listing({404: "There is no such episode."})
router = APIRouter(route_class=StrictRoute)


class BreakGlass(Body):
    model_config = {**Body.model_config, "json_schema_extra": {"examples": [{"reason": "called to a cardiac arrest"}]}}
    reason: Annotated[
        str,
        Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON, description="Why; the patient's ward reads it."),
    ]


class BreakGlassTo(BreakGlass):
    model_config = examples(
        {"identifier": {"system": "hospital-number", "value": "0000001"}, "reason": "called to a cardiac arrest"}
    )
    identifier: PatientIdentifier


@router.post(
    "/episodes/{episode_id}/glass",
    status_code=201,
    dependencies=needs(Action.ACT),
    summary="Break the glass",
    tags=["access"],
    responses={201: {"model": GlassBroken}, **_PROBLEMS},
)
def break_glass(request: Request, episode_id: EpisodeId, body: BreakGlass, once: Once) -> Response:
    """Open a patient of another ward in an emergency: for an hour, on record, and the ward's lead is told."""
    who = _who(once)
    return once.out(who, lambda: _opened(once, request, who, episode_id, body.reason), status=201)


@router.post(
    "/glass",
    status_code=201,
    dependencies=needs(Action.ACT),
    summary="Break the glass to the patient with a number",
    tags=["access"],
    responses={201: {"model": GlassBroken}, **_PROBLEMS, **told({429: "Wait."})},
)
def break_glass_to(request: Request, body: BreakGlassTo, once: Once) -> Response:
    """Open a patient of another ward who is known by a number; whoever guesses numbers must wait (429)."""
    who, failures = _who(once), serving(request).failures
    if failures.waits(who.id):
        raise Problem(429, "too-many-failures", "Too many numbers that nobody has: wait a minute.")

    def work() -> Object:
        return _opened(once, request, who, once.system.sight.glass.find(body.identifier.identifier()), body.reason)

    try:
        return once.out(who, work, status=201)
    except NotFound:
        failures.add(who.id)
        raise


@router.delete(
    "/episodes/{episode_id}/glass",
    dependencies=needs(Action.SEE),
    summary="Mend the glass before its hour is over",
    tags=["access"],
    responses={200: {"model": GlassClosed}, **{code: _PROBLEMS[code] for code in (400, 404, 409, 422, 503)}},
)
def mend_glass(request: Request, episode_id: EpisodeId, once: Once) -> Response:
    """Let the broken glass let in no longer. Nothing is done where none is broken."""
    who, sight = _who(once), once.system.sight

    def work() -> Object:
        seen = sight.check(principal(request), episode_id, Action.SEE)  # a repeat comes when it lets in no longer
        closed = seen.glass and sight.glass.close(principal(request), who, episode_id)
        return {"episode_id": episode_id, "closed": closed}

    return once.out(who, work)


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
    sight = system_of(request).sight
    page = sight.looked.of(episode_id, lists=lists, before=before, limit=limit)
    faults = [{"seq": fault.seq, "what": fault.what} for fault in sight.faults(*sight.looked.chains_of(episode_id))]
    return paged(request, "looks", page, by="before", whole=not faults, faults=faults)


def _opened(once: Carrying, request: Request, who: Who, episode_id: str, reason: str) -> Object:
    broken = once.system.sight.glass.open(principal(request), who, episode_id, reason)
    told = {"episode_id": broken.episode_id, "until": instant(broken.until), "repeated": broken.repeated}
    return {**told, "seconds": int(LASTS.total_seconds())}


def _who(once: Carrying) -> Who:
    return looking(once.actor(Action.ACT))
