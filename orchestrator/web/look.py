"""Whose page is this, and who looks? What `http.needs` has, for pages: the look is on record before it is shown."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from orchestrator.episode.commands import Actor
from orchestrator.http.needs import Needs, principal, wards_shown
from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Seen, Who
from orchestrator.service.people.principal import EVERYWHERE, Action, Principal

EpisodeId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


class OnEpisode(Needs):
    """A form that acts on an episode; its entry is the record. Raises NotAllowed and NotFound."""

    def __call__(self, request: Request, episode_id: EpisodeId) -> Seen:  # type: ignore[override]
        """Return whose episode it is."""
        found: Principal = super().__call__(request)
        system = system_of(request)
        seen = system.sight.check(found, episode_id, self.action)
        request.state.seen = seen
        return seen


class Looking(OnEpisode):
    """A page that shows something of an episode. Raises NotAllowed and NotFound."""

    def __init__(self, action: Action, what: str) -> None:
        super().__init__(action)
        self.what = what

    def __call__(self, request: Request, episode_id: EpisodeId) -> Seen:  # type: ignore[override]
        """Record the look, and return whose episode it is."""
        seen = super().__call__(request, episode_id)
        record_look(request, seen, episode_id, self.what, self.action)
        return seen


def record_look(request: Request, seen: Seen, episode_id: str, what: str, action: Action = Action.SEE) -> None:
    """Record that who asks looks at an episode. what: the page."""
    found = principal(request)
    system = system_of(request)
    who = Who(found.actor_id, found.role_for(action, seen.posted))
    system.sight.record(seen, who, episode_id, what)


def looking(what: str, action: Action = Action.SEE) -> list[Any]:
    """Return the dependencies of a page about an episode. what: which page."""
    return [Depends(Looking(action, what))]


def seen_by(request: Request) -> Seen | None:
    """Return whose episode a page or form is about, once that was checked; None where it is about none."""
    found: Seen | None = getattr(request.state, "seen", None)
    return found


def acting(request: Request, ward: str | None, *, role: str = "", leading: bool = False) -> Actor:
    """Return who acts on a ward: in the role that he chose, if he holds it there, or in his usual one.

    With a broken glass the roles count that he holds wherever he works.
    """
    found, seen = principal(request), seen_by(request)
    there = ward if seen is None else seen.posted
    chosen = role if role in found.roles(there) else found.role_for(Action.ACT, there, leading=leading)
    return Actor(found.actor_id, chosen, authenticated=True)


def wards_within(request: Request, asked: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the wards whose lists are shown, empty for all, and record who sees them. Raises NotFound."""
    wards = wards_shown(principal(request), asked)
    record_list(request, wards, what)
    return wards


def record_list(request: Request, wards: Sequence[str], what: str) -> None:
    """Record that who asks sees lists of wards, of all for none. what: which list."""
    found = principal(request)
    system = system_of(request)
    who = Who(found.actor_id, found.role_for(Action.SEE, wards[0] if len(wards) == 1 else None))
    system.sight.listed(who, wards or (EVERYWHERE,), what)


def wards_of(request: Request, action: Action = Action.SEE) -> list[str]:
    """Return the wards among which this person can choose, by name."""
    found = principal(request)
    own = found.wards(action)
    system = system_of(request)
    return system.people.wards() if own is None else sorted(own)
