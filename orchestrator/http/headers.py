"""What does every answer carry, whichever face gives it?"""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders

from orchestrator.audit.seal import instant
from orchestrator.service.lookout import Banner

STORE, BANNER = "carepath-store", "carepath-banner"
_ALWAYS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def dress(headers: MutableHeaders, *, policy: str, simulated: bool, banner: Callable[[], Banner | None]) -> None:
    """Put on what every answer carries, unless it has its own. policy: the content security policy."""
    for name, value in (*_ALWAYS.items(), ("content-security-policy", policy)):
        headers.setdefault(name, value)
    headers[STORE] = "simulated" if simulated else "real"
    if (found := banner()) is not None:
        headers[BANNER] = f"{found.code}; since={instant(found.since)}"
