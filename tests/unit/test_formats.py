"""Goal: an older format is read, and written when the store says so; a newer one is refused in words."""

from typing import Any

import orjson
import pytest

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import GENESIS, Header, open_body, seal
from orchestrator.bootstrap import throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.episode import document, formats
from orchestrator.errors import NewerFormat
from orchestrator.pathway.loader import Library
from orchestrator.service.ledger import unpack
from tests.factories import T0, enrolment
from tests.patients import Confirm, Patient, severe
from tests.worlds import NAMES, PATHWAYS

KEY = PatientKey(bytes(32))


def _swapped(value: list[Any]) -> list[Any]:
    value[4], value[5] = value[5], value[4]
    return value


def _without_zone(value: list[Any]) -> list[Any]:
    return [*value[:5], "UTC", *value[6:]]


def _say(word: str) -> formats.Convert:
    return lambda body: {**body, "said": [*body.get("said", []), word]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a program two formats on."""
    first = formats.Step(_swapped, _swapped, _say("up to 3"), _say("down to 2"))
    second = formats.Step(body_up=_say("up to 4"), body_down=_say("down to 3"))
    monkeypatch.setattr(formats, "STEPS", (*formats.STEPS, first, second))
    monkeypatch.setattr(formats, "OWN", 4)


@pytest.mark.parametrize("form", [1, 2])
def test_a_document_of_today_is_read_for_ever(request: pytest.FixtureRequest, form: int) -> None:
    episode = Patient().episode
    kept = document.dump(episode, form)
    assert document.form_of(kept) == form
    assert document.load(kept) == episode
    request.getfixturevalue("later")
    assert document.load(kept) == episode._replace(ward=episode.timezone, timezone=episode.ward)


def test_what_format_1_does_not_know_is_not_written_in_it() -> None:
    patient = severe().accepted(Confirm(("ivmp-pulse",), {"days": 5})).at(20).record(response="partial")
    patient.accepted(Confirm(("steroid-taper",), {"dose": 60}))
    turn = patient.episode.turns[-1]._replace(anew=True)
    episode = patient.episode._replace(turns=(*patient.episode.turns[:-1], turn))
    assert [each.follows for each in episode.courses] == [0, 1]
    read = document.load(document.dump(episode, 1))
    assert [each.follows for each in read.courses] == [0, 0]
    assert [each.anew for each in read.turns] == [False] * len(read.turns)
    assert read._replace(courses=episode.courses, turns=episode.turns) == episode
    events = [{"type": "course-confirmed", "course": 2, "follows": 1}, {"type": "moved", "anew": True}]
    assert formats.body_down({"command": {}, "events": events}, 1)["events"] == [
        {"type": "course-confirmed", "course": 2},
        {"type": "moved"},
    ]


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("form", [1, 2, 3, 4])
def test_what_is_written_in_any_format_comes_back(form: int) -> None:
    episode = Patient().episode
    kept = document.dump(episode, form)
    assert document.form_of(kept) == form
    assert document.load(kept) == episode
    assert orjson.loads(kept)[0] == (form if form > 1 else episode.episode_id)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("form", "said"),
    [(1, ["down to 3", "down to 2", "up to 3", "up to 4"]), (3, ["down to 3", "up to 4"]), (4, [])],
)
def test_a_body_goes_down_and_up_by_the_steps_between(form: int, said: list[str]) -> None:
    header = Header(
        "e-1", 1, "2026-03-02T08:00:00.000000Z", "2026-03-02T08:00:00.000000Z", "c-1", "clinician", None, False, "w-1",
        "0" * 64, None, "workup/start", "record", "0" * 64, "", "accepted", None, "", form,
    )  # fmt: skip
    entry = seal(KEY, header, formats.body_down({"command": {}, "events": []}, form), GENESIS)
    assert open_body(KEY, entry).get("said", []) == said


def test_a_newer_format_is_refused_in_words() -> None:
    kept = orjson.dumps([3, orjson.loads(document.dump(Patient().episode))])
    with pytest.raises(NewerFormat, match="written in format 3, this program reads up to 2: install a newer carepath"):
        document.load(kept)


def test_what_a_process_remembers_is_what_another_reads_though_an_older_format_holds_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "STEPS", (formats.Step(episode_down=_without_zone),))
    monkeypatch.setattr(formats, "OWN", 2)
    with throwaway_system(Library((PATHWAYS[NAMES[0]],)), VirtualClock(T0)) as system:
        system.desk.write_in(1)
        episode_id = system.enrolments.enrol(enrolment(pathway=NAMES[0])).episode_id
        with system.store.change() as change:
            locked = change.lock(episode_id, b"")
            assert locked is not None
            ledger = system.desk.ledger(change, locked.row, locked.times)
            read = document.load(unpack(ledger.key, episode_id, locked.row.document))
    assert read.timezone == "UTC"
    assert ledger.episode == read
