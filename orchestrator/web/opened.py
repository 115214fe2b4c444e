"""What is behind the link of a message? One page, the same for whoever opens it, and for whatever it names.

Mail scanners, previews and strangers open links. So the page needs no token, asks no store, repeats nothing of the
address, and tells neither whom a notice is about nor whether there is one. To acknowledge is a request of its own, by
somebody who has signed in.
"""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

PREFIX = "/open/"
"""Every address that begins like this is open to all."""
_FOLDER = Path(__file__).parent / "templates"
_HEADERS = {"X-Robots-Tag": "noindex, nofollow", "Content-Language": "en"}

router = APIRouter(include_in_schema=False)


@router.api_route(PREFIX + "{notice:path}", methods=["GET", "HEAD"])
async def opened(request: Request) -> Response:
    """Return the page. What the address names is not even read."""
    banner = request.app.state.banner()
    return HTMLResponse(page(simulated=request.app.state.simulated, banner=banner and banner.text), headers=_HEADERS)


@cache
def page(*, simulated: bool, banner: str | None = None) -> str:
    """Return the page; that of a simulated store says so. banner: what everybody is to see now."""
    made = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
    return made.get_template("opened.html").render(simulated=simulated, banner=banner)
