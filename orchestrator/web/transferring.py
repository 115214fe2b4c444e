"""How is a patient moved to another ward from his page? By a form after which the page may not be there any more."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.episode.commands import Actor
from orchestrator.errors import InputError, NotFound
from orchestrator.http.needs import Needs
from orchestrator.http.serving import system_of
from orchestrator.service.handlers import Answer
from orchestrator.service.handlers import Request as Asked
from orchestrator.service.people.principal import Action, Principal
from orchestrator.web.acting import Wish
from orchestrator.web.bedside import zone_of
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import EpisodeId
from orchestrator.web.typed import CHANGE_WARD, command_of, key_of

router = APIRouter(include_in_schema=False)
Giving = Annotated[Principal, Depends(Needs(Action.ACT))]


@router.post(f"/episodes/{{episode_id}}/{CHANGE_WARD}")
def change_ward(request: Request, episode_id: EpisodeId, form: Sent, who: Giving) -> Response:
    """Move the patient, and go where the person still sees something. A form sent twice is done once."""
    system = system_of(request)
    try:
        seen = system.sight.check(who, episode_id, Action.ACT)
    except NotFound:
        first = _first(request, episode_id, form, who)
        if first is None or not first.accepted:
            raise
        return RedirectResponse(f"/worklist?done={CHANGE_WARD}&entry={first.seq}", 303)
    request.state.seen = seen
    return Wish(request, episode_id, seen, CHANGE_WARD, form, system.telling.pathway(episode_id)).answer()


def _first(request: Request, episode_id: str, form: Form, who: Principal) -> Answer | None:
    """Return the answer to the same form of the same person, who has moved the patient away by it; else None."""
    system = system_of(request)
    try:
        command = command_of(CHANGE_WARD, form, system.telling.pathway(episode_id), zone_of(request))
        asked = Asked(episode_id, command, Actor(who.actor_id, "", authenticated=True), key_of(form))
    except InputError:
        return None
    return system.handlers.transfers.again(asked)
