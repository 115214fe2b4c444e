"""How is the past of a ward played? Patient by patient, through everybody's handlers, on a clock that goes along."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Actor, Command
from orchestrator.errors import Conflict
from orchestrator.pathway.model import Pathway
from orchestrator.service.demo.cast import WARDS, admit
from orchestrator.service.demo.choosing import Part, carried, choose, leave
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Enrolments, EnrolRequest, Identifier
from orchestrator.service.handlers import Answer, Request
from orchestrator.service.people.accounts import People
from orchestrator.service.scenario.story import DEFAULT_ROLE
from orchestrator.service.scenario.world import World

FIRST_NUMBER = 9_000_001
IDENTIFIER = "hospital-number"
SEED = 1
Say = Callable[[str], object]


class Patient(World):
    """One patient of the ward. number: by which the ward knows him.   staff: the person for each ward and role."""

    def __init__(
        self, desk: Desk, clock: VirtualClock, part: Part, *, number: int, staff: Mapping[tuple[str, str], str]
    ) -> None:
        super().__init__(desk, clock, part.pathway)
        self._number, self._ward, self._staff = number, WARDS[number % len(WARDS)], staff
        self._keys = 0

    def enrol(self, timezone: str, role: str) -> Answer:
        """Enrol the patient now."""
        who = (Identifier(IDENTIFIER, str(self._number)),)
        name = f"{self.pathway.name}@{self.pathway.version}"
        request = EnrolRequest(name, who, self._ward, timezone, self._actor(role), self._key())
        answer = Enrolments(self.desk).enrol(request)
        self.episode_id = answer.episode_id
        return answer

    def act(self, command: Command, role: str) -> Answer:
        """Carry out a command as the person who holds this role on the ward."""
        return self._handlers.execute(Request(self.episode_id, command, self._actor(role), self._key()))

    def _actor(self, role: str) -> Actor:
        return Actor(self._staff.get((self._ward, role), f"demonstration-{role}"), role)

    def _key(self) -> str:
        """Return a key of its own for each request: the same ward gets the same ids again."""
        self._keys += 1
        return f"demonstration {self._number} {self._keys}"


def fill(
    desk: Desk,
    people: People,
    pathways: Sequence[Pathway],
    clock: VirtualClock,
    *,
    workflows: Path,
    timezone: str,
    seed: int = SEED,
    say: Say = lambda _: None,
) -> int:
    """Play the past of a ward up to where the clock stands, let the store's time begin there; return how many patients.

    desk: over a store that was born as a demonstration and is in the making, opened on this clock.
    workflows: the folder of the pathways, in which their stories lie.   timezone: the hospital's.
    """
    now = clock.now()
    staff = admit(people)
    parts = _mixed(tuple(choose(pathways, workflows, seed, now)))
    for place, part in enumerate(parts):
        play(Patient(desk, clock, part, number=FIRST_NUMBER + place, staff=staff), part, now, timezone)
        say(f"making the ward, {place + 1} of {len(parts)}: {part.pathway.name}, {part.state}")
    clock.set(now)
    desk.transact(lambda change: change.begin_now())
    return len(parts)


def play(patient: Patient, part: Part, now: dt.datetime, timezone: str) -> None:
    """Play a patient's past so that it ends now."""
    start = now - part.start
    patient.clock.set(start)
    patient.enrol(timezone, DEFAULT_ROLE)
    for entry in part.story.entries[: part.entries]:
        if not carried(patient, entry, start, tended=part.tended):
            raise Conflict(f"the story {part.story.file} ended otherwise than when it was tried: at {entry.text}")
    leave(patient, now, kept=part.kept)


def _mixed(parts: Sequence[Part]) -> list[Part]:
    """Put those who came first first: numbers are given in the order of enrolment."""
    return sorted(parts, key=lambda each: (-each.start, each.pathway.name, each.state))
