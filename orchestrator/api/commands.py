"""The routes that change something: enrol, and one for each command; each is one transaction and one entry."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from orchestrator.api.answers import Done, answered
from orchestrator.api.bodies import (
    Acknowledge,
    Close,
    CommandBody,
    Complete,
    Confirm,
    Decline,
    Enrol,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
)
from orchestrator.api.caller import Entering, EpisodeId, Key, Said, Seen, acting, number_of
from orchestrator.api.needs import OnEpisode
from orchestrator.api.refusals import commanding
from orchestrator.api.strict import StrictRoute
from orchestrator.errors import NotAllowed
from orchestrator.http.needs import Needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.enrolment import EnrolRequest
from orchestrator.service.handlers import Request as Asked
from orchestrator.service.people.looking import Seen as Sighted
from orchestrator.service.people.principal import Action, Principal

Enrolling = Annotated[Principal, Depends(Needs(Action.ACT))]
PROBLEMS = commanding(
    {
        404: "There is no such episode or pathway.",
        409: "The key was used with another body, or the episode is closed.",
        412: "What the decision depends on has changed since If-Match.",
        413: "The body is too large.",
        422: "It does not fit, or is refused; a refusal is on the record.",
        503: "The store is busy or cannot be used. Ask again with the same key.",
    }
)
router = APIRouter(route_class=StrictRoute, tags=["commands"])


@router.post(
    "/episodes",
    status_code=201,
    summary="Enrol a patient",
    responses={201: {"model": Done}, **PROBLEMS},
)
def enrol(request: Request, body: Enrol, said: Entering, key: Key, who: Enrolling) -> Response:
    """Enrol a patient on the newest version of a pathway. He is found by his identifiers, or made new."""
    if not who.may(Action.ACT, body.ward):
        raise NotAllowed("you have no post on this ward: enrol on one of yours")
    actor = acting(who, said, Action.ACT, body.ward)
    identifiers = tuple(each.identifier() for each in body.identifiers)
    zone = body.timezone or serving(request).timezone
    wish = EnrolRequest(body.pathway, identifiers, body.ward, zone, actor, key)
    answer = system_of(request).enrolments.enrol(wish)
    place = f"{request.url.path}/{answer.episode_id}"
    return answered(request, answer, status=201, headers={"Location": place})


def _command(verb: str, summary: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    return router.post(
        f"/episodes/{{episode_id}}/{verb}", summary=summary, responses={200: {"model": Done}, **PROBLEMS}
    )


class Call(NamedTuple):
    """Everything of a command but its body."""

    request: Request
    episode_id: str
    said: Said
    sighted: Sighted
    key: str
    seen: str | None

    def execute(self, body: CommandBody) -> Response:
        """Carry the command out. Raises Problem when it is refused."""
        command = body.command()
        who, seen = principal(self.request), self.sighted
        actor = acting(who, self.said, Action.ACT, seen.posted, leading=bool(command.override))
        last = number_of(self.seen)
        asked = Asked(
            self.episode_id, command, actor, self.key, last, self.seen or "", wards=seen.wards(who), glass=seen.glass
        )
        return answered(self.request, system_of(self.request).handlers.execute(asked))


def _call(
    request: Request,
    episode_id: EpisodeId,
    said: Entering,
    key: Key,
    *,
    seen: Seen,
    sighted: Annotated[Sighted, Depends(OnEpisode(Action.ACT))],
) -> Call:
    return Call(request, episode_id, said, sighted, key, seen)


Calling = Annotated[Call, Depends(_call)]


@_command("record", "Record facts")
def record(call: Calling, body: Record) -> Response:
    """Record facts, all or none; null takes one back to unknown."""
    return call.execute(body)


@_command("confirm", "Confirm what is to be given")
def confirm(call: Calling, body: Confirm) -> Response:
    """Confirm regimens, with their parameters; pass gates with an override and a reason."""
    return call.execute(body)


@_command("give", "Record the next administration as given")
def give(call: Calling, body: Give) -> Response:
    """Record the next planned administration as given, now or at a moment that has passed."""
    return call.execute(body)


@_command("miss", "Record the next administration as missed")
def miss(call: Calling, body: Miss) -> Response:
    """Record the next planned administration as missed."""
    return call.execute(body)


@_command("decline", "Record the next administration as declined")
def decline(call: Calling, body: Decline) -> Response:
    """Record the next planned administration as declined by the patient."""
    return call.execute(body)


@_command("stop", "End a course")
def stop(call: Calling, body: Stop) -> Response:
    """End a course; pass gates with an override and a reason."""
    return call.execute(body)


@_command("retract", "Take back what was recorded in error")
def retract(call: Calling, body: Retract) -> Response:
    """Take back a fact, or a regimen's last administration; what was recorded stays in the record. Needs a reason."""
    return call.execute(body)


@_command("complete", "Complete a task")
def complete(call: Calling, body: Complete) -> Response:
    """Complete an open task."""
    return call.execute(body)


@_command("acknowledge", "Acknowledge a reminder")
def acknowledge(call: Calling, body: Acknowledge) -> Response:
    """Say that a person saw a reminder: it climbs no further. What it asks for is not done by that."""
    return call.execute(body)


@_command("close", "Close the episode")
def close(call: Calling, body: Close) -> Response:
    """Close the episode with an outcome; pass gates with an override and a reason."""
    return call.execute(body)
