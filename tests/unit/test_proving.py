"""Goal: what is kept is trusted only whole; every step of the solver can be told; stories are judged by the engine."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import z3

from orchestrator.episode.commands import Confirm, Record
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import LEADS_TO, REACHED
from orchestrator.pathway.proof.choosing import LEAD, OVERRIDE, REASON
from orchestrator.pathway.proof.solve import Relation
from orchestrator.pathway.proof.story import Deed, Step, deeds
from orchestrator.service.proving.found import BROKEN, PROVED, UNKNOWN, Beat, Finding, from_json
from orchestrator.service.proving.kept import Kept
from orchestrator.service.scenario.retelling import ways
from orchestrator.service.scenario.shortening import shorten
from orchestrator.service.scenario.stagehand import START, Line, Stagehand
from orchestrator.service.scenario.writing import written
from tests.patients import WORKFLOWS

LIBRARY = load_library(WORKFLOWS)
NAMES = sorted(each.name for each in LIBRARY.pathways)
H = LIBRARY.newest("autoimmune-hemiplegia")
WAY = (Beat("record", frozenset({"a is recorded"}), frozenset()), Beat("", frozenset(), frozenset({"a = true"})))
FOUND = Finding("S-01", BROKEN, "a story of 1 steps", 0.25, ("a",), WAY)


def promise(name: str, pathway: Pathway = H) -> Property:
    return next(each for each in pathway.properties if each.name == name)


# what is kept


def test_what_was_settled_is_found_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "proofs")
    assert kept.find(H, "S-01") is None
    kept.keep(H, FOUND)
    assert kept.find(H, "S-01") == replace(FOUND, kept=True)
    assert kept.find(H, "S-02") is None
    assert kept.find(replace(H, hash="0" * 64), "S-01") is None


def test_what_was_not_settled_is_not_kept(tmp_path: Path) -> None:
    Kept(tmp_path).keep(H, Finding("S-01", UNKNOWN, "it gave up", 60))
    assert list(tmp_path.iterdir()) == []


def damages(data: bytes) -> Iterator[bytes]:
    yield b""
    yield data[:-5]
    yield b"[]"
    yield b"{}"
    yield data.replace(b'"broken"', b'"proved"')
    yield data.replace(b"0.25", b"0.26")
    yield b"\xff" + data
    yield b" " * 2_000_000


@pytest.mark.parametrize("number", range(8))
def test_a_damaged_file_counts_as_none_and_is_mended(tmp_path: Path, number: int) -> None:
    kept = Kept(tmp_path)
    kept.keep(H, FOUND)
    (file,) = tmp_path.iterdir()
    file.write_bytes(list(damages(file.read_bytes()))[number])
    assert kept.find(H, "S-01") is None
    kept.keep(H, FOUND)
    assert kept.find(H, "S-01") == replace(FOUND, kept=True)


def test_a_file_of_another_promise_is_not_taken_for_this_one(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keep(H, FOUND)
    (file,) = tmp_path.iterdir()
    kept.keep(H, replace(FOUND, promise="S-02", status=PROVED))
    (other,) = set(tmp_path.iterdir()) - {file}
    file.write_bytes(other.read_bytes())
    assert kept.find(H, "S-01") is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    kept = Kept(tmp_path / "file" / "proofs")
    kept.keep(H, FOUND)
    assert kept.find(H, "S-01") is None
    assert Kept(None).find(H, "S-01") is None


def test_no_unfinished_file_is_left(tmp_path: Path) -> None:
    Kept(tmp_path).keep(H, FOUND)
    assert [each.suffix for each in tmp_path.iterdir()] == [".json"]
    assert os.access(tmp_path, os.W_OK)


def test_a_finding_goes_through_json_unchanged() -> None:
    assert from_json(FOUND.to_json()) == FOUND
    with pytest.raises(ValueError, match="no finding"):
        from_json({**FOUND.to_json(), "status": "perhaps"})


# every step can be told


@pytest.fixture(scope="module", params=NAMES)
def relation(request: pytest.FixtureRequest) -> Relation:
    return Relation(LIBRARY.newest(request.param))


def test_every_step_of_the_model_can_be_told_and_done(relation: Relation) -> None:
    pathway = relation.system.pathway
    hand = Stagehand(pathway, pathway.properties[0])
    episode = hand.begin().episode
    for option in relation.options:
        if not option.name.startswith("move "):
            found = deeds(pathway, promise("S-05", pathway), (_step(option.name), _step("")))
            assert len(found) == 1, option.name
            list(ways(pathway, found[0], episode))


def test_the_words_of_the_model_are_those_that_are_told(relation: Relation) -> None:
    """A word that is changed in one place alone would go unnoticed: the story would only be told worse."""
    for each in relation.system.pathway.properties:
        if each.kind not in {LEADS_TO, REACHED}:  # one has steps of its own, of the other stories tell
            relation.broken(each)
    words = set(relation.open)
    regimen, fact = relation.system.regimens[0], relation.system.names.facts[0]
    asked = {f"{regimen} is confirmed", f"{fact} is recorded", LEAD, REASON, "transferred or deceased"}
    assert asked <= words
    assert any(each.startswith(f"{OVERRIDE}: ") for each in words)
    assert any(each.endswith(" is planned too short") for each in words)
    assert z3.is_bool(relation.open[LEAD])


def _step(option: str, chosen: set[str] | None = None, true: set[str] | None = None) -> Step:
    return Beat(option, frozenset(chosen or ()), frozenset(true or ()))


def test_only_the_facts_that_change_are_told() -> None:
    chosen = {"severity is recorded", "agitated is recorded", "response is recorded", "antibodies is recorded"}
    before = {"stage workup", "agitated = true", "response = none", "antibodies is known"}
    then = {"stage workup", "severity = severe", "agitated = true", "response = none"}
    (found,) = deeds(H, promise("S-05"), (_step("record", chosen, before), _step("", None, then)))
    assert found.facts == {"severity": "severe", "response": "none", "antibodies": None}
    assert found.after == frozenset(then)


def test_a_move_belongs_to_what_came_before_it() -> None:
    trace = (
        _step("record"), _step("move no-improvement", None, {"stage reassess"}), _step("", None, {"stage second-line"}),
    )  # fmt: skip
    assert deeds(H, promise("S-05"), trace) == (Deed("record", after=frozenset({"stage second-line"})),)


# a story on the engine


def test_a_story_is_as_short_as_it_can_be() -> None:
    """It breaks a promise that nobody makes: that no first-line course is ever given."""
    given = H.gates["first-line-before-rituximab"].passes
    hand = Stagehand(H, replace(promise("S-01"), kind="never state", when=given, unless=None))
    facts = Record(facts={"agitated": True, "severity": "severe"})
    gates = ("infection-excluded", "mimics-excluded")
    confirm = Confirm(("ivmp-pulse", "plex"), {"days": 5}, reason="why", override=gates)
    lines = [Line(START - START, facts), Line(START - START, confirm, "lead"), Line(START - START, facts)]
    played = hand.replay(lines)
    assert played is not None
    assert played.broken
    short = shorten(hand, played)
    (line,) = short.lines
    assert line == Line(START - START, Confirm(("ivmp-pulse",), {}, reason="why", override=gates), "lead")
    assert "    confirm: ivmp-pulse\n    by: lead\n    reason: why\n" in written(hand, short)
