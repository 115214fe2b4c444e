"""With what do the pages serve, besides what every face has?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from orchestrator.http.serving import Serving
from orchestrator.service.people.provider import Provider

if TYPE_CHECKING:
    from orchestrator.web.lists import Lately
    from orchestrator.web.pages import Menu


@dataclass(frozen=True)
class Pages(Serving):
    """What the pages share.

    provider: who else vouches for people who come in.   proofs: the folder of what was proved of pathways.
    lately: who has seen which list.   menu: what the head of every page leads to.
    """

    provider: Provider | None
    proofs: Path | None
    lately: "Lately"
    menu: "Menu"


def pages_of(request: Request) -> Pages:
    """Return with what the pages serve of which one was asked for."""
    found: Pages = request.app.state.serving
    return found
