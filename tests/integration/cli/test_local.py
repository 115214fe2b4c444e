"""Goal: a hospital changes its values at a terminal; patients keep theirs, and all that is shown says so."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.cli.conftest import PATHWAY, Terminal

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "local-values.example.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of pathways that the terminal uses, with the example of a hospital's values in it."""
    made = tmp_path / "workflows"
    for name in ("shared", PATHWAY):
        shutil.copytree(ROOT / "workflows" / name, made / name, ignore=shutil.ignore_patterns("scenarios"))
    shutil.copy(EXAMPLE, made / "local.yaml")
    monkeypatch.setenv("CAREPATH_WORKFLOWS", str(made))
    return made


def change(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)


def due(terminal: Terminal, episode: str, name: str) -> str:
    tasks = terminal("show", episode, "--json").document["tasks"]
    return str(next(each["due_at"] for each in tasks if each["task"] == name))


def opened(terminal: Terminal, episode: str) -> str:
    return str(terminal("show", episode, "--json").document["enrolled_at"])


def hours(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 3600


def test_patients_are_enrolled_on_the_hospitals_values_and_keep_them(terminal: Terminal, folder: Path) -> None:
    first = terminal.enrol("1")
    assert hours(opened(terminal, first), due(terminal, first, "mri-brain-spine")) == 12
    change(
        folder / "local.yaml", ("revision: 1 ", "revision: 2 "), ("mri-brain-spine.due: 12h", "mri-brain-spine.due: 8h")
    )
    second = terminal.enrol("2")
    assert hours(opened(terminal, second), due(terminal, second, "mri-brain-spine")) == 8
    (folder / "local.yaml").unlink()
    third = terminal.enrol("3")
    assert hours(opened(terminal, third), due(terminal, third, "mri-brain-spine")) == 24
    versions = [terminal("show", each, "--json").document["pathway_version"] for each in (first, second, third)]
    assert versions == ["1.0.0+1", "1.0.0+2", "1.0.0"]
    assert hours(opened(terminal, first), due(terminal, first, "mri-brain-spine")) == 12
    assert terminal("record", first, "severity=mild").code == 0
    terminal.assert_sound()


def test_the_same_revision_with_other_values_is_refused(terminal: Terminal, folder: Path) -> None:
    terminal.enrol("1")
    change(folder / "local.yaml", ("mri-brain-spine.due: 12h", "mri-brain-spine.due: 8h"))
    said = terminal("enrol", PATHWAY, "--patient", "hospital-number=2", "--ward", "neuro-1")
    assert said.code == 1
    assert said.line == (
        f"{PATHWAY}@1.0.0+1 was changed after patients were enrolled on it: local.yaml is not as this store keeps it; "
        "put back what was there, or give the hospital's values a new revision"
    )
    change(folder / "local.yaml", ("revision: 1 ", "revision: 2 "))
    terminal.enrol("2")


def test_a_new_revision_covers_no_change_of_the_pathway_itself(terminal: Terminal, folder: Path) -> None:
    terminal.enrol("1")
    change(folder / "local.yaml", ("revision: 1 ", "revision: 2 "))
    change(folder / PATHWAY / "pathway.yaml", ("EEG for subclinical seizures", "EEG for seizures"))
    said = terminal("enrol", PATHWAY, "--patient", "hospital-number=2", "--ward", "neuro-1")
    assert said.code == 1
    assert "@1.0.0 was changed after patients were enrolled on it: pathway.yaml is not as" in said.line
    assert said.line.endswith("or raise the version")


def test_doctor_names_the_file(terminal: Terminal, folder: Path) -> None:
    told = terminal("doctor").out
    assert f"1 in {folder}, with the hospital's values in {folder}/local.yaml" in told


def test_a_faulty_file_is_told_with_its_line(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    change(folder / "local.yaml", ("mri-brain-spine.due: 12h", "mri-brain-spine.due: 12d"))
    said = terminal("show", "x")
    assert said.code == 2
    assert f"{folder}/local.yaml:20: 'tasks.mri-brain-spine.due' must lie between 4h and 72h" in said.err
    file = str(folder / PATHWAY / "pathway.yaml")
    assert terminal("pathway", "check", file).code == 2
    assert terminal("pathway", "check", file, "--local", str(EXAMPLE)).code == 0
    assert "cannot be read" in terminal("pathway", "list", "--local", str(tmp_path / "none.yaml")).err


def test_stories_are_played_on_the_pathways_own_values_unless_it_is_said(terminal: Terminal, folder: Path) -> None:
    assert (folder / "local.yaml").is_file()
    story = ROOT / "workflows" / PATHWAY / "scenarios" / "day-3-response-ladder.yaml"
    assert terminal("scenario", "run", str(story)).code == 0
    assert terminal("scenario", "run", str(story), "--local", str(EXAMPLE)).code == 1


def test_what_is_shown_says_which_values_are_local_and_who_set_them(terminal: Terminal, folder: Path) -> None:
    by = "set by the hospital (Example hospital, revision 1): Author (a named person), consultant neurologist,"
    text = terminal("pathway", "show", PATHWAY).out
    assert text.startswith(f"{PATHWAY} 1.0.0+1: ")
    assert f"{by}\n    approved by Approver (another named person), clinical lead on 2026-02-01:" in text
    assert "tasks.mri-brain-spine.due = 12h, instead of 24h (4h to 72h): due time" in text
    assert "tasks.eeg.due = 24h (4h to 72h): due time" in text.partition("the pathway's default:")[2]
    told = terminal("pathway", "show", PATHWAY, "--json").document["settings"]
    found = {each["address"]: each for each in told}
    assert found["tasks.mri-brain-spine.due"]["reason"].startswith("At night")
    assert found["tasks.eeg.due"]["hospital"] == ""
    shown = terminal("show", terminal.enrol()).out
    assert f"Pathway {PATHWAY} 1.0.0+1 " in shown
    assert by in shown
    assert "tasks.mri-brain-spine.due = 12h" in shown
    assert "tasks.eeg.due" not in shown


def test_a_version_with_the_hospitals_values_is_released_as_such(terminal: Terminal, folder: Path) -> None:
    """Its stories speak of the pathway's own values, and are played on those: a taper here has other steps."""
    assert (folder / "local.yaml").is_file()
    stories = folder / PATHWAY / "scenarios"
    stories.mkdir()
    for each in (ROOT / "workflows" / PATHWAY / "scenarios").glob("taper-*.yaml"):
        shutil.copy(each, stories)
    files, local = sorted(map(str, stories.iterdir())), str(folder / "local.yaml")
    assert terminal("scenario", "run", *files, "--local", local).code == 1, "on the hospital's values not all hold"
    file = str(folder / PATHWAY / "pathway.yaml")
    said = terminal("pathway", "release", file, "--by", "c-9", "--reason", "our own values")
    assert said.code == 0, said.err
    assert f"released: {PATHWAY}@1.0.0+1" in said.out
