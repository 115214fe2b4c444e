"""Goal: a hospital's value is not only shown: the ladder climbs by it, the warning heeds it, the taper steps by it."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.episode.commands import Confirm, Give, Record
from orchestrator.episode.view import view
from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import load_library, load_text
from orchestrator.pathway.model import Pathway
from orchestrator.report import as_html
from tests.unit.playing import CLINICIAN, NURSE, START, WORKFLOWS, Played
from tests.unit.test_local import HEAD, NAME

EXAMPLE = Path(__file__).parents[2] / "docs" / "local-values.example.yaml"
SEVERE = Record(facts={"severity": "severe", "infection_status": "excluded", "weight_kg": 80, "height_cm": 180})
With = Callable[..., Pathway]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("local") / "workflows"
    for name in ("shared", NAME):
        shutil.copytree(WORKFLOWS / name, made / name, ignore=shutil.ignore_patterns("scenarios"))
    return made


def load(root: Path, values: dict[str, str]) -> Pathway:
    """Return the pathway with a hospital's values; as it is without any."""
    if not values:
        return load_library(root).newest(NAME)
    file = root.parent / "hospital.yaml"
    file.write_text(HEAD + "values:\n" + "".join(f"  {address}: {value}\n" for address, value in values.items()))
    return load_library(root, file).newest(NAME)


def told(story: dict[str, Any], name: str) -> list[tuple[str, float]]:
    """Return who was told of a reminder, how many hours after it was due."""
    firing = next(each for each in story["reminders"] if each["name"] == name)["firings"][0]
    begin = dt.datetime.fromisoformat(firing["due_at"])
    return [
        (each["role"], (dt.datetime.fromisoformat(each["told_at"]) - begin).total_seconds() / 3600)
        for each in firing["told"]
    ]


def test_a_shorter_ladder_climbs_earlier(root: Path) -> None:
    rungs = "[{role: nurse, after: 0h}, {role: on-call, after: 30m}]"
    plain = Played(load(root, {})).at(6).story()
    ours = Played(load(root, {"ladders.urgent.rungs": rungs})).at(6).story()
    assert told(plain, "neurology-consult-due") == [("clinician", 0), ("lead", 1), ("on-call", 2)]
    assert told(ours, "neurology-consult-due") == [("nurse", 0), ("on-call", 0.5)]


@pytest.mark.parametrize(("values", "warned"), [({}, True), ({"values.washout.value": "3d"}, False)])
def test_a_shorter_washout_warns_no_longer_on_the_fifth_day(root: Path, values: dict[str, str], warned: bool) -> None:
    pathway = load(root, values)
    played = Played(pathway).at(0, (NURSE, SEVERE), (CLINICIAN, Record(facts={"steroids_contraindicated": True})))
    played.at(1, (CLINICIAN, Confirm(regimens=("ivig",))))
    for day in range(5):
        played.at(2 + 24 * day, (NURSE, Give(regimen="ivig")))
    played.at(24 * 9 + 3, (CLINICIAN, Confirm(regimens=("plex",), reason="The clinician chose exchange")))
    played.at(24 * 9 + 4, (NURSE, Give(regimen="plex")))
    warnings = [each["warning"] for each in view(pathway, played.episode, played.now)["warnings"]]
    assert ("plex-removes-ivig" in warnings) is warned


@pytest.mark.parametrize(
    ("values", "doses"),
    [
        ({}, ["80", "60", "40", "20"]),
        ({"regimens.prednisone-oral.schedule.step_days": "14"}, ["80", "40"]),
    ],
)
def test_longer_steps_make_fewer_and_bigger_ones(root: Path, values: dict[str, str], doses: list[str]) -> None:
    facts = {"severity": "moderate", "infection_status": "excluded", "weight_kg": 80}
    played = Played(load(root, values)).at(0, (NURSE, Record(facts=facts)))
    played.at(1, (CLINICIAN, Confirm(regimens=("prednisone-oral",))))
    course = played.story()["courses"][0]
    steps = course["administrations"]
    assert [each["planned"]["amount"] for each in steps] == doses
    first, second = (dt.datetime.fromisoformat(each["planned_at"]).date() for each in steps[:2])
    assert (second - first).days == 28 // len(doses)


def test_the_report_says_what_is_local_and_who_set_it(root: Path) -> None:
    pathway = load_library(root, EXAMPLE).newest(NAME)
    story = Played(pathway).at(6, (NURSE, SEVERE)).story()
    rows = {each["address"]: each for each in story["local"] if each["address"]}
    by = (
        "set by the hospital (Example hospital, revision 1): Author (a named person), consultant neurologist, "
        "approved by Approver (another named person), clinical lead on 2026-02-01"
    )
    ours, theirs = rows["tasks.mri-brain-spine.due"], rows["tasks.eeg.due"]
    assert (ours["value"], ours["default"], ours["range"], ours["set_by"]) == ("12h", "24h", "4h to 72h", by)
    assert (theirs["value"], theirs["default"], theirs["set_by"]) == ("24h", "24h", "the pathway's default")
    assert rows["ladders.urgent.rungs"]["set_by"] == by
    assert "tasks.return-to-activities.due" not in rows, "nothing of this story shows it"
    page = as_html(story, pathway)
    assert "Author (a named person), consultant neurologist" in page
    assert "24h<small>4h to 72h</small>" in page


def test_an_episode_shows_what_the_hospital_set_and_nothing_else(root: Path) -> None:
    pathway = load_library(root, EXAMPLE).newest(NAME)
    shown = view(pathway, Played(pathway).episode, START)["settings"]
    assert sorted(each["address"] for each in shown) == [
        "again.after", "ladders.urgent.rungs", "regimens.plex.schedule.default",
        "regimens.steroid-taper.schedule.step_days", "reminders.observation-review.after",
        "tasks.mri-brain-spine.due", "values.washout.value",
    ]  # fmt: skip
    plain = load(root, {})
    assert view(plain, Played(plain).episode, START)["settings"] == []


@settings(max_examples=40)
@given(minutes=st.integers(0, 100 * 60))
def test_a_due_time_is_taken_exactly_within_its_range(root: Path, minutes: int) -> None:
    values = {"tasks.mri-brain-spine.due": f"{minutes}m"}
    if not 4 * 60 <= minutes <= 72 * 60:
        with pytest.raises(PathwayError, match="must lie between 4h and 72h"):
            load(root, values)
        return
    pathway = load(root, values)
    assert pathway.tasks["mri-brain-spine"].due == dt.timedelta(minutes=minutes)
    assert load_text(pathway.text).hash == pathway.hash
