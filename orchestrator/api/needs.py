"""For which patient, on which wards may this route be asked? What `http.needs` has, and

Looking(Action.SEE, "timeline")                       an episode that the caller may see; the look is recorded
OnEpisode(Action.ACT)                                 an episode that the caller may act on
wards_within(principal, asked)                        lists of the caller's own wards
"""

from collections.abc import Sequence

from fastapi import Request

from orchestrator.api.caller import EpisodeId, Said, Saying, acting, looking
from orchestrator.http.needs import Needs, principal, wards_shown
from orchestrator.http.serving import system_of
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import EVERYWHERE, Action


class OnEpisode(Needs):
    """A route that acts on an episode; its entry is the record. Raises NotAllowed and NotFound."""

    def __call__(self, request: Request, episode_id: EpisodeId) -> Seen:  # type: ignore[override]
        found = super().__call__(request)
        system = system_of(request)
        return system.sight.check(found, episode_id, self.action)


class Looking(OnEpisode):
    """A route that shows something of an episode: the look is recorded before. Raises NotAllowed and NotFound."""

    def __init__(self, action: Action, what: str) -> None:
        super().__init__(action)
        self.what = what

    def __call__(self, request: Request, episode_id: EpisodeId, said: Saying) -> Seen:  # type: ignore[override]
        seen = super().__call__(request, episode_id)
        who = acting(principal(request), said, self.action, seen.posted)
        system = system_of(request)
        system.sight.record(seen, looking(who), episode_id, self.what)
        return seen


def wards_within(request: Request, said: Said, asked: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the wards whose lists are shown, empty for all, and record who sees them.

    what: which list. Raises NotFound for a ward that is not the caller's.
    """
    found = principal(request)
    wards = wards_shown(found, asked)
    ward = wards[0] if len(wards) == 1 else None
    who = acting(found, said, Action.SEE, ward)
    system = system_of(request)
    system.sight.listed(looking(who), wards or (EVERYWHERE,), what)
    return wards
