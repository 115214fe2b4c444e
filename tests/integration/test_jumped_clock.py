"""Goal: while the wall shows a time that nobody can trust, nobody's command fires or plans anything by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.bootstrap import System, guard_time
from orchestrator.cli import valkey
from orchestrator.clock import elapsed
from orchestrator.episode.commands import ChangeWard, Command, Record
from orchestrator.errors import TimeUntrusted
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Request, new_key
from tests.integration.installation import CLINICIAN, PATHWAY, Installation, installed

HOUR_S = 3600.0


@dataclass
class Api:
    """What an API process does, on a machine of which the test moves the clock. jump: by how many seconds."""

    place: Installation
    system: System
    jump: list[float]

    def act(self, episode_id: str, command: Command, key: str = "") -> int:
        return self.system.handlers.execute(Request(episode_id, command, CLINICIAN, key or new_key())).seq


@pytest.fixture
def api(tmp_path: Path, redis_server: valkey.Valkey) -> Iterator[Api]:
    with installed("sqlite", tmp_path, redis_server) as place:
        place.sql("UPDATE store_info SET seen_at = {past}")  # no clock has trusted the time of late
        jump = [0.0]
        system = replace(place.system, elapsed=lambda: elapsed() + 10 * HOUR_S - jump[0])
        watching = guard_time(system)
        watching.stop()  # it has looked once, as it does at once
        yield Api(place, system, jump)


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
def test_a_command_at_a_time_that_jumped_is_not_carried_out(api: Api, jump: float) -> None:
    episode = api.place.enrol()
    facts = Record(facts={"weight_kg": 70})
    first = api.act(episode, Record(facts={"weight_kg": 60}), "before")
    fired = api.place.fired(episode)
    waits = api.place.enrol()
    api.jump[0] = jump
    for each in (episode, waits):
        with pytest.raises(TimeUntrusted, match="nothing was recorded"):
            api.act(each, facts)
    with pytest.raises(TimeUntrusted):
        api.act(waits, ChangeWard(ward="w-2", reason="a bed is free", anyway=True))
    new = EnrolRequest(PATHWAY, (Identifier("mrn", "new"),), "w-1", "Europe/London", CLINICIAN, new_key())
    with pytest.raises(TimeUntrusted):
        api.system.enrolments.enrol(new)
    assert [api.place.fired(each) for each in (episode, waits)] == [fired, 0]
    assert api.act(episode, Record(facts={"weight_kg": 60}), "before") == first, "what was recorded before is told"
    api.jump[0] = 0.0
    assert api.act(waits, facts) == 3, "once the clock is right again; what was due had fired before it"


def test_a_process_that_stood_still_itself_believes_a_time_that_a_clock_trusts(api: Api) -> None:
    episode = api.place.enrol()
    api.jump[0] = HOUR_S
    api.system.pulse.saw(api.system.pulse.look().wall)
    assert api.act(episode, Record(facts={"weight_kg": 70})) == 3


def test_what_is_off_by_little_is_no_jump(api: Api) -> None:
    episode = api.place.enrol()
    api.jump[0] = 3.0
    assert api.act(episode, Record(facts={"weight_kg": 70})) == 3
