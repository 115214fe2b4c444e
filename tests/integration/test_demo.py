"""Goal: a demonstration is a true store: sealed, whole, in every stage, with work that waits; none else becomes one."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from orchestrator import config
from orchestrator.bootstrap import Simulation, System, open_system, prepare_store
from orchestrator.cli import demo
from orchestrator.cli.main import main
from orchestrator.clock import VirtualClock
from orchestrator.errors import Conflict, StoreError
from orchestrator.pathway.model import Pathway
from orchestrator.service.demo import MAKING, PASSWORD
from orchestrator.service.demo.cast import CAST, WARDS
from orchestrator.web.app import create_pages
from tests.patients import WORKFLOWS

START = datetime(2026, 3, 16, 9, 40, tzinfo=UTC)


@dataclass
class Made:
    """A demonstration, opened."""

    settings: config.Settings
    system: System


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    settings = demo.settings_of(home=tmp_path_factory.mktemp("demo"))
    demo.make(settings, START, 60)
    with open_system(settings) as system:
        yield Made(settings, system)


def episodes(system: System) -> list[dict[str, Any]]:
    with system.store.read() as reader:
        ids = [row[0] for row in reader._sql.exec_driver_sql("SELECT episode_id FROM episode ORDER BY enrolled_at")]
    return [system.queries.show(each) for each in ids]


def test_the_ward_is_whole(made: Made) -> None:
    verdicts = list(made.system.replay.verify_all())
    assert len(verdicts) >= 25
    assert [each for each in verdicts if not each.whole or each.bodies != each.entries] == []
    assert [each for each in made.system.replay.replay_all() if not each.equal] == []
    assert made.system.people.faults() == []


def test_every_stage_is_there_and_work_that_waits(made: Made) -> None:
    shown = episodes(made.system)
    there = {(each["pathway"], each["stage"]) for each in shown}
    library = made.system.library
    newest = {each.name: library.newest(each.name) for each in library.pathways}
    assert there == {(name, stage) for name, pathway in newest.items() for stage in _stages(pathway)}
    assert {each["ward"] for each in shown} == set(WARDS)
    now = START.isoformat()
    items = made.system.queries.worklist(limit=500).rows
    kinds = {each["kind"] for each in items}
    assert {"task", "dose", "decision", "reminder"} <= kinds
    assert [each for each in items if each["due_at"] and each["due_at"] < now]
    assert [each for each in items if each["due_at"] and each["due_at"] > now]
    assert made.system.queries.inbox(limit=500).rows


def test_the_ward_does_its_work_but_for_a_few_things(made: Made) -> None:
    due = [
        (each["episode_id"], START - datetime.fromisoformat(each["due_at"]))
        for each in made.system.queries.worklist(limit=500).rows
        if each["due_at"]
    ]
    late = {episode_id for episode_id, by in due if by > timedelta()}
    assert 3 <= len(late) <= 8, "some are, so that there is something to see"
    assert max(by for _, by in due) <= timedelta(days=3), "and none is forgotten"
    given = [
        entry
        for each in episodes(made.system)
        for entry in made.system.queries.timeline(each["episode_id"])
        if entry["cause"] == "give"
    ]
    assert len(given) > 50


def _stages(pathway: Pathway) -> set[str]:
    return {state.stage for state in pathway.states.values()}


def test_its_time_begins_when_it_is_made(made: Made) -> None:
    assert made.system.simulation is not None
    assert (made.system.simulation.factor, made.system.simulation.demo) == (60, "made")
    assert made.system.simulation.start == START
    assert made.system.clock.now() >= START
    ids = [each["episode_id"] for each in episodes(made.system)]
    entries = [entry for each in ids for entry in made.system.queries.timeline(each)]
    assert max(datetime.fromisoformat(entry["at"]) for entry in entries) <= START


def test_the_same_seed_makes_the_same_ward(made: Made, tmp_path: Path) -> None:
    settings = demo.settings_of(home=tmp_path)
    demo.make(settings, START, 60)
    with open_system(settings) as again:
        assert [_outline(each) for each in episodes(again)] == [_outline(each) for each in episodes(made.system)]


def _outline(shown: dict[str, Any]) -> tuple[str, ...]:
    return shown["pathway"], shown["state"], shown["ward"], shown["enrolled_at"]


def test_commands_find_it_by_an_option(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(made.settings.home.parent)
    assert main(["worklist", "--demo", "--home", home, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"]
    episode = told["items"][0]["episode_id"]
    assert main(["show", episode, "--demo", "--home", home]) == 0
    assert main(["show", episode, "--home", home]) == 2
    assert main(["show", episode, "--demo", "--simulated", "--home", home]) == 2
    assert "name one" in capsys.readouterr().err


def test_everybody_comes_in_with_the_password_that_is_shown(made: Made) -> None:
    for each in CAST:
        principal = made.system.signing.sign_in(each.login, PASSWORD).principal
        assert principal.roles() == {each.role}
        assert not principal.renew
    with TestClient(create_pages(made.system, timezone="UTC")) as browser:
        assert PASSWORD in browser.get("/sign-in").text


def test_no_other_store_becomes_a_demonstration(tmp_path: Path, made: Made) -> None:
    real = config.read({}, home=tmp_path / "real")
    prepare_store(real)
    with pytest.raises(StoreError, match="only a demonstration"):
        open_system(real, VirtualClock(START))
    with pytest.raises(StoreError, match="this store is a real one"):
        demo.make(real, START, 60)
    with pytest.raises(StoreError, match="only a demonstration"):
        open_system(made.settings, VirtualClock(START))
    other = config.read({}, home=tmp_path, simulated=True, beside=config.DEMO)
    prepare_store(other, Simulation(START, 60))
    with pytest.raises(Conflict, match="no demonstration"):
        demo.prepare(other, 60, fresh=True)
    with open_system(real) as system, TestClient(create_pages(system, timezone="UTC")) as browser:
        assert PASSWORD not in browser.get("/sign-in").text


@pytest.fixture
def one_pathway(tmp_path: Path) -> Path:
    """A folder with one pathway of the four, for three wards of which it matters that they are made, not of whom."""
    for name in ("shared", "autoimmune-hemiplegia"):
        shutil.copytree(WORKFLOWS / name, tmp_path / "workflows" / name)
    return tmp_path / "workflows"


def test_one_that_was_not_made_to_its_end_is_made_anew(tmp_path: Path, one_pathway: Path) -> None:
    settings = demo.settings_of(home=tmp_path, workflows=one_pathway)
    prepare_store(settings, Simulation(START, 60, MAKING))
    with pytest.raises(KeyboardInterrupt):
        demo.prepare(settings, 60, say=_interrupt)
    assert demo.prepare(settings, 60)
    with open_system(settings) as system:
        assert system.simulation is not None
        assert system.simulation.demo == "made"
        number = len(episodes(system))
        assert number > 3
    assert not demo.prepare(settings, 60), "it is there"
    assert demo.prepare(settings, 3600, fresh=True)
    with open_system(settings) as system:
        assert system.simulation is not None
        assert system.simulation.factor == 3600
        assert len(episodes(system)) == number


def _interrupt(_: str) -> None:
    raise KeyboardInterrupt
