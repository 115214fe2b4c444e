"""How does a person come in who has a second factor? After the password comes a code, of the app or for its loss."""

import logging

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import InputError, NotSignedIn
from orchestrator.http.needs import PRINCIPAL
from orchestrator.http.serving import system_of
from orchestrator.service.people.codes import is_of_app
from orchestrator.web.again import code_of
from orchestrator.web.browsers import keep_browser, whence_of
from orchestrator.web.door import SETTING_UP, keep_session
from orchestrator.web.forms import Form, Sent, inside
from orchestrator.web.pages import gettext, render
from orchestrator.web.waiting import PAGE, forget, token_of

_log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)


@router.get(PAGE)
def code_page(request: Request, next: str = "/") -> Response:  # noqa: A002  the address's own word
    """Ask for a code, where a password was right some minutes ago."""
    if not system_of(request).factors.waits(token_of(request)):
        return RedirectResponse(inside(next) if PRINCIPAL in request.scope else "/sign-in", 303)
    return render(request, "code.html", next=inside(next), lost=False, problem="")


@router.post(PAGE)
def code(request: Request, form: Sent) -> Response:
    """Let in whose code this is; who came in by one for the loss of the app is led to where another is set up."""
    then, whence = inside(form["next"]), whence_of(request)
    try:
        found = system_of(request).factors.finish(token_of(request), code_of(form), whence)
    except InputError as error:
        return _asked(request, form, 422, gettext(request, str(error)))
    except NotSignedIn as error:
        _log.warning("a wrong code came from %s", whence.address, extra={"event": "wrong-code"})
        return _asked(request, form, 401, gettext(request, str(error)))
    if found.principal.renew:
        then = "/password"
    elif not is_of_app(code_of(form)):
        then = SETTING_UP[0]
    answer = RedirectResponse(then, 303)
    forget(request, answer)
    keep_session(request, answer, found.token)
    keep_browser(request, answer, found.browser)
    return answer


def _asked(request: Request, form: Form, status: int, problem: str) -> Response:
    lost = bool(form["recovery"])
    return render(request, "code.html", status=status, next=inside(form["next"]), lost=lost, problem=problem)
