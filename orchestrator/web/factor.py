"""How does a person add an authenticator app, get codes for its loss, and remove it? With the own password again.

The secret and the codes are shown once, in the answer to the form that made them. What changes an app that is in use
takes a code of it besides: a session left open, with a password that was seen, changes nothing.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author, once
from orchestrator.web.again import check_again, code_of
from orchestrator.web.door import SETTING_UP
from orchestrator.web.forms import Form, Sent
from orchestrator.web.pages import gettext, render
from orchestrator.web.provider import label
from orchestrator.web.qr import qr_code

T = TypeVar("T")
PAGE = SETTING_UP[0]
router = APIRouter(include_in_schema=False, dependencies=needs(Action.KNOW))


@router.get(PAGE)
def factor_page(request: Request) -> Response:
    """Show whether there is a second factor, and what can be done about it."""
    return _shown(request)


@router.post(f"{PAGE}/start")
def start(request: Request, form: Sent) -> Response:
    """Make a secret for an app, and show it this once; it counts from the first right code on."""
    try:
        check_again(request, form["present"])
        made = system_of(request).factors.start(principal(request))
    except CarepathError as error:
        return _shown(request, gettext(request, str(error)), "start")
    return render(request, "factor-new.html", qr=qr_code(made.address), letters=made.letters, problem="")


@router.post(f"{PAGE}/confirm")
def confirm(request: Request, form: Sent) -> Response:
    """Have the app count from now on, and show the codes for its loss this once."""
    system, me = system_of(request), principal(request)
    try:
        codes = once(lambda: system.factors.confirm(_author(request, form), me, form["code"]))
    except NotFound as error:  # it waited too long
        return _shown(request, gettext(request, str(error)), "start")
    except CarepathError as error:
        problem = gettext(request, str(error))
        return render(request, "factor-new.html", status=422, qr=None, letters="", problem=problem)
    return _codes(request, codes)


@router.post(f"{PAGE}/codes")
def renew(request: Request, form: Sent) -> Response:
    """Make new codes for the loss of the app, and show them this once; the old ones are good no more."""
    system, me = system_of(request), principal(request)
    try:
        codes = _with_code(request, form, lambda by, code: system.factors.renew(by, me, code))
    except CarepathError as error:
        return _shown(request, gettext(request, str(error)), "codes")
    return _codes(request, codes)


@router.post(f"{PAGE}/end")
def end(request: Request, form: Sent) -> Response:
    """Remove the app: from now on the password is enough, or another app is set up."""
    system, me = system_of(request), principal(request)
    try:
        _with_code(request, form, lambda by, code: system.factors.end(by, me, code))
    except CarepathError as error:
        return _shown(request, gettext(request, str(error)), "end")
    return RedirectResponse(PAGE, 303)


def _with_code(request: Request, form: Form, work: Callable[[Author, str], T]) -> T | None:
    """Do once what takes the own password and a code; None when it was done before. Raises CarepathError."""
    code = code_of(form)
    check_again(request, form["present"])
    return once(lambda: work(_author(request, form), code))


def _shown(request: Request, problem: str = "", place: str = "") -> Response:
    """Show the page. place: the form at which something went wrong."""
    system, me = system_of(request), principal(request)
    shown: dict[str, Any] = {
        "person": system.people.person(me.actor_id), "factor": system.factors.of(me.actor_id),
        "taken_off": system.factors.taken_off(me.actor_id), "provider": label(request), "place": place,
    }  # fmt: skip
    return render(request, "factor.html", status=422 if problem else 200, problem=problem, **shown)


def _codes(request: Request, codes: list[str] | None) -> Response:
    return render(request, "factor-codes.html", codes=codes or [])


def _author(request: Request, form: Form) -> Author:
    me = principal(request)
    return Author(me.actor_id, me.role_for(Action.KNOW), key=form["key"])
