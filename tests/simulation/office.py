"""What else is done on a ward? Patients move, items are taken, records merged, held, erased, the glass broken.

One lead of every ward, who is auditor and administrator too, and one doctor of another house who has no post here. What
they do is drawn; that much of it is refused is as it is in life. Each act is tried until it is known what became of it.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from orchestrator.bootstrap import System
from orchestrator.episode.commands import Actor, ChangeWard
from orchestrator.errors import CarepathError, StoreError
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import Request
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import EVERYWHERE, Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.worklist.rows import ItemId
from tests.simulation.process import Crash, Process

if TYPE_CHECKING:
    from tests.simulation.world import World

Act = Callable[[System], object]
WARDS = ("w-1", "w-2")
_DAY = 86_400.0
_SELDOM = 12.0
"""How many times as seldom as elsewhere something is done where years go by."""
_TRIES = 5
_POSTS = ("lead", "auditor", "administrator")
_LEAD = Principal("office-1", "Office One", frozenset((EVERYWHERE, role) for role in _POSTS))
_STRANGER = Principal("stranger-1", "Stranger One", frozenset({("w-9", "clinician")}))
PEOPLE = (_LEAD.actor_id, _STRANGER.actor_id)
"""Who has an account."""
_BY, _WHO, _STRANGE = Author("office-1", "lead"), Who("office-1", "lead"), Who("stranger-1", "clinician")


class Office:
    """Acts every few days, at one API process."""

    def __init__(self, world: "World", api: Process) -> None:
        self._world, self._api = world, api
        self._dice: Random = world.dice("office")
        self._asked = 0

    def live(self) -> None:
        """Act until the end."""
        dice, world = self._dice, self._world
        days = _DAY * (_SELDOM if world.plan.attended else 1.0)
        while True:
            world.scheduler.sleep(dice.uniform(0.1, 5) * days)
            if world.healed:
                return
            world.stay_away()
            if world.episodes:
                self._draw()(dice.choice(sorted(world.episodes)))

    def _draw(self) -> Callable[[str], None]:
        """Draw what is done next. Nobody is erased where years are to go by."""
        kept = (self._move, self._claim, self._claim, self._glass, self._merge)
        return self._dice.choice(kept if self._world.plan.attended else (*kept, self._erase))

    def _move(self, episode_id: str) -> None:
        self._asked += 1
        command = ChangeWard(reason="a reason", ward=self._dice.choice(WARDS), anyway=self._dice.random() < 0.8)
        request = Request(episode_id, command, Actor("office-1", "lead"), f"office {self._asked}")
        self._world.journal.begun(request)
        answer = self._until_known("change-ward", lambda system: system.handlers.execute(request), request)
        if answer is not None:
            self._world.journal.answered(request, answer)

    def _claim(self, _: str) -> None:
        listed = self._until_known("list", lambda system: system.queries.worklist(limit=20).rows)
        if not listed:
            return
        row = self._dice.choice(listed)
        item = ItemId(row["episode_id"], row["kind"], row["key"])
        until = self._world.scheduler.now + timedelta(hours=self._dice.uniform(0.1, 5))
        acts: list[tuple[str, Act]] = [
            ("claim", lambda system: system.claims.claim(item, _WHO)),
            ("snooze", lambda system: system.claims.snooze(item, _WHO, until, "a reason")),
            ("release", lambda system: system.claims.release(item, _WHO)),
            ("take-over", lambda system: system.claims.take_over(item, _STRANGE, "office-1")),
        ]
        for name, act in acts[: self._dice.randint(1, 4)]:
            self._until_known(name, act)

    def _glass(self, episode_id: str) -> None:
        self._until_known("break-glass", partial(_break, episode_id))
        self._world.scheduler.sleep(self._dice.uniform(0, 7200))
        self._world.stay_away()
        self._until_known("mend-glass", lambda system: system.sight.glass.close(_STRANGER, _STRANGE, episode_id))

    def _merge(self, episode_id: str) -> None:
        number = self._dice.randrange(self._world.plan.patients)
        other = Identifier("mrn", f"patient {number}")
        pair = self._until_known("compare", lambda system: system.sight.merging.compare(_LEAD, episode_id, other))
        if pair is None:
            return
        merge = partial(_merged, episode_id, pair["record"], pair["compared"])
        if self._until_known("merge", merge) is not None and self._dice.random() < 0.7:
            self._world.scheduler.sleep(self._dice.uniform(0, 20) * _DAY)
            self._world.stay_away()
            self._until_known("unmerge", partial(_unmerged, episode_id, pair["record"]))

    def _erase(self, episode_id: str) -> None:
        held = self._dice.random() < 0.3
        if held:
            self._until_known("hold", lambda system: system.sight.erasure.hold(_BY, episode_id, "a reason"))
        self._until_known("erase", lambda system: system.sight.erasure.erase(_BY, episode_id, "a reason", merged=True))
        if held:
            self._until_known("end-hold", lambda system: system.sight.erasure.end_hold(_BY, episode_id, "a reason"))

    def _until_known(self, name: str, act: Act, request: Request | None = None) -> Any:  # noqa: ANN401  what it returns
        """Try an act until it is answered; None where it is refused, or was tried too often."""
        world = self._world
        for _ in range(_TRIES):
            try:
                done = act(self._api.system)
            except Crash:
                self._api.crashed()
                if request is not None:
                    world.journal.unknown(request)
            except StoreError:
                pass  # nothing of it was written: it is tried again
            except CarepathError as error:
                world.tell("office", f"{name} is not taken: {error.code}")
                return None
            else:
                world.count(name)
                world.tell("office", f"{name} is done")
                return done or done is None
            world.scheduler.sleep(self._dice.uniform(1, 300))
        return None


def _break(episode_id: str, system: System) -> object:
    return system.sight.glass.open(_STRANGER, _STRANGE, episode_id, "a reason")


def _merged(episode_id: str, record: str, compared: str, system: System) -> None:
    system.sight.merging.merge(_LEAD, _BY, episode_id, record, compared=compared, reason="a reason")


def _unmerged(episode_id: str, record: str, system: System) -> object:
    return system.sight.merging.unmerge(_LEAD, _BY, episode_id, record, "a reason")
