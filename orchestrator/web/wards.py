"""On which ward is a page opened? One that the person may see; who has but one is not asked."""

from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import NotFound
from orchestrator.web.look import wards_of, wards_within
from orchestrator.web.pages import render


def choose(request: Request, address: str, title: str) -> Response:
    """Lead to the page of the one ward that there is to see, or ask for which. title: of the page, to be translated."""
    wards = wards_of(request)
    if len(wards) == 1:
        return RedirectResponse(f"{address}/{quote(wards[0], safe='')}", 303)
    return render(request, "wards.html", wards=wards, address=address, heading=title)


def opened(request: Request, ward: str, what: str, *, record: bool = True) -> None:
    """Record that the lists of a ward are seen. Raises NotFound for one that is not, or not this person's.

    A misspelt ward must not look like one on which nothing is due.
    """
    if ward not in wards_of(request):
        raise NotFound("there is no such ward among yours")
    if record:
        wards_within(request, (ward,), what)
