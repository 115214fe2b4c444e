"""The routes about oneself that are no token's: language, where one is signed in, as whom one comes in."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from orchestrator.api.answers import paged
from orchestrator.api.people import PROBLEMS, READ, Calling, PersonId
from orchestrator.api.people_shapes import EndSessions, Identity, Sessions, SpeakTo, StaffDone
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.refusals import Answers
from orchestrator.api.strict import StrictRoute
from orchestrator.errors import Conflict, InputError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.cursor import cut
from orchestrator.service.people.principal import Action

router = APIRouter(route_class=StrictRoute, tags=["people"])
_OWN = needs(Action.KNOW)
_DONE: Answers = {200: {"model": StaffDone}, **PROBLEMS}
_LISTED: Answers = {200: {"model": Sessions}, **READ}


@router.post("/me/language", summary="Take another language", dependencies=_OWN, responses=_DONE)
def language(request: Request, call: Calling, body: SpeakTo) -> Response:
    """Have pages speak another language to the caller; empty: the hospital's."""
    by, own = call.author(Action.KNOW), _own(request)
    return call.carry_out(by, lambda: call.system.people.change(by, own, language=body.language))


@router.get("/me/sessions", dependencies=_OWN, responses=_LISTED)
def my_sessions(request: Request, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return where the caller is signed in with a browser."""
    return _listed(request, _own(request), after, limit)


@router.post("/me/sessions/end", summary="End sessions of one's own", dependencies=_OWN, responses=_DONE)
def end_my_sessions(request: Request, call: Calling, body: EndSessions) -> Response:
    """End where the caller is signed in with a browser: one session, or all."""
    by, own = call.author(Action.KNOW), _own(request)
    return call.carry_out(by, lambda: call.system.signing.end_sessions(by, own, body.session_id))


@router.post("/me/identities/end", summary="Take an identity of one's own away", dependencies=_OWN, responses=_DONE)
def unlink_mine(request: Request, call: Calling, body: Identity) -> Response:
    """Come in by an identity no longer; only where a password is left to come in by (409)."""
    by, own = call.author(Action.KNOW), _own(request)

    def work() -> None:
        if not call.system.people.person(own)["signs_in"]:
            raise Conflict("without a password you could come in no more: ask an administrator")
        call.system.linking.unlink(by, own, body.issuer, body.subject)

    return call.carry_out(by, work)


@router.get("/people/{person_id}/sessions", dependencies=needs(Action.PEOPLE), responses=_LISTED)
def sessions(request: Request, person_id: PersonId, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return where a person is signed in with a browser."""
    system_of(request).people.person(person_id)
    return _listed(request, person_id, after, limit)


def _own(request: Request) -> str:
    """Return the caller's own id. Raises InputError for the administrator's token."""
    who = principal(request)
    if who.asserts:
        raise InputError("the administrator's token is no person: ask with an account's own")
    return who.actor_id


def _listed(request: Request, person_id: str, after: str | None, limit: int) -> Response:
    found = system_of(request).signing.sessions(person_id)
    rows = [{name: each[name] for name in ("session_id", "made_at", "seen_at")} for each in found]
    return paged(request, "sessions", cut(rows, lambda each: (each["made_at"], each["session_id"]), after, limit))
