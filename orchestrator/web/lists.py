"""Which list does an address ask for, and was it shown just now? What worklist, inbox and board share."""

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from urllib.parse import urlencode

from fastapi import Request

from orchestrator.errors import InputError
from orchestrator.http.needs import principal
from orchestrator.web.door import BY_ITSELF, LIVE
from orchestrator.web.look import record_list
from orchestrator.web.pages import moments_of

RECORDED_SECONDS = 300.0
"""A list that a page asks for anew by itself is on record again after so long, and at once when it shows another."""
_REMEMBERED = 5000


class Lately:
    """Which lists did people see lately? So that a page which keeps itself up to date fills no record."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, bytes | None, str], tuple[float, frozenset[str]]] = {}

    def record(
        self,
        request: Request,
        wards: Sequence[str],
        what: str,
        place: str,
        shown: Iterable[str],
        *,
        anew: bool | None = None,
        seconds: float = RECORDED_SECONDS,
    ) -> None:
        """Record a look at a list of wards, unless it is on record of just now and shows nobody else than it did then.

        what: which list.   place: its address.   shown: the episodes on it.   anew: the page asked for it by itself;
        None where a header says so.   seconds: for so long a look stands for those that follow.
        """
        found, now, episodes = principal(request), monotonic(), frozenset(shown)
        key = (found.actor_id, found.session, place)
        since, known = self._seen.get(key, (-seconds, frozenset[str]()))
        by_itself = BY_ITSELF in request.headers if anew is None else anew
        if by_itself and now - since < seconds and episodes <= known:
            return
        record_list(request, wards, what)
        self._seen.pop(key, None)
        self._seen[key] = (now, episodes)
        while len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]


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


def live_address(request: Request, ward: str) -> str:
    """Return where a page listens for what changes from now on."""
    since = moments_of(request).now.isoformat()
    return address(LIVE, {"ward": ward, "since": since})
