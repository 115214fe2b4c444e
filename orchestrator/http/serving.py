"""With what does a face serve? One system, and what its routes share; whoever has a request of it finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from orchestrator.bootstrap import System
from orchestrator.http.failures import Failures
from orchestrator.service.lookout import Banner

if TYPE_CHECKING:
    from orchestrator.http.live import Live


@dataclass(frozen=True)
class Serving:
    """What every face has; each adds what is its own.

    timezone: the hospital's, an IANA name.   banner: what everybody is to see now, if anything.
    live: who listens for changes.   failures: wrong passwords and tokens, counted by address.
    """

    system: System
    timezone: str
    banner: Callable[[], Banner | None]
    live: "Live"
    failures: Failures


def serving(request: Request) -> Serving:
    """Return with what the face serves that was asked."""
    found: Serving = request.app.state.serving
    return found


def system_of(request: Request) -> System:
    """Return the system over which the face stands that was asked."""
    return serving(request).system
