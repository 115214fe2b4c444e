"""Is this a browser with which somebody came in before? A cookie of its own says so, which opens nothing.

It stays when people sign out: at a ward's computer it is everybody's who works there. What for: `people.guessing`.
"""

from fastapi import Request
from starlette.responses import Response

from orchestrator.service.people.guessing import KNOWN_FOR, Whence


def whence_of(request: Request) -> Whence:
    """Return whence somebody tries to come in."""
    address = request.client.host if request.client else "unknown"
    return Whence(address, request.cookies.get(_cookie_name(request), ""))


def keep_browser(request: Request, response: Response, token: str) -> None:
    """Have the browser say the next time that it was here before."""
    response.set_cookie(
        _cookie_name(request), token, max_age=int(KNOWN_FOR.total_seconds()), path="/",
        secure=request.url.scheme == "https", httponly=True, samesite="lax",
    )  # fmt: skip


def _cookie_name(request: Request) -> str:
    return "__Host-carepath-browser" if request.url.scheme == "https" else "carepath-browser"
