"""What is behind the link of a message? One page, the same for whoever opens it, and for whatever it names.

Mail scanners, previews and strangers open links. So the page needs no token, asks no store, repeats nothing of the
address, and tells neither whom a notice is about nor whether there is one. To acknowledge is a request of its own, by
somebody who has signed in.
"""

from functools import cache

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from orchestrator.http.serving import serving, system_of
from orchestrator.web import words
from orchestrator.web.pages import environment

PREFIX = "/open/"
"""Every address that begins like this is open to all."""
_HEADERS = {"X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language"}

router = APIRouter(include_in_schema=False)


@router.api_route(PREFIX + "{notice:path}", methods=["GET", "HEAD"])
async def opened(request: Request) -> Response:
    """Return the page, in a language that the browser asks for. What the address names is not even read."""
    banner, language = serving(request).banner(), words.chosen("", request.headers.get("accept-language", ""))
    shown = page(simulated=system_of(request).simulated, banner=banner and banner.text, language=language)
    return HTMLResponse(shown, headers={**_HEADERS, "Content-Language": language})


@cache
def page(*, simulated: bool, banner: str | None = None, language: str = words.OWN) -> str:
    """Return the page; that of a simulated store says so. banner: what everybody is to see now."""
    told = None if banner is None else words.catalogue(language).gettext(banner)
    return environment(language).get_template("opened.html").render(simulated=simulated, banner=told, language=language)
