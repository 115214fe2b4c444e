"""The route that moves a patient to another ward of the house: the one command after which its episode may be gone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from orchestrator.api.answers import WardChanged, answered
from orchestrator.api.bodies import ChangeWard
from orchestrator.api.caller import Entering, EpisodeId, Key, Said, Seen, acting, number_of
from orchestrator.api.commands import PROBLEMS
from orchestrator.api.strict import StrictRoute
from orchestrator.bootstrap import System
from orchestrator.errors import NotFound
from orchestrator.http.needs import Needs
from orchestrator.http.serving import system_of
from orchestrator.service.handlers import Answer
from orchestrator.service.handlers import Request as Asked
from orchestrator.service.people.principal import Action, Principal

router = APIRouter(route_class=StrictRoute, tags=["commands"])
Giving = Annotated[Principal, Depends(Needs(Action.ACT))]


@router.post(
    "/episodes/{episode_id}/change-ward",
    summary="Move the patient to another ward",
    responses={200: {"model": WardChanged}, **PROBLEMS},
)
def change_ward(
    request: Request, episode_id: EpisodeId, body: ChangeWard, said: Entering, key: Key, *, seen: Seen, who: Giving
) -> Response:
    """Move the patient to another ward of the house, with every episode of his that is open on this one.

    Our care goes on: whoever leaves it is closed. Afterwards the episode is there for the receiving ward alone; who
    asks again with the same key gets the same answer all the same. Needs a reason.
    """
    system = system_of(request)
    asked = _asked(system, who, said, (episode_id, body, key, seen))
    answer = asked if isinstance(asked, Answer) else system.handlers.execute(asked)
    return answered(request, answer, more={"along": list(answer.along)})


def _asked(system: System, who: Principal, said: Said, wish: tuple[str, ChangeWard, str, str | None]) -> Asked | Answer:
    """Return what is asked; the first answer to who asks again and sees the patient no more. Raises NotFound."""
    episode_id, body, key, seen = wish
    command = body.command()
    try:
        sighted = system.sight.check(who, episode_id, Action.ACT)
    except NotFound:
        first = system.handlers.transfers.again(Asked(episode_id, command, acting(who, said, Action.ACT), key))
        if first is None:
            raise
        return first
    actor = acting(who, said, Action.ACT, sighted.posted)
    last = number_of(seen)
    return Asked(episode_id, command, actor, key, last, seen or "", wards=sighted.wards(who), glass=sighted.glass)
