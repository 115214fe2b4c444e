"""Goal: whoever answers for a pathway releases it in one command, and a store refuses to start on anything else."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator import bootstrap, config
from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.scenario.runner import run_file
from orchestrator.store import connect
from tests.integration.cli.conftest import PATHWAY, Said, Terminal
from tests.servers.postgres import running_postgres

WORKFLOWS = Path(__file__).parents[3] / "workflows"
STORY = f"""scenario: Enrolled, and in the workup
pathway: {PATHWAY}
start: 2026-03-02T08:00:00+00:00
timeline:
  - at: 0h
    expect: {{stage: STAGE}}
"""
HOSPITAL = """hospital: Example hospital
revision: 7
author: {name: Author, role: consultant neurologist}
approver: {name: Approver, role: clinical lead}
approved: 2026-02-01
reason: Our on-call rota
values:
  ladders.standard.rungs: [{role: nurse, after: 0h}, {role: on-call, after: 5h}]
"""
NAMED = f"{PATHWAY}@1.0.0"
REFUSED, UNUSABLE = 1, 2


@pytest.fixture
def workflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation's pathways: one, with one story beside it."""
    made = tmp_path / "workflows"
    for name in ("shared", PATHWAY):
        shutil.copytree(WORKFLOWS / name, made / name, ignore=shutil.ignore_patterns("scenarios"))
    write_story(made, "workup")
    monkeypatch.setenv("CAREPATH_WORKFLOWS", str(made))
    return made


def write_story(workflows: Path, stage: str, name: str = "story", pathway: str = PATHWAY) -> Path:
    folder = workflows / PATHWAY / "scenarios"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(STORY.replace("STAGE", stage).replace(PATHWAY, pathway))
    return file


def raise_to(workflows: Path, version: str, before: str = "1.0.0") -> Path:
    file = workflows / PATHWAY / "pathway.yaml"
    content = file.read_text()
    assert f'version: "{before}"' in content
    file.write_text(content.replace(f'version: "{before}"', f'version: "{version}"', 1))
    return file


def release(terminal: Terminal, workflows: Path, *more: str, by: str = "c-9", reason: str = "read and agreed") -> Said:
    return terminal(
        "pathway", "release", str(workflows / PATHWAY / "pathway.yaml"), "--by", by, "--reason", reason, *more
    )


def refused(said: Said, says: str, code: int = REFUSED) -> None:
    assert said.code == code, said
    assert says in said.line, said.line


def check(terminal: Terminal, name: str, code: int = 0) -> tuple[str, str]:
    said = terminal("doctor", "--json")
    assert said.code == code
    (found,) = [each for each in said.document["checks"] if each["check"] == name]
    return found["level"], found["text"]


def test_a_release_is_said_listed_and_told(terminal: Terminal, workflows: Path) -> None:
    assert "not released" in terminal("pathway", "list").out
    made = release(terminal, workflows, "--json").document
    assert (made["released"], made["repeated"], made["number"], made["replaces"]) == (True, False, 1, None)
    assert (made["pathway"], made["version"], made["released_by"]) == (PATHWAY, "1.0.0", "c-9")
    assert (made["stories"]["played"], made["stories"]["held"], made["stories"]["failing"]) == (1, 1, [])
    (listed,) = terminal("pathway", "list", "--json").document["pathways"]
    assert listed["released"] == {name: made[name] for name in ("number", "released_by", "released_at", "reason")}
    assert " by c-9, 20" in terminal("pathway", "list").out
    raise_to(workflows, "1.1.0")
    said = release(terminal, workflows, by="c-8", reason="a new\n  source")
    assert said.out.startswith(f"released: {PATHWAY}@1.1.0, replacing 1.0.0, content ")
    assert "; 1 stories hold; release 2, by c-8, 20" in said.out
    rows = terminal("pathway", "releases", PATHWAY, "--json").document["releases"]
    assert [(row["number"], row["version"], row["reason"]) for row in rows] == [
        (1, "1.0.0", "read and agreed"),
        (2, "1.1.0", "a new source"),
    ]
    assert (rows[1]["replaces"], rows[1]["replaces_version"]) == (made["release"], "1.0.0")
    assert all(len(row[name]) == 64 for row in rows for name in ("release", "previous", "commitment"))
    assert len(terminal("pathway", "releases").out.splitlines()) == 2
    terminal.assert_sound()


def test_the_very_same_content_again_is_answered_and_writes_nothing(terminal: Terminal, workflows: Path) -> None:
    first = release(terminal, workflows, "--json").document
    write_story(workflows, "maintenance")  # whether its stories hold is no longer the question
    said = release(terminal, workflows, by="c-8")
    assert said.code == 0
    assert said.out.startswith(f"{NAMED} is released already: release 1, by c-9, 20")
    assert said.out.endswith("; nothing was written\n")
    again = release(terminal, workflows, "--json", by="c-8").document
    assert again == {**first, "repeated": True, "stories": None}
    assert len(terminal("pathway", "releases", "--json").document["releases"]) == 1


def test_a_failing_story_is_named_and_nothing_is_released(terminal: Terminal, workflows: Path) -> None:
    file = write_story(workflows, "maintenance", "wrong")
    says = f"{NAMED} is not released: 1 of 2 stories do not hold, the first {file}: at 0h stage should be maintenance"
    said = release(terminal, workflows)
    refused(said, says)
    assert f"does not hold: {file}: at 0h stage should be maintenance and is workup" in said.out
    said = release(terminal, workflows, "--json")
    assert json.loads(said.err)["error"]["code"] == "stories-fail"
    stories = said.document["stories"]
    assert (said.document["released"], stories["played"], stories["held"]) == (False, 2, 1)
    assert [each["file"] for each in stories["failing"]] == [str(file)]
    assert terminal("pathway", "releases", "--json").document["releases"] == []
    file.write_text("scenario: cut off\n")
    refused(release(terminal, workflows), f"the first {file}: ")
    file.unlink()
    (workflows / PATHWAY / "scenarios" / "story.yaml").unlink()
    refused(release(terminal, workflows), "there is no story of it in")


def test_a_story_of_another_version_is_not_asked(terminal: Terminal, workflows: Path) -> None:
    write_story(workflows, "maintenance", "later", pathway=f"{PATHWAY}@2.0.0")
    write_story(workflows, "workup", "own", pathway=NAMED)
    assert release(terminal, workflows, "--json").document["stories"]["played"] == 2


def test_the_file_that_is_named_is_released_and_no_other(terminal: Terminal, workflows: Path) -> None:
    file = workflows / PATHWAY / "pathway.yaml"
    shutil.copy(file, workflows / PATHWAY / "pathway-1.0.yaml")
    raise_to(workflows, "1.1.0")
    assert release(terminal, workflows, "--json").document["version"] == "1.1.0"
    words = ("pathway", "release", str(workflows / PATHWAY / "pathway-1.0.yaml"), "--by", "c-9", "--reason", "kept on")
    refused(terminal(*words), f"{NAMED} is not above 1.1.0, released by c-9: raise the version, or say --older")
    assert terminal(*words, "--older", "--json").document["version"] == "1.0.0"
    assert [row["released"]["number"] for row in terminal("pathway", "list", "--json").document["pathways"]] == [2, 1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--by", "c-9"), "Missing option '--reason'"),
        (("--reason", "x"), "Missing option '--by'"),
        (("--by", "  ", "--reason", "x"), "--by must be printable text"),
        (("--by", "c-9", "--reason", " \n "), "--reason must be printable text"),
    ],
)
def test_who_and_why_must_be_said(terminal: Terminal, workflows: Path, words: tuple[str, ...], says: str) -> None:
    refused(terminal("pathway", "release", str(workflows / PATHWAY / "pathway.yaml"), *words), says, UNUSABLE)


def test_what_is_no_pathway_file_or_has_a_fault_is_refused(terminal: Terminal, workflows: Path) -> None:
    who = ("--by", "c-9", "--reason", "x")
    refused(terminal("pathway", "release", str(workflows), *who), "there is no pathway file", UNUSABLE)
    shared = workflows / "shared" / "facts.yaml"
    refused(terminal("pathway", "release", str(shared), *who), "is no pathway file", UNUSABLE)
    file = workflows / PATHWAY / "pathway.yaml"
    file.write_text(file.read_text().replace("initial: workup/assessment", "initial: workup/nowhere", 1))
    said = release(terminal, workflows)
    assert said.code == UNUSABLE
    assert str(file) in said.err
    assert terminal("pathway", "releases", "--json", "--workflows", str(WORKFLOWS)).document["releases"] == []


def test_a_released_version_whose_file_was_changed_is_refused_at_start(terminal: Terminal, workflows: Path) -> None:
    assert release(terminal, workflows).code == 0
    file = workflows / PATHWAY / "pathway.yaml"
    sound = file.read_text()
    file.write_text(sound + "# another word\n")
    for words in (("api",), ("worker",), ("up", "--port", "0")):
        said = terminal(*words)
        assert (said.code, said.out) == (REFUSED, ""), words
        assert said.line.startswith(f"{NAMED} was released by c-9 at 20")
        since = f" UTC and changed since: {file} is not as this store keeps it; "
        assert said.line.endswith(f"{since}put back what was there, or raise the version")
    assert "  CHANGED since its release by c-9, 20" in terminal("pathway", "list").out
    (row,) = terminal("pathway", "list", "--json").document["pathways"]
    assert (row["released"], row["changed_since"]["released_by"]) == (None, "c-9")
    level, text = check(terminal, "versions", code=1)
    assert level == "fail"
    assert str(file) in text
    refused(release(terminal, workflows), "was released by c-9")
    enrol = ("enrol", PATHWAY, "--patient", "n=1", "--ward", "w")
    refused(terminal(*enrol), "and changed since: pathway.yaml is not as this store keeps it")
    file.write_text(sound)
    assert check(terminal, "versions")[0] == "ok"
    assert terminal(*enrol).code == 0
    file.write_text(sound + "# another word\n")
    raise_to(workflows, "1.0.1")
    assert check(terminal, "versions")[0] == "ok"
    assert release(terminal, workflows).code == 0


def test_patients_go_on_when_the_released_file_is_gone(terminal: Terminal, workflows: Path) -> None:
    assert release(terminal, workflows).code == 0
    episode = terminal.enrol()
    raise_to(workflows, "1.1.0")
    level, text = check(terminal, "releases")
    assert level == "warn"
    assert f"the newest release has no file any more: {NAMED}" in text
    assert terminal("record", episode, "severity=mild").code == 0
    assert release(terminal, workflows).code == 0
    level, text = check(terminal, "releases")
    assert (level, "1 older ones have no file any more: patients on them go on" in text) == ("ok", True)
    told = terminal("story", episode, "--json").document["episode"]["release"]
    assert (told["number"], told["version"], told["released_by"]) == (1, "1.0.0", "c-9")
    assert "<dt>Released</dt><dd>by c-9, " in terminal("report", episode).out
    terminal.assert_sound()


def test_versions_in_use_that_nobody_released_are_told(terminal: Terminal, workflows: Path) -> None:
    assert check(terminal, "releases") == ("ok", "0 on record")
    episode = terminal.enrol()
    assert "<dt>Released</dt><dd>not released</dd>" in terminal("report", episode).out
    assert terminal("story", episode, "--json").document["episode"]["release"] is None
    level, text = check(terminal, "releases")
    assert level == "warn"
    assert f"in use and not released: {NAMED} (1 open episodes)" in text
    assert release(terminal, workflows).code == 0
    assert check(terminal, "releases") == ("ok", "1 on record")


def test_it_works_on_postgresql(terminal: Terminal, workflows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_postgres(durable=True) as server:  # on one that may lose something no API starts
        monkeypatch.setenv("CAREPATH_DATABASE_URL", server.url())
        monkeypatch.setenv("CAREPATH_KEYS", str(terminal.home / "postgres.keys"))
        assert terminal("db", "upgrade").code == 0
        made = release(terminal, workflows, "--json").document
        assert release(terminal, workflows, "--json").document == {**made, "repeated": True, "stories": None}
        terminal.enrol()
        assert check(terminal, "releases") == ("ok", "1 on record")
        assert " by c-9, 20" in terminal("pathway", "list").out
        with (workflows / "shared" / "facts.yaml").open("a") as shared:
            shared.write("# another word\n")
        refused(terminal("api"), f"{workflows / 'shared' / 'facts.yaml'} is not as this store keeps it")
        terminal.assert_sound()


def test_a_hospital_may_enrol_on_released_versions_alone(
    terminal: Terminal, workflows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol = ("enrol", PATHWAY, "--patient", "n=1", "--ward", "w", "--json")
    monkeypatch.setenv("CAREPATH_RELEASED_ONLY", "yes")
    said = terminal(*enrol)
    assert said.code == REFUSED
    assert json.loads(said.err)["error"]["code"] == "not-released"
    assert release(terminal, workflows).code == 0  # its stories play all the same
    assert terminal(*enrol).code == 0
    monkeypatch.setenv("CAREPATH_RELEASED_ONLY", "perhaps")
    refused(terminal("doctor"), "CAREPATH_RELEASED_ONLY must be yes or no", UNUSABLE)


def test_the_stories_speak_of_the_pathways_own_values_whatever_the_hospital_sets(workflows: Path) -> None:
    stories = workflows / PATHWAY / "scenarios"
    (stories / "story.yaml").unlink()
    shutil.copy(WORKFLOWS / PATHWAY / "scenarios" / "task-due-ladder.yaml", stories)
    hospital = workflows.parent / "hospital.yaml"
    hospital.write_text(HOSPITAL)
    found = load_library(workflows, hospital).newest(PATHWAY)
    assert found.version == "1.0.0+7"
    proof = bootstrap.prove(found, workflows / PATHWAY / "pathway.yaml")
    assert (proof.holds, proof.played) == (True, 1)
    with bootstrap.stage(Library((found,))) as opened:  # with the hospital's ladder the story would not hold
        assert not run_file(stories / "task-due-ladder.yaml", opened).passed


def test_with_a_hospitals_values_the_effective_version_is_released(terminal: Terminal, workflows: Path) -> None:
    assert release(terminal, workflows, "--json").document["version"] == "1.0.0"
    hospital = workflows.parent / "hospital.yaml"
    hospital.write_text(HOSPITAL)
    made = release(terminal, workflows, "--local", str(hospital), "--json").document
    assert (made["version"], made["replaces_version"]) == ("1.0.0+7", "1.0.0")
    hospital.write_text(HOSPITAL.replace("5h", "6h"))
    said = release(terminal, workflows, "--local", str(hospital))
    refused(said, f"{PATHWAY}@1.0.0+7 was released by c-9 at 20")
    assert json.loads(release(terminal, workflows, "--local", str(hospital), "--json").err)["error"]["code"] == (
        "version-changed"
    )


def test_a_simulated_store_has_a_record_of_its_own(terminal: Terminal, workflows: Path) -> None:
    bootstrap.prepare_store(config.read(simulated=True), bootstrap.Simulation(datetime(2030, 1, 1, tzinfo=UTC), 1))
    said = release(terminal, workflows, "--simulated", "--json").document
    assert (said["simulated"], said["released_at"][:10]) == (True, "2030-01-01")
    assert terminal("pathway", "releases", "--json").document["releases"] == []


def test_a_record_that_was_changed_is_found(terminal: Terminal, workflows: Path) -> None:
    release(terminal, workflows)
    said = terminal("audit", "verify", "--releases")
    assert (said.code, said.out) == (0, "record of releases whole: 1 release, each with its text\n")
    assert "record of releases whole: 1" in terminal("audit", "verify", "--all").out
    connection = connect.sqlite_module().connect(terminal.home / "carepath.db", isolation_level=None)
    connection.execute("DROP TRIGGER pathway_release_no_update")
    connection.execute("UPDATE pathway_release SET released_by = 'somebody else'")
    connection.close()
    for words in (("--releases",), ("--all",)):
        said = terminal("audit", "verify", *words, "--json")
        assert (said.code, said.document["whole"]) == (REFUSED, False)
        assert json.loads(said.err)["error"]["code"] == "chain-broken"
        assert said.document["releases"]["faults"][0]["number"] == 1
    said = terminal("audit", "verify", "--releases")
    assert "record of releases BROKEN: 1 release," in said.out
    refused(said, "the record of releases is broken")
    assert check(terminal, "releases", code=1)[0] == "fail"
    refused(terminal("audit", "verify", "--releases", "--all"), "--releases stands alone", UNUSABLE)


def test_a_list_without_a_store_says_nothing_of_releases(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("pathway", "list", "--home", str(tmp_path / "nowhere"), "--json")
    assert (said.code, said.document["store"]) == (0, None)
    assert not (tmp_path / "nowhere").exists()
    assert "released" not in terminal("pathway", "list", "--home", str(tmp_path / "nowhere")).out
