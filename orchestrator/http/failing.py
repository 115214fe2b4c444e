"""What of a failed request stands in the log? Of a defect where and of what kind; of a refusal who asked for what."""

import logging
import traceback

from starlette.types import Scope

from orchestrator.errors import NotAllowed
from orchestrator.http.needs import PRINCIPAL
from orchestrator.service.people.principal import Principal

_log = logging.getLogger(__name__)


def log_failure(error: Exception) -> None:
    """Say where it failed and with what kind of error; its text is left out, for it might hold a value."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
    places = " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    _log.error("a request failed with %s at %s", type(error).__name__, places, extra={"event": "request-failed"})


def log_refusal(scope: Scope, error: Exception) -> None:
    """Say who asked for what he may not: by ids, and by an address in which only opaque ids stand."""
    principal: Principal | None = scope.get(PRINCIPAL)
    if isinstance(error, NotAllowed):
        by = principal.actor_id if principal is not None else "nobody"
        place = "".join(each if each.isprintable() else "?" for each in scope["path"][:200])
        _log.warning("%s may not %s %s", by, scope["method"], place, extra={"event": "refused"})
