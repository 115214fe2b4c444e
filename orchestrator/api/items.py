"""The routes about who has taken an open item upon himself. Nothing of it is clinical.

Whoever takes an item over names who has it, so that nobody takes it from a third: that is its precondition.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.api.answers import Claim, Object, Reply, Taken, reply
from orchestrator.api.bodies import Body, Moment, Name
from orchestrator.api.caller import ID_SHAPE, Saying, acting, looking
from orchestrator.api.once import Carrying, Once
from orchestrator.api.problems import Problem
from orchestrator.api.refusals import commanding
from orchestrator.api.strict import StrictRoute
from orchestrator.episode.commands import moment
from orchestrator.errors import Claimed, NotAllowed
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action
from orchestrator.service.worklist.rows import ItemId

_PROBLEMS = commanding({404: "There is no such open item.", 409: "Somebody else has taken it; `person_id` says who."})
PersonId = Annotated[str, Field(pattern=ID_SHAPE)]
Why = Annotated[str, Field(max_length=1000, description="Sealed with the patient's key.")]
router = APIRouter(route_class=StrictRoute, tags=["items"], dependencies=needs(Action.ACT))


class Item(Body):
    """An open item, as the worklist names it."""

    episode_id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    kind: Name
    key: Name


class Standing(Reply):
    """Who has an open item, and what can be done with it.

    role, ward: who owes it, where.   colleagues: to whom it could be handed over.   snooze_limit: null where it cannot
    be put off.
    """

    now: str
    role: str
    ward: str
    claim: Taken | None
    reason: str
    colleagues: list[Object]
    snooze_limit: str | None


class HandOver(Item):
    to: Annotated[PersonId, Field(description="A colleague who holds the item's role on the ward, or the caller's.")]
    reason: Why = ""


class TakeOver(Item):
    holder: Annotated[PersonId, Field(description="The colleague who has it.")]
    reason: Why = ""


class Snooze(Item):
    until: Annotated[Moment, Field(description="No later than it is due, four hours at most; null ends it.")]
    reason: Why = ""


@router.post("/items/claim", summary="Take an item", responses={200: {"model": Claim}, **_PROBLEMS})
def claim(request: Request, body: Item, once: Once) -> Response:
    """Take an open item upon oneself. Of two who do so at once one gets it; the other is told who has it (409)."""
    item, who = _asked(request, body, once)
    return _answered(once, who, lambda: once.system.claims.claim(item, who))


@router.post("/items/release", summary="Give an item back", responses={200: {"model": Claim}, **_PROBLEMS})
def release(request: Request, body: Item, once: Once) -> Response:
    """Give an item back to the ward."""
    item, who = _asked(request, body, once)
    return _answered(once, who, lambda: once.system.claims.release(item, who))


@router.post("/items/hand-over", summary="Hand an item over", responses={200: {"model": Claim}, **_PROBLEMS})
def hand_over(request: Request, body: HandOver, once: Once) -> Response:
    """Give an item to a colleague of the ward who holds the role that owes it, or the caller's."""
    item, who = _asked(request, body, once)
    known = not principal(request).asserts
    work = partial(once.system.claims.hand_over, item, who, body.to, reason=body.reason, known=known)
    return _answered(once, who, work)


@router.post("/items/take-over", summary="Take an item over", responses={200: {"model": Claim}, **_PROBLEMS})
def take_over(request: Request, body: TakeOver, once: Once) -> Response:
    """Take an item that a colleague has, who is named so that nobody takes it from a third."""
    item, who = _asked(request, body, once)
    work = partial(once.system.claims.take_over, item, who, body.holder, reason=body.reason)
    return _answered(once, who, work)


@router.post("/items/snooze", summary="Put an item off", responses={200: {"model": Claim}, **_PROBLEMS})
def snooze(request: Request, body: Snooze, once: Once) -> Response:
    """Let an item of one's own stand aside from one's own list for a while; it stays on the ward's."""
    item, who = _asked(request, body, once)
    until = None if body.until is None else moment(body.until, "until")
    return _answered(once, who, lambda: once.system.claims.snooze(item, who, until, body.reason))


@router.post("/items/look", summary="Look who could have an item", responses={200: {"model": Standing}, **_PROBLEMS})
def look(request: Request, body: Item, said: Saying) -> Response:
    """Return who has an item and why, to whom it could be handed, and until when it could be put off. It is a look."""
    system = system_of(request)
    seen = system.sight.check(principal(request), body.episode_id, Action.ACT)
    actor = acting(principal(request), said, Action.ACT, seen.posted)
    told = system.claims.look(ItemId(body.episode_id, body.kind, body.key), actor.role)
    system.sight.record(seen, looking(actor), body.episode_id, "item")
    return reply(request, told)


def _asked(request: Request, body: Item, once: Carrying) -> tuple[ItemId, Who]:
    """Return which item it is, and who asks. Raises NotFound and NotAllowed."""
    seen = once.system.sight.check(principal(request), body.episode_id, Action.ACT)
    if seen.glass:
        raise NotAllowed("who takes what upon himself is the affair of the patient's ward")
    return ItemId(body.episode_id, body.kind, body.key), looking(once.actor(Action.ACT, seen.ward))


def _answered(once: Carrying, who: Who, work: Callable[[], dict[str, Any]]) -> Response:
    try:
        return once.out(who, work)
    except Claimed as error:
        raise Problem(409, error.code, str(error), more={"person_id": error.person_id}) from None
