"""Who sees to this? An open item is taken, handed over, put off or given back: nothing of it is clinical."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.audit.seal import instant
from orchestrator.episode.commands import moment
from orchestrator.errors import Claimed, Conflict, InputError, NotAllowed, NotFound
from orchestrator.http.needs import principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Seen, Who
from orchestrator.service.people.principal import Action
from orchestrator.service.worklist.agenda import Agenda
from orchestrator.service.worklist.rows import ItemId
from orchestrator.web.forms import Form, Sent, inside
from orchestrator.web.look import EpisodeId, OnEpisode, acting, looking, record_look
from orchestrator.web.pages import gettext, render

router = APIRouter(include_in_schema=False)
Handle = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
Acting = Annotated[Seen, Depends(OnEpisode(Action.ACT))]
_THERE = "/episodes/{episode_id}/items/{handle}"
_LIST = "/worklist"
_SNOOZES = (30, 60, 120, 180)
"""Minutes that are offered; and the longest that is allowed."""


@router.get(_THERE, dependencies=looking("item", Action.ACT))
def item(request: Request, episode_id: EpisodeId, handle: Handle) -> Response:
    """Show who sees to an item, and what can be done about that."""
    return _page(request, episode_id, handle, inside(request.query_params.get("back", ""), _LIST))


@router.post(_THERE + "/claim")
def claim(request: Request, episode_id: EpisodeId, handle: Handle, form: Sent, seen: Acting) -> Response:
    """Take an item upon oneself."""
    return _Wish(request, episode_id, handle, form, seen).do("claim", system_of(request).claims.claim)


@router.post(_THERE + "/release")
def release(request: Request, episode_id: EpisodeId, handle: Handle, form: Sent, seen: Acting) -> Response:
    """Give an item back to the ward."""
    return _Wish(request, episode_id, handle, form, seen).do("release", system_of(request).claims.release)


@router.post(_THERE + "/hand-over")
def hand_over(request: Request, episode_id: EpisodeId, handle: Handle, form: Sent, seen: Acting) -> Response:
    """Give an item to a colleague."""

    def work(item: ItemId, who: Who) -> dict[str, Any]:
        if not form["to"]:
            raise InputError("choose a colleague")
        return system_of(request).claims.hand_over(item, who, form["to"], reason=form["reason"])

    return _Wish(request, episode_id, handle, form, seen).do("hand-over", work)


@router.post(_THERE + "/take-over")
def take_over(request: Request, episode_id: EpisodeId, handle: Handle, form: Sent, seen: Acting) -> Response:
    """Take an item that a colleague has: he is named, so that nobody takes it from a third."""

    def work(item: ItemId, who: Who) -> dict[str, Any]:
        return system_of(request).claims.take_over(item, who, form["holder"], reason=form["reason"])

    return _Wish(request, episode_id, handle, form, seen).do("take-over", work)


@router.post(_THERE + "/snooze")
def snooze(request: Request, episode_id: EpisodeId, handle: Handle, form: Sent, seen: Acting) -> Response:
    """Put an item of one's own off for a while; with no moment it is back at once."""

    def work(item: ItemId, who: Who) -> dict[str, Any]:
        until = moment(form["until"], "until") if form["until"] else None
        return system_of(request).claims.snooze(item, who, until, form["reason"])

    return _Wish(request, episode_id, handle, form, seen).do("snooze", work)


class _Wish:
    """What a form asks for."""

    def __init__(self, request: Request, episode_id: str, handle: str, form: Form, seen: Seen) -> None:
        self._request, self._episode_id, self._handle = request, episode_id, handle
        self._form, self._seen = form, seen

    def do(self, verb: str, work: Callable[[ItemId, Who], dict[str, Any]]) -> Response:
        """Do it and go back to the list, or tell why not, with what was typed."""
        request, form, back = self._request, self._form, inside(self._form["back"], _LIST)
        if self._seen.glass:
            raise NotAllowed("who takes what upon himself is the affair of the patient's ward")
        actor = acting(request, self._seen.ward, role=form["role"])
        try:
            work(system_of(request).claims.find(self._episode_id, self._handle), Who(actor.id, actor.role))
        except (Conflict, InputError) as error:
            status = 409 if isinstance(error, Conflict) else 422
            record_look(request, self._seen, self._episode_id, "item")
            typed = {name: form[name] for name in ("reason", "to", "until")}
            return _page(
                request, self._episode_id, self._handle, back, status=status, problem=_said(request, error), verb=verb,
                typed=typed,
            )  # fmt: skip
        return RedirectResponse(back, 303)


def _said(request: Request, error: Exception) -> str:
    if isinstance(error, Claimed):
        return gettext(request, "%(name)s has taken this meanwhile.") % {"name": error.name}
    return gettext(request, str(error))


def _page(
    request: Request, episode_id: str, handle: str, back: str, *, status: int = 200, problem: str = "", verb: str = "",
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    system = system_of(request)
    found = system.claims.find(episode_id, handle)
    rows = system.queries.worklist(episode=episode_id, limit=500).rows
    row = next((each for each in rows if (each["kind"], each["key"]) == found[1:]), None)
    if row is None:
        raise NotFound("this is not open any more: somebody has seen to it, or it is no longer wanted")
    look = system.claims.look(found, principal(request).role_for(Action.ACT, row["ward"]))
    return render(
        request, "item.html", status=status, row=Agenda(system.desk, system.identities).items([row])[0], look=look,
        back=back, problem=problem, verb=verb, typed=typed or {"reason": "", "to": "", "until": ""},
        moments_of_snooze=_moments(look["now"], look["snooze_limit"]),
    )  # fmt: skip


def _moments(now: str, limit: str | None) -> list[str]:
    """Return until when something can be put off: some round spans, and the longest."""
    if limit is None:
        return []
    last, first = datetime.fromisoformat(limit), datetime.fromisoformat(now)
    spans = [first + timedelta(minutes=each) for each in _SNOOZES]
    return [instant(each) for each in spans if each < last] + [limit]
