"""What does a browser hold between password and code? A cookie of its own, for some minutes, that opens nothing."""

from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from orchestrator.service.people.halfway import WAITS
from orchestrator.web.cookies import Cookie

PAGE = "/sign-in/code"
_STEP = Cookie("carepath-step", WAITS, samesite="strict")


def ask_for_code(request: Request, token: str, then: str) -> Response:
    """Lead a browser whose password was right to the page that asks for a code. then: an address of ours, for after."""
    answer = RedirectResponse(f"{PAGE}?next={quote(then, safe='/')}", 303)
    _STEP.keep(request.scope, answer, token)
    return answer


def token_of(request: Request) -> str:
    """Return what the browser holds; empty for nothing."""
    return _STEP.of(request.scope)


def forget(request: Request, response: Response) -> None:
    """Take it out of the browser: it was used, or is over."""
    _STEP.drop(request.scope, response)
