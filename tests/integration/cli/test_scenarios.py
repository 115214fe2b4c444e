"""Goal: `carepath scenario run` says what holds, what does not and why, file by file, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.cli.conftest import PATHWAY, Terminal

HEAD = f"scenario: A\npathway: {PATHWAY}\nstart: 2026-03-02T08:00:00+00:00\ntimeline:\n"
GOOD = "  - {at: 0h, record: {severity: mild}, expect: {stage: workup, proposed: {observation: recommended}}}\n"
PROGRAM = (sys.executable, "-W", "error", "-c", "from orchestrator.cli.main import run; run()")


def story(folder: Path, timeline: str, name: str = "story.yaml") -> str:
    file = folder / name
    file.write_text(HEAD + timeline, encoding="utf-8")
    return str(file)


def test_what_does_not_hold_is_told_as_the_story_writes_it_and_whole(terminal: Terminal, tmp_path: Path) -> None:
    doses = ", ".join("{at: 1h, amount: 1, unit: g}" for _ in range(9))
    file = story(
        tmp_path,
        "  - {at: 0h, record: {severity: severe, infection_status: excluded}, expect: {upcoming: {dose-due: null}}}\n"
        f"  - {{at: 1h, confirm: ivmp-pulse, with: {{days: 5}}, expect: {{doses: {{ivmp-pulse: [{doses}]}}}}}}\n",
    )
    said = terminal("scenario", "run", file)
    holds, wrong = said.out.splitlines()[1:]
    assert holds.endswith("holds          upcoming: {dose-due: null}")
    assert (
        f"DOES NOT HOLD  doses: {{ivmp-pulse: [{doses}]}}; it is: {{ivmp-pulse: [{{at: 1h, amount: 1, unit: g}}, "
        in wrong
    )
    assert wrong.endswith("{at: 4d1h, amount: 1, unit: g}]}")


def test_a_refusal_that_was_not_expected_is_told_with_its_reason(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("scenario", "run", story(tmp_path, "  - {at: 0h, record: {severity: sever}}\n"))
    assert said.out.splitlines()[1].endswith(
        "DOES NOT HOLD  record: accepted; it is: invalid-value (severity must be one of mild, moderate, severe)"
    )


def test_amounts_are_numbers_in_json(terminal: Terminal, tmp_path: Path) -> None:
    text = "  - {at: 0h, record: {infection_status: excluded, weight_kg: 71}}\n"
    doses = "[{at: 0, amount: 28.4, unit: g}, {}, {}, {}, {}]"
    text += f"  - {{at: 0h, confirm: ivig, reason: x, expect: {{doses: {{ivig: {doses}}}}}}}\n"
    (check,) = terminal("scenario", "run", story(tmp_path, text), "--json").document["checks"]
    assert check["passed"]
    assert check["expected"]["ivig"][0] == check["actual"]["ivig"][0] | {"at": "0"}
    assert check["actual"]["ivig"][0] == {"at": "0h", "amount": 28.4, "unit": "g"}


def test_one_faulty_file_keeps_no_other_from_being_played(terminal: Terminal, tmp_path: Path) -> None:
    wrong = story(tmp_path, "  - {at: 0h, expect: {stage: closed}}\n", "wrong.yaml")
    faulty = story(tmp_path, "  - {at: 1x, expect: {stage: closed}}\n  - {at: 1h, stop: }\n", "faulty.yaml")
    good = story(tmp_path, GOOD, "good.yaml")
    said = terminal("scenario", "run", faulty, wrong, good)
    assert said.code == 2
    assert [line.split()[0] for line in said.out.splitlines() if not line.startswith(" ")] == ["FAILED", "passed"]
    assert said.err.splitlines() == [
        f"carepath: {faulty}:5: '1x' is no offset such as 76h, 2d4h or 72h30m",
        f"carepath: {faulty}:6: 'stop' of an entry of the timeline must be text, not nothing",
    ]
    told = [json.loads(line) for line in terminal("scenario", "run", faulty, wrong, good, "--json").out.splitlines()]
    assert [(each["file"], each["passed"], each["error"] is None) for each in told] == [
        (faulty, False, False),
        (wrong, False, True),
        (good, True, True),
    ]
    assert all(set(each) == {"file", "scenario", "passed", "checks", "error"} for each in told)
    assert terminal("scenario", "run", wrong, good).code == 1
    assert terminal("scenario", "run", good).code == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_may_be_asked_for(terminal: Terminal, tmp_path: Path, url: str) -> None:
    assert terminal("scenario", "run", story(tmp_path, GOOD), "--database", url).code == 0


def test_a_name_that_is_no_text_is_told_all_the_same(terminal: Terminal, tmp_path: Path) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml")
    Path(file).write_text(HEAD + GOOD, encoding="utf-8")
    said = terminal("scenario", "run", file, f"{file}x", "--json")
    good, gone = (json.loads(line) for line in said.out.splitlines())
    assert (said.code, good["file"], good["passed"]) == (2, f"{tmp_path}/?.yaml", True)
    assert gone["error"].endswith("cannot be read: No such file or directory")


def test_with_nowhere_to_write_the_exit_code_still_tells(tmp_path: Path) -> None:
    good = story(tmp_path, GOOD, "good.yaml")
    faulty = story(tmp_path, "  - {}\n", "faulty.yaml")
    for file, code in ((good, 0), (faulty, 2)):
        done = subprocess.run(["/bin/sh", "-c", '"$@" >&- 2>&-', "sh", *PROGRAM, "scenario", "run", file], check=False)
        assert done.returncode == code


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda each: each.name)
def test_nothing_is_left_behind_when_it_is_ended(tmp_path: Path, end: signal.Signals) -> None:
    good = story(tmp_path, GOOD)
    command = [*PROGRAM, "scenario", "run", "--database", f"sqlite:///{tmp_path}/stories.db", *[good] * 2_000]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("passed")
        assert (tmp_path / "stories.db").exists()
        process.send_signal(end)
        _, said = process.communicate(timeout=30)
    assert process.returncode == (130 if end == signal.SIGINT else 128 + end)
    assert "Traceback" not in said
    assert [each.name for each in tmp_path.iterdir()] == ["story.yaml"]


def test_nothing_is_left_in_postgresql(terminal: Terminal, tmp_path: Path, postgres_database: str) -> None:
    files = [story(tmp_path, GOOD), story(tmp_path, "  - {at: 0h, expect: {stage: closed}}\n", "wrong.yaml")]
    url = postgres_database.replace("+psycopg", "")
    assert terminal("scenario", "run", *files, "--database", postgres_database).code == 1
    command = [*PROGRAM, "scenario", "run", "--database", postgres_database, *files[:1] * 2_000]
    with psycopg.connect(url) as other, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("passed")
        process.terminate()
        process.communicate(timeout=30)
        left = other.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'carepath%'").fetchall()
    assert (process.returncode, left) == (128 + signal.SIGTERM, [])


def test_what_a_killed_run_left_in_postgresql_the_next_one_clears_away_and_no_others(
    terminal: Terminal, tmp_path: Path, postgres_database: str
) -> None:
    good, foreign = story(tmp_path, GOOD), ["carepath_story_of_a_ward", "public"]
    command = [*PROGRAM, "scenario", "run", "--database", postgres_database, *[good] * 2_000]

    def schemas() -> list[str]:
        found = other.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(carepath|public)' ORDER BY 1")
        return [name for (name,) in found]

    with psycopg.connect(postgres_database.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("CREATE SCHEMA carepath_story_of_a_ward")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline().startswith("passed")
            killed.kill()
            killed.communicate(timeout=30)
        assert len(schemas()) == len(foreign) + 1, "it is left behind"
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as plays:
            assert plays.stdout is not None
            assert plays.stdout.readline().startswith("passed")
            assert len(schemas()) == len(foreign) + 1, "what was left is gone, and another plays"
            assert terminal("scenario", "run", good, "--database", postgres_database).code == 0
            assert len(schemas()) == len(foreign) + 1, "who plays is left alone"
            plays.terminate()
            plays.communicate(timeout=30)
        assert schemas() == foreign


def test_a_file_that_a_killed_run_left_is_told_of(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "stories.db"
    file.write_bytes(b"whatever it holds")
    said = terminal("scenario", "run", story(tmp_path, GOOD), "--database", f"sqlite:///{file}")
    assert (said.code, "remove it if a run that was killed left it" in said.line) == (2, True), said.line
    assert file.read_bytes() == b"whatever it holds"
