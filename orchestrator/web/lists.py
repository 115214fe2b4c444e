"""Which list does an address ask for, and was it shown just now? What worklist, inbox and board share."""

from collections.abc import Mapping
from time import monotonic
from urllib.parse import urlencode

from fastapi import Request

from orchestrator.errors import InputError
from orchestrator.http.needs import principal
from orchestrator.web.door import BY_ITSELF, LIVE
from orchestrator.web.pages import moments_of

RECORDED_SECONDS = 300.0
"""A list that a page asks for anew by itself is on record again after so long."""
_REMEMBERED = 5000


class Lately:
    """Which lists did people see lately? So that a page which keeps itself up to date fills no record."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, bytes | None, str], float] = {}

    def again(self, request: Request, what: str, *, header: str = BY_ITSELF, seconds: float = RECORDED_SECONDS) -> bool:
        """Tell whether this list was on record just now, and is asked for anew by the page itself.

        header: which a page sends that asks by itself.   seconds: for so long a look counts as just now.
        """
        found, now = principal(request), monotonic()
        key = (found.actor_id, found.session, what)
        if header in request.headers and now - self._seen.get(key, -seconds) < seconds:
            return True
        self._seen.pop(key, None)
        self._seen[key] = now
        while len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False


def address(path: str, chosen: Mapping[str, str]) -> str:
    """Return an address with what was chosen, without what is empty."""
    kept = {name: value for name, value in chosen.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def choice(request: Request, name: str, among: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return what an address chooses, empty where it does not. Raises InputError for what there is not.

    A misspelt choice must not show an empty list, as if nothing were due.
    """
    given = request.query_params.get(name, "")
    if given and given not in among:
        raise InputError(f"there is no such {name}: known are {', '.join(among)}")
    return given


def live_address(request: Request, ward: str = "") -> str:
    """Return where a page listens for what changes from now on."""
    since = moments_of(request).now.isoformat()
    return address(LIVE, {"ward": ward, "since": since})
