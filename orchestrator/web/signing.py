"""How does a person come in, go, and choose a password? And how does the first one come to a store without anybody?"""

import logging
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, NotSignedIn
from orchestrator.http.needs import PRINCIPAL, Needs, needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.guessing import SLOW_DOWN
from orchestrator.service.people.halfway import CodeNeeded
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author
from orchestrator.web.browsers import keep_browser, whence_of
from orchestrator.web.door import SETTING_UP, drop_session, keep_session
from orchestrator.web.forms import Sent, inside
from orchestrator.web.pages import gettext, render
from orchestrator.web.provider import label
from orchestrator.web.waiting import ask_for_code
from orchestrator.wire.hosts import is_loopback

_log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
_IN_THE_CLEAR = "passwords are taken over HTTPS alone: open carepath by its https address, or have its proxy named"


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002  the address's own word
    """Ask for login and password; with no account in the store, show how to make the first."""
    if PRINCIPAL in request.scope:
        return RedirectResponse(inside(next), 303)
    if system_of(request).people.nobody():
        return RedirectResponse("/welcome", 303)
    return render(request, "sign-in.html", next=inside(next), login="", problem="", provider=label(request))


@router.post("/sign-in")
def sign_in(request: Request, form: Sent) -> Response:
    """Let a person in, or say that it did not fit; what was wrong is not told."""
    whence = whence_of(request)
    try:
        check_unread(request)
        found = system_of(request).signing.sign_in(form["login"], form["password"], whence)
    except CodeNeeded as needed:
        return ask_for_code(request, needed.token, inside(form["next"]))
    except NotSignedIn as error:
        _log.warning("a wrong password came from %s", whence.address, extra={"event": "wrong-password"})
        problem = gettext(request, str(error))
        shown: dict[str, Any] = {"next": inside(form["next"]), "login": form["login"], "provider": label(request)}
        return render(request, "sign-in.html", status=401, problem=problem, **shown)
    answer = RedirectResponse(_first_page(request, found.principal, inside(form["next"])), 303)
    keep_session(request, answer, found.token)
    keep_browser(request, answer, found.browser)
    return answer


def _first_page(request: Request, me: Principal, then: str) -> str:
    """Return where a person begins: whose second factor somebody took off is told so first."""
    if me.renew:
        return "/password"
    return SETTING_UP[0] if me.bare or system_of(request).factors.taken_off(me.actor_id) else then


@router.post("/sign-out", dependencies=[Depends(Needs(Action.KNOW))])
def sign_out(request: Request, form: Sent) -> Response:
    """End the session, here and in the store."""
    del form
    found = principal(request)
    if found.session is not None:
        system_of(request).signing.sign_out(found.session)
        serving(request).live.doubt(found.actor_id)
    answer = RedirectResponse("/sign-in", 303)
    drop_session(request, answer)
    return answer


@router.get("/welcome")
def welcome_page(request: Request) -> Response:
    """Say how to begin in a store without accounts."""
    if not system_of(request).people.nobody():
        return RedirectResponse("/sign-in", 303)
    return render(request, "welcome.html", typed={"login": "", "name": ""}, problem="")


@router.post("/welcome")
def welcome(request: Request, form: Sent) -> Response:
    """Make the first account, for whoever holds the administrator's token."""
    system = system_of(request)
    failures = serving(request).failures
    whence = whence_of(request)
    typed = {"login": form["login"], "name": form["name"]}
    try:
        check_unread(request)
        if failures.waits(whence.address):
            raise NotSignedIn(SLOW_DOWN)
        if system.access.principal(form["token"]) is None:
            failures.add(whence.address)
            raise NotSignedIn("this is not the administrator's token: carepath token makes a new one")
        system.people.first(login=form["login"], name=form["name"], password=form["password"])
        found = system.signing.sign_in(form["login"], form["password"], whence)
    except CarepathError as error:
        return render(request, "welcome.html", status=422, typed=typed, problem=gettext(request, str(error)))
    answer = RedirectResponse("/", 303)
    keep_session(request, answer, found.token)
    keep_browser(request, answer, found.browser)
    return answer


@router.get("/password", dependencies=needs(Action.KNOW))
def password_page(request: Request) -> Response:
    """Ask for another password."""
    return render(request, "password.html", problem="")


@router.post("/password", dependencies=needs(Action.KNOW))
def password(request: Request, form: Sent) -> Response:
    """Take another password from who knows the present one; every other session of that person ends."""
    me, system = principal(request), system_of(request)
    try:
        if form["password"] != form["again"]:
            raise NotSignedIn("the new password was typed in two ways: type it twice alike")
        system.signing.check_password(me, form["present"])
        by = Author(me.actor_id, me.role_for(Action.KNOW))
        system.people.set_password(by, me.actor_id, form["password"], keep=me.session)
    except CarepathError as error:
        return render(request, "password.html", status=422, problem=gettext(request, str(error)))
    return RedirectResponse("/", 303)


def check_unread(request: Request) -> None:
    """Raise NotSignedIn where others on the way could read a password: over plain HTTP from another machine."""
    host = request.client.host if request.client else ""
    if request.scope["scheme"] != "https" and not is_loopback(host):
        raise NotSignedIn(_IN_THE_CLEAR)
