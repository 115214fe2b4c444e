"""With what does the API serve, besides what every face has?"""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from orchestrator.http.serving import Serving

if TYPE_CHECKING:
    from orchestrator.service.once import Once
    from orchestrator.service.readiness import Readiness


@dataclass(frozen=True)
class Api(Serving):
    """What the routes of the API share.

    ready: raises where the store cannot be used.   draining: set when the process was asked to end.
    once: what does a request with a key of its client's once.
    """

    ready: "Readiness"
    draining: threading.Event
    once: "Once"


def api_of(request: Request) -> Api:
    """Return with what the API serves that was asked."""
    found: Api = request.app.state.serving
    return found
