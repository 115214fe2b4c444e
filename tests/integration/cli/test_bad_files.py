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
    faults, count = said.err.splitlines()[:-1], said.err.splitlines()[-1]
    assert all(each.startswith(f"{file}:") for each in faults)
    assert says in faults[0]
    assert count == f"carepath: {len(faults)} fault{'s' if len(faults) > 1 else ''} in {file}"
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
    assert said.err.startswith(f"{file}:")
    assert "lead from workup back to workup without end" in said.err


def test_all_faults_are_told_at_once_by_the_check_and_by_every_program(terminal: Terminal, workflows: Path) -> None:
    file = workflows / PATHWAY / "pathway.yaml"
    content = file.read_text()
    changes = {"severity == 'severe' ||": "severty == 'severe' ||", "lasting: [ivmp-pulse]": "lasting: [ivmp-puls]"}
    for old, new in changes.items():
        content = content.replace(old, new, 1)
    file.write_text(content)
    said = terminal("pathway", "check", str(file))
    first, second, count = said.err.splitlines()
    lines = content.splitlines()
    places = [next(n for n, line in enumerate(lines, 1) if new in line) for new in changes.values()]
    assert first == f"{file}:{places[0]}: unknown fact 'severty' at column 1; did you mean 'severity'?"
    assert second == f"{file}:{places[1]}: unknown regimen 'ivmp-puls' in pathway.yaml; did you mean 'ivmp-pulse'?"
    assert count == f"carepath: 2 faults in {file}"
    error = json.loads(terminal("pathway", "check", str(file), "--json").err)["error"]
    assert error["text"] == f"2 faults in {file}"
    assert error["faults"][1] == {
        "file": str(file),
        "line": places[1],
        "what": "unknown regimen 'ivmp-puls' in pathway.yaml",
        "mend": "did you mean 'ivmp-pulse'?",
    }
    for words in (("pathway", "list"), ("up", "--port", "0"), ("api",), ("worker",), ("clock",)):
        said = terminal(*words, "--workflows", str(workflows))
        assert (said.code, said.out) == (UNUSABLE, ""), words
        assert said.err.splitlines() == [first, second, "carepath: 2 faults in the pathway files"], words


def test_the_check_of_a_file_tells_nothing_of_other_pathways(terminal: Terminal, workflows: Path) -> None:
    other = workflows / "leukoencephalopathy" / "pathway.yaml"
    other.write_text("pathway: [")
    assert terminal("pathway", "check", str(workflows / PATHWAY / "pathway.yaml")).code == 0
    for whole in (workflows, workflows / "shared" / "facts.yaml"):
        said = terminal("pathway", "check", str(whole))
        assert (said.code, said.err.count("\n")) == (UNUSABLE, 2)
        assert said.err.startswith(f"{other}:")


def test_the_check_of_a_folder_tells_what_no_pathway_uses(terminal: Terminal, workflows: Path) -> None:
    assert terminal("pathway", "check", str(workflows)).code == 0
    facts = workflows / "shared" / "facts.yaml"
    facts.write_text(facts.read_text() + "  shoe_size: {type: number, range: [1, 60]}\n")
    said = terminal("pathway", "check", str(workflows))
    line = len(facts.read_text().splitlines())
    assert said.code == REFUSED
    assert said.err.splitlines() == [
        f"{facts}:{line}: no pathway asks for the fact 'shoe_size'; use it, or drop it",
        f"carepath: 1 fault in {workflows}",
    ]
    assert terminal("pathway", "list", "--workflows", str(workflows)).code == 0, "a program starts with it"


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
