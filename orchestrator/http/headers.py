"""What does every answer carry, whichever face gives it?"""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from orchestrator.audit.seal import instant
from orchestrator.service.lookout import Banner

STORE, BANNER = "carepath-store", "carepath-banner"
_HSTS = "max-age=31536000; includeSubDomains"
_ALWAYS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def dress(
    headers: MutableHeaders, scope: Scope, *, policy: str, simulated: bool, banner: Callable[[], Banner | None]
) -> None:
    """Put on what every answer carries, unless it has its own. policy: the content security policy."""
    if scope["scheme"] == "https":
        headers["strict-transport-security"] = _HSTS
    for name, value in (*_ALWAYS.items(), ("content-security-policy", policy)):
        headers.setdefault(name, value)
    headers[STORE] = "simulated" if simulated else "real"
    if (found := banner()) is not None:
        headers[BANNER] = f"{found.code}; since={instant(found.since)}"
