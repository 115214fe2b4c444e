"""Is this a browser with which somebody came in before? A cookie of its own says so, which opens nothing.

It stays when people sign out: at a ward's computer it is everybody's who works there. What for: `people.guessing`.
"""

from fastapi import Request
from starlette.responses import Response

from orchestrator.service.people.guessing import KNOWN_FOR, Whence
from orchestrator.web.cookies import Cookie

_BROWSER = Cookie("carepath-browser", KNOWN_FOR)


def whence_of(request: Request) -> Whence:
    """Return whence somebody tries to come in."""
    address = request.client.host if request.client else "unknown"
    return Whence(address, _BROWSER.of(request.scope))


def keep_browser(request: Request, response: Response, token: str) -> None:
    """Have the browser say the next time that it was here before."""
    _BROWSER.keep(request.scope, response, token)
