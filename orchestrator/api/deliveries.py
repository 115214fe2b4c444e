"""The routes about what leaves the house: what waits, and what people do about dead letters.

A letter that is no longer dead is not sent again, nor dropped, a second time, whatever the key.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints, model_validator
from starlette.responses import Response

from orchestrator.api.answers import Deliveries, Dropped, Object, Resent, paged
from orchestrator.api.bodies import Body
from orchestrator.api.once import Once
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.refusals import commanding, listing
from orchestrator.api.strict import StrictRoute
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action

_PROBLEMS = commanding({404: "There is no such dead letter.", 409: "The key was used with another request."})
_PAGE = listing()
DeliveryId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,600}$")]
router = APIRouter(route_class=StrictRoute, tags=["deliveries"], dependencies=needs(Action.OPERATE))


class Resend(Body):
    """Either a delivery, or all, with the name of a route for those of that route."""

    delivery: Annotated[DeliveryId | None, Field(description="The id of a dead letter.")] = None
    all: Annotated[bool, Field(description="Every dead letter.")] = False
    route: Annotated[str | None, Field(max_length=40, description="With all: those of this route.")] = None

    @model_validator(mode="after")
    def _one_way(self) -> "Resend":
        if (self.delivery is None) != self.all or (self.route is not None and not self.all):
            raise ValueError("say a delivery, or all, and a route only with all")
        return self


class Drop(Body):
    delivery: Annotated[DeliveryId, Field(description="The id of a dead letter.")]
    reason: Annotated[str, Field(min_length=1, max_length=500, description="Why it need not be sent.")]


@router.get("/deliveries", responses={200: {"model": Deliveries}, **_PAGE})
def deliveries(
    request: Request,
    dead: Annotated[bool, Query(description="Dead letters alone.")] = False,
    after: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return what has not left the house yet: by which route, since when, how many tries, the last error."""
    page = system_of(request).outgoing.page(dead=dead, after=after, limit=limit, wards=_wards(request))
    return paged(request, "deliveries", page)


@router.post("/deliveries/resend", summary="Send dead letters again", responses={200: {"model": Resent}, **_PROBLEMS})
def resend(request: Request, body: Resend, once: Once) -> Response:
    """Have dead letters sent again, by their routes as they are configured now."""
    outgoing, by, wards = once.system.outgoing, once.author(Action.OPERATE), _wards(request)

    def work() -> Object:
        if body.delivery is None:
            return {"resent": outgoing.resend_all(by, body.route, wards=wards)}
        outgoing.resend(by, body.delivery, wards=wards)
        return {"resent": 1}

    return once.out(by, work)


@router.post("/deliveries/drop", summary="Take over a dead letter", responses={200: {"model": Dropped}, **_PROBLEMS})
def drop(request: Request, body: Drop, once: Once) -> Response:
    """Take over a dead letter: it is not sent; who took it over, and why, stays on record."""
    by, wards = once.author(Action.OPERATE), _wards(request)

    def work() -> Object:
        once.system.outgoing.drop(by, body.delivery, body.reason, wards=wards)
        return {"dropped": body.delivery, "by": by.id, "asserted": by.asserted}

    return once.out(by, work)


def _wards(request: Request) -> frozenset[str] | None:
    """Return the wards whose notices the caller may see to; None for all."""
    return principal(request).wards(Action.OPERATE)
