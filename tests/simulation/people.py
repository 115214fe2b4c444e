"""Who works here, and how? A few characters, each on pages that the product gave, each asking again with the same key.

One is prompt, one forgets for weeks, one is never there at night, one clicks twice, one decides on yesterday's page,
one sends everything at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.bootstrap import System
from orchestrator.episode.commands import Actor
from orchestrator.errors import CarepathError, StoreError
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Request
from orchestrator.service.people.recording import Author
from orchestrator.service.rows import OutgoingId
from tests.simulation.choices import Chooser
from tests.simulation.office import WARDS
from tests.simulation.process import Crash, Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

HOUR, DAY = 3600.0, 86_400.0
_TRIES = 6
_AHEAD = timedelta(hours=12)
_EAGER = 0.01
"""How often somebody gives today what is planned for another day."""
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Character:
    """How a person works. rounds: seconds between two looks at the worklist.   at_once: items seen to in one round.

    thinks: seconds between reading a page and deciding on it.   twice: how often the button is hit again.
    passes_over: how many items are left for later.   nights: whether there at night.   at_a_time: whether one item is
    seen to before the next; else all of a round are sent at once.
    """

    name: str
    role: str
    rounds: tuple[float, float]
    at_once: int
    thinks: tuple[float, float]
    twice: float = 0.02
    passes_over: float = 0.0
    nights: bool = True
    whims: float = 0.03
    at_a_time: bool = True


CHARACTERS = (
    Character("prompt", "clinician", (2 * HOUR, 12 * HOUR), 6, (1, 60)),
    Character("forgetful", "lead", (3 * DAY, 40 * DAY), 8, (5, 600), passes_over=0.5),
    Character("by-day", "nurse", (8 * HOUR, 2 * DAY), 4, (1, 30), nights=False),
    Character("double-clicker", "lead", (12 * HOUR, 5 * DAY), 4, (0, 2), twice=0.7),
    Character("stale", "clinician", (DAY, 6 * DAY), 3, (HOUR, 3 * DAY), whims=0.1),
    Character("all-at-once", "lead", (DAY, 8 * DAY), 20, (0, 0.002), twice=0.1, at_a_time=False),
)


ATTENDING = (
    Character("prompt", "clinician", (2 * HOUR, 12 * HOUR), 20, (1, 60), whims=0.001),
    Character("steady", "lead", (12 * HOUR, 2 * DAY), 20, (1, 60), twice=0.1, whims=0.002),
)
"""Who works where all that is asked is answered."""


class Person:
    """One person at one screen, served by one API process."""

    def __init__(self, world: "World", character: Character, api: Process) -> None:
        self._world, self._character, self._api = world, character, api
        self._dice = world.dice(f"person {character.name}")
        self._actor = Actor(f"{character.name}-1", character.role)
        self._asked = 0
        self._nothing_to_do: tuple[object, datetime] = (None, world.scheduler.now)
        self._choosers = {
            each.name: Chooser(each, world.dice(f"chooser {character.name} {each.name}"), well=world.plan.attended)
            for each in world.base.library.pathways
        }

    def live(self) -> None:
        """Make rounds until the end."""
        dice, sleep = self._dice, self._world.scheduler.sleep
        while True:
            sleep(dice.uniform(*self._character.rounds) * self._world.plan.pace)
            if self._world.healed:
                return
            if self._character.nights or 7 <= self._world.scheduler.now.hour < 20:
                self._world.stay_away()
                self._round()

    def _round(self) -> None:
        if not self._looks_in_vain():
            self._see_to_all(self._call(lambda system: system.queries.worklist(limit=50).rows))
        if self._dice.random() < self._character.whims and self._world.episodes:
            self._see_to({"episode_id": self._dice.choice(sorted(self._world.episodes)), "kind": ""})
        if self._character.role == "lead":
            self._see_to_dead_letters()

    def _looks_in_vain(self) -> bool:
        """Tell whether the list is as it was when there was nothing to do yet. It is not fetched to find that again."""
        unchanged, until = self._nothing_to_do
        return self._world.scheduler.now < until and self._world.edition() == unchanged

    def _see_to_all(self, listed: list[dict[str, Any]] | None) -> None:
        if listed is None:
            return
        soon = self._world.scheduler.now + _AHEAD
        now_or_soon = [row for row in listed if not _is_for_later(row, soon) or self._dice.random() < _EAGER]
        if not now_or_soon:
            later = [datetime.fromisoformat(row["due_at"]) - _AHEAD for row in listed]
            self._nothing_to_do = self._world.edition(), min(later, default=_FOR_EVER)
        for row in now_or_soon[: self._character.at_once]:
            if self._dice.random() < self._character.passes_over:
                continue
            if self._character.at_a_time:
                self._see_to(row)
            else:
                self._world.scheduler.start_task(partial(self._see_to, row))

    def _see_to(self, row: dict[str, Any]) -> None:
        page = self._call(lambda system: system.queries.show(row["episode_id"]))
        if page is None:
            return
        self._world.scheduler.sleep(self._dice.uniform(*self._character.thinks))
        self._world.stay_away()
        chooser, now = self._choosers[page["pathway"]], self._world.scheduler.now
        if row["kind"]:
            command = chooser.answer(row["kind"], row["name"], row["key"], page, now)
        else:
            command = chooser.whim(page, now)
        seen = page["seq"] if self._dice.random() < 0.7 else None
        self._asked += 1
        request = Request(row["episode_id"], command, self._actor, f"{self._character.name} {self._asked}", seen)
        if self._dice.random() < self._character.twice:
            self._world.scheduler.start_task(partial(self._ask, request, 1), self._dice.uniform(0, 0.3))
        self._ask(request, _TRIES)

    def _ask(self, request: Request, tries: int) -> None:
        """Send a request, again and again while it is not known what became of it."""
        for attempt in range(tries):
            answer = self._once(request)
            if answer is not None:
                return
            self._world.scheduler.sleep(self._dice.choice((0.5, 5.0, 300.0)) * (attempt + 1))

    def _once(self, request: Request) -> object:
        journal, name = self._world.journal, self._character.name
        journal.begun(request)
        try:
            answer = self._api.system.handlers.execute(request)
        except Crash:
            self._api.crashed()
            journal.unknown(request)
            return None
        except StoreError:
            return None
        except CarepathError as error:
            self._world.tell(name, f"{request.command.kind} is not taken: {error.code}")
            return error
        self._world.tell(name, f"{request.command.kind}: {answer.code or 'done'}, entry {answer.seq}")
        journal.answered(request, answer)
        return answer

    def _call(self, ask: "Callable[[Any], Any]") -> Any:  # noqa: ANN401  whatever is asked for
        """Return what a page shows; None where the page did not come."""
        try:
            return ask(self._api.system)
        except Crash:
            self._api.crashed()
        except CarepathError as error:
            self._world.tell(self._character.name, f"no page: {error.code}")
        return None

    def _see_to_dead_letters(self) -> None:
        dead = self._call(lambda system: system.deliveries.outgoing(dead=True))
        for row in dead or []:
            outgoing = OutgoingId(row.notice.episode_id, row.notice.key, row.route)
            by = Author(self._actor.id, self._actor.role)
            self._call(partial(_resend if self._dice.random() < 0.7 else _drop, outgoing, by))


def _is_for_later(row: dict[str, Any], soon: datetime) -> bool:
    return row["kind"] == "dose" and datetime.fromisoformat(row["due_at"]) > soon


def _resend(outgoing: OutgoingId, by: Author, system: System) -> int:
    return system.deliveries.resend(by, outgoing)


def _drop(outgoing: OutgoingId, by: Author, system: System) -> bool:
    return system.deliveries.drop(by, outgoing, "told by telephone")


def enrol(world: "World", api: Process, number: int) -> None:
    """Enrol a patient, clicking until it is known that it was done."""
    request = EnrolRequest(
        world.plan.pathways[number], (Identifier("mrn", f"patient {number}"),), WARDS[number % 2], "Europe/London",
        Actor("prompt-1", "clinician"), f"enrolment {number}",
    )  # fmt: skip
    while not world.healed:
        world.stay_away()
        try:
            answer = api.system.enrolments.enrol(request)
        except Crash:
            api.crashed()
        except StoreError as error:
            world.tell("enrolment", error.code)
        else:
            world.tell("enrolment", f"{answer.episode_id} on {request.pathway}")
            world.episodes[answer.episode_id] = request.pathway
            return
        world.scheduler.sleep(timedelta(minutes=1).total_seconds())
