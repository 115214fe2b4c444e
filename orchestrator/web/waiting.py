"""What does a browser hold between password and code? A cookie of its own, for some minutes, that opens nothing."""

from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from orchestrator.service.people.halfway import WAITS

PAGE = "/sign-in/code"


def ask_for_code(request: Request, token: str, then: str) -> Response:
    """Lead a browser whose password was right to the page that asks for a code. then: an address of ours, for after."""
    answer = RedirectResponse(f"{PAGE}?next={quote(then, safe='/')}", 303)
    _keep(request, answer, token)
    return answer


def token_of(request: Request) -> str:
    """Return what the browser holds; empty for nothing."""
    return request.cookies.get(_name(request), "")


def forget(request: Request, response: Response) -> None:
    """Take it out of the browser: it was used, or is over."""
    _keep(request, response, "")


def _name(request: Request) -> str:
    return "__Host-carepath-step" if request.url.scheme == "https" else "carepath-step"


def _keep(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        _name(request), token, max_age=int(WAITS.total_seconds()) if token else 0, path="/",
        secure=request.url.scheme == "https", httponly=True, samesite="strict",
    )  # fmt: skip
