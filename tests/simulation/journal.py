"""What was asked, and what was answered? The same key must give the same answer, and an answer its entry."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.service.cause import cause_id
from orchestrator.service.handlers import Answer, Request

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass
class Asked:
    """One request with its key. unknown: whether a try ended without anybody knowing what became of it."""

    request: Request
    answers: list[Answer] = field(default_factory=list)
    unknown: bool = False

    @property
    def cause(self) -> str:
        request = self.request
        return cause_id(request.command.kind, request.actor.id, request.episode_id, request.key).hex()


class Journal:
    """What people remember of their requests."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.asked: dict[tuple[str, str], Asked] = {}

    def begun(self, request: Request) -> None:
        self.asked.setdefault((request.actor.id, request.key), Asked(request))

    def unknown(self, request: Request) -> None:
        self.asked[request.actor.id, request.key].unknown = True

    def answered(self, request: Request, answer: Answer) -> None:
        """Keep an answer; one that differs from the first is a fault."""
        found = self.asked[request.actor.id, request.key]
        self._world.hold(answer.episode_id == request.episode_id, f"{request.key} was answered for another episode")
        found.answers.append(answer)
        self._world.count("answers")
        first = found.answers[0]._replace(repeated=False)
        self._world.hold(first == answer._replace(repeated=False), f"two answers to {request.key}: {first}, {answer}")
        again = [each.repeated for each in found.answers]
        self._world.hold(again.count(False) <= 1, f"{request.key} was carried out twice")

    def of(self, episode_id: str) -> list[Asked]:
        """Return what was asked of an episode."""
        return [each for each in self.asked.values() if each.request.episode_id == episode_id]
