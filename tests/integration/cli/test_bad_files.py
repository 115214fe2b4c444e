"""Goal: a pathway or scenario file that cannot be right is refused with file, line and what would mend it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.cli.conftest import PATHWAY, Terminal

WORKFLOWS = Path(__file__).parents[3] / "workflows"
MEGABYTE = "x" * 1_000_000
REFUSED, UNUSABLE = 1, 2


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A copy of the pathways, to be spoilt."""
    shutil.copytree(WORKFLOWS, tmp_path / "workflows", ignore=shutil.ignore_patterns("scenarios"))
    return tmp_path / "workflows"


@pytest.mark.parametrize(
    ("sound", "spoilt", "says"),
    [
        ("initial: workup/assessment", "initial: workup/assessment\ninitial: workup/assessment", "is given twice"),
        ("initial: workup/assessment", "initail: workup/assessment", "'initail' on line"),
        ("initial: workup/assessment", "initial: [", "is not well-formed YAML"),
        ("initial: workup/assessment", "initial: *somewhere", "is not allowed"),
        ("second-line: [ivig, plex]", "second-line: [ivgi, plex]", "did you mean 'ivig'?"),
        ("severity == 'severe' ||", "severty == 'severe' ||", "did you mean 'severity'?"),
        ("severity == 'severe' ||", "severity == 'sever' ||", "did you mean 'severe'?"),
        ("severity == 'severe' ||", "counts_as_severe ||", "counts_as_severe"),
    ],
    ids=[
        "duplicate key",
        "misspelt key",
        "no YAML",
        "alias",
        "misspelt regimen",
        "misspelt fact",
        "misspelt value",
        "cycle",
    ],
)
def test_a_pathway_file_that_is_not_sound(
    terminal: Terminal, workflows: Path, sound: str, spoilt: str, says: str
) -> None:
    file = workflows / PATHWAY / "pathway.yaml"
    content = file.read_text()
    assert sound in content
    file.write_text(content.replace(sound, spoilt, 1))
    said = terminal("pathway", "check", str(file))
    assert (said.code, said.out) == (UNUSABLE, "")
    assert said.line.startswith(f"{file}:")
    assert says in said.line
    enrol = ("enrol", PATHWAY, "--patient", "n=1", "--ward", "w", "--workflows", str(workflows))
    assert terminal(*enrol).code == UNUSABLE
    assert terminal("audit", "verify", "--all", "--json").document["episodes"] == 0


def test_a_version_whose_files_changed_is_refused(
    terminal: Terminal, workflows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREPATH_WORKFLOWS", str(workflows))
    episode = terminal.enrol()
    assert terminal("doctor").code == 0
    with (workflows / "shared" / "facts.yaml").open("a") as shared:
        shared.write("# another word\n")
    enrol = ("enrol", PATHWAY, "--patient", "n=2", "--ward", "w")
    for words in (enrol, ("api",), ("worker",), ("up", "--port", "0")):
        said = terminal(*words)
        assert (said.code, said.out) == (1, ""), words
        file = "facts.yaml" if words == enrol else workflows / "shared" / "facts.yaml"
        assert said.line == (
            f"{PATHWAY}@1.0.0 was changed after patients were enrolled on it: {file} is not as this store keeps it;"
            " put back what was there, or raise the version"
        )
    checks: dict[str, dict[str, str]] = {
        each["check"]: each for each in terminal("doctor", "--json").document["checks"]
    }
    assert checks["versions"]["level"] == "fail"
    assert "raise the version" in checks["versions"]["text"]
    assert terminal("record", episode, "severity=mild").code == 0
    file = workflows / PATHWAY / "pathway.yaml"
    file.write_text(file.read_text().replace('version: "1.0.0"', 'version: "1.0.1"', 1))
    assert terminal(*enrol).code == terminal("doctor").code == 0
    terminal.assert_sound()


def test_a_pathway_whose_moves_go_round_in_a_circle(terminal: Terminal, workflows: Path) -> None:
    file = workflows / PATHWAY / "pathway.yaml"
    circle = "\n".join(
        f"  {name}: {{from: [{origin}], to: {target}, when: \"severity == 'mild'\", rule: P-02}}"
        for name, origin, target in (("there", "workup", "maintenance"), ("back", "maintenance", "workup"))
    )
    file.write_text(file.read_text().replace("\ntransitions:\n", f"\ntransitions:\n{circle}\n", 1))
    said = terminal("pathway", "check", str(file))
    assert (said.code, said.out) == (UNUSABLE, "")
    assert said.line.startswith(f"{file}:")
    assert "lead from workup back to workup without end" in said.line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [", "is not well-formed YAML"),
        ("just words", "must be a mapping"),
        ("", "must be a mapping"),
        ("scenario: A\npathway: no-such\nstart: 2026-03-02T08:00:00+00:00\ntimeline: [{at: 0h, miss: x}]\n", "no-such"),
        ("scenario: A\nscenario: B\n", "given twice"),
        ("x: " + MEGABYTE, "is longer than"),
        (None, "cannot be read"),
    ],
    ids=["no YAML", "text", "empty", "no pathway", "duplicate key", "a megabyte", "no file"],
)
def test_a_scenario_that_cannot_be_played(terminal: Terminal, tmp_path: Path, content: str | None, says: str) -> None:
    file = tmp_path / "story.yaml"
    if content is not None:
        file.write_text(content)
    said = terminal("scenario", "run", str(file))
    assert (said.code, said.out) == (UNUSABLE, "")
    assert says in said.line
    assert str(file) in said.line
    report = json.loads(terminal("scenario", "run", str(file), "--json").out)
    assert (report["passed"], says in report["error"]) == (False, True)


def test_a_scenario_that_does_not_hold(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(
        f"scenario: A\npathway: {PATHWAY}\nstart: 2026-03-02T08:00:00+00:00\n"
        "timeline:\n  - at: 0h\n    expect: {stage: maintenance}\n"
    )
    said = terminal("scenario", "run", str(file))
    assert said.code == REFUSED
    assert "DOES NOT HOLD  stage: maintenance; it is: workup" in said.out
