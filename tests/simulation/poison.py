"""What if an episode cannot be decided? The engine as it is, save for episodes whose alarm makes it fail."""

from datetime import datetime

from orchestrator.episode.commands import Actor, Command, Tick
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.model import Episode
from orchestrator.errors import Ambiguous
from orchestrator.pathway.model import Pathway
from orchestrator.service.engine import EpisodeEngine


class PoisonedEngine(EpisodeEngine):
    """Fails on the alarms of some episodes. poisoned: their ids, which others change."""

    def __init__(self, poisoned: set[str]) -> None:
        self._poisoned = poisoned

    def decide(
        self,
        pathway: Pathway,
        episode: Episode,
        command: Command,
        actor: Actor,
        now: datetime,
        *,
        unheld: frozenset[str] = frozenset(),
    ) -> Accepted | Refused:
        if isinstance(command, Tick) and episode.episode_id in self._poisoned:
            raise Ambiguous("two transitions are enabled at once")
        return super().decide(pathway, episode, command, actor, now, unheld=unheld)
