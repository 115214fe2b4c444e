"""Goal: a person at a terminal takes a patient through the whole program, and reads what it says."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import config
from orchestrator.cli import records
from orchestrator.cli.invocation import Invocation
from orchestrator.errors import InputError
from tests.integration.cli.conftest import PATHWAY, Terminal

SCENARIOS = sorted((Path(__file__).parents[3] / "workflows" / PATHWAY / "scenarios").glob("*.yaml"))


@pytest.fixture
def treated(terminal: Terminal) -> str:
    """An episode with a course in force."""
    episode = terminal.enrol()
    assert terminal("record", episode, "severity=severe", "infection_status=excluded", "weight_kg=70.5").code == 0
    assert terminal("confirm", episode, "ivmp-pulse", "--days", "5").code == 0
    return episode


def test_an_enrolment_names_episode_and_entry(terminal: Terminal) -> None:
    words = ("enrol", PATHWAY, "--patient", "hospital-number=1", "--ward", "neuro-1", "--key", "k")
    first, again = terminal(*words).out, terminal(*words).out
    episode = terminal("find", "hospital-number=1").out.split()[0]
    assert first == f"enrolled: episode {episode}, entry 1, now workup/assessment\n"
    assert again == first.replace("\n", "  (done before: the first answer again)\n")


def test_what_is_shown_says_where_the_patient_stands_and_why(terminal: Terminal) -> None:
    episode = terminal.enrol()
    terminal("record", episode, "severity=severe", "infection_status=excluded", "weight_kg=70.5")
    text = terminal("show", episode).out
    assert "Stage   workup" in text
    assert "recommended because the disease counts as severe [P-05; source 000]" in text
    assert "facts used: response = unknown, severity = severe" in text
    assert "would change with:" in text
    assert "What is missing" in text
    assert "weight_kg         70.5 kg" in text
    assert "asks for a lead when shortening" in text
    assert "What would bring in what is not proposed" in terminal("show", episode, "--absent").out


def test_a_course_is_confirmed_given_and_explained(terminal: Terminal, treated: str) -> None:
    assert terminal("give", treated, "ivmp-pulse").out.startswith("give: done, entry ")
    text = terminal("show", treated).out
    assert "1.  given " in text
    assert "… 1 more planned" in text
    assert "no-improvement-on-pulse: to second-line through reassess [P-08]" in terminal("explain", treated).out
    told = terminal("timeline", treated)
    assert "n1 (clinician, asserted)" in told.out
    assert "Confirmed Methylprednisolone IV pulse (days 5)" in told.out
    entries = terminal("timeline", treated, "--json").document["entries"]
    assert [each["seq"] for each in entries] == list(range(1, len(entries) + 1))
    terminal.assert_sound()


def test_facts_come_as_yaml_has_them(terminal: Terminal, tmp_path: Path) -> None:
    episode = terminal.enrol()
    assert terminal("record", episode, "antibodies=[gad, hu]", "symptoms_progressing=true", "virus=vzv").code == 0
    assert terminal("record", episode, "virus=null").code == 0
    file = tmp_path / "facts.yaml"
    file.write_text("height_cm: 181.5\nsymptom_onset: 2026-01-02\n")
    assert terminal("record", episode, "--from", str(file)).code == 0
    facts = terminal("show", episode, "--json").document["facts"]
    values = {name: each["value"] for name, each in facts.items()}
    assert values == {
        "antibodies": ["gad", "hu"],
        "symptoms_progressing": True,
        "height_cm": "181.5",
        "symptom_onset": "2026-01-02",
    }


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["steroid-taper", "--dose", "62.5", "--taper-days", "28"], {"dose": "62.5", "taper_days": 28}),
        (
            ["steroid-taper", "--steps", "21:40,7:12.5"],
            {"steps": [{"days": 21, "dose": "40"}, {"days": 7, "dose": "12.5"}]},
        ),
        (["cyclophosphamide", "--dose", "750 mg"], {"dose": "750 mg"}),
    ],
)
def test_a_dose_comes_as_it_is_typed(terminal: Terminal, words: list[str], chosen: dict[str, Any]) -> None:
    episode = terminal.enrol()
    assert terminal("record", episode, "infection_status=excluded").code == 0
    assert terminal("confirm", episode, *words, "--reason", "a choice").code == 0
    last = terminal("timeline", episode, "--json").document["entries"][-1]
    assert last["command"]["parameters"] == chosen


def test_lists_and_finding(terminal: Terminal, treated: str) -> None:
    lines = terminal("worklist", "--ward", "neuro-1").out.splitlines()
    assert lines[0].startswith("OVERDUE")
    assert any("ivmp-pulse" in line for line in lines)
    assert terminal("worklist", "--ward", "elsewhere").out == "nothing is open\n"
    page = terminal("worklist", "--limit", "2", "--json").document
    assert len(page["items"]) == 2
    further = terminal("worklist", "--after", page["after"], "--json").document["items"]
    assert page["items"][0] not in further
    told = terminal("inbox").out.splitlines()
    assert any("dose-due" in line and "to clinician" in line and "ward neuro-1" in line for line in told)
    assert terminal("inbox", "--ward", "elsewhere").out == "no notices\n"
    assert terminal("find", "hospital-number=0000001").out.startswith(treated)
    assert terminal("find", "hospital-number=7").out == "no patient is known by this identifier\n"


def test_the_record_is_told_proved_and_exported(terminal: Terminal, treated: str, tmp_path: Path) -> None:
    assert json.loads(terminal("story", treated).out)["chain"]["whole"] is True
    page = tmp_path / "report.html"
    assert terminal("report", treated, "--out", str(page)).out == f"written to {page}\n"
    assert page.read_text().lstrip().startswith("<!doctype html>")
    assert page.stat().st_mode & 0o077 == 0
    assert terminal("report", treated, "--out", str(page)).code == 2
    told, lines = tmp_path / "story.json", tmp_path / "entries.jsonl"
    said = terminal("story", treated, "--out", str(told), "--json").document
    assert said == {"written": str(told), "bytes": told.stat().st_size, "simulated": False}
    assert terminal("audit", "export", treated, "--out", str(lines)).out == f"written to {lines}\n"
    verified = terminal("audit", "verify", treated)
    assert verified.out.startswith("chain whole: 1 episode, ")
    assert "does not recompute the whole chain" in verified.out
    exported = lines.read_text().splitlines()
    assert exported == terminal("audit", "export", "--all").out.splitlines()
    assert [json.loads(line)["seq"] for line in exported] == list(range(1, len(exported) + 1))
    assert "severe" not in "".join(exported)
    terminal.assert_sound()


def test_what_cannot_be_written_whole_leaves_no_file(terminal: Terminal, tmp_path: Path) -> None:
    def half() -> Iterator[bytes]:
        yield b"half of it"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="No space left"):
        records._put(Invocation(config.read(), as_json=False), half(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_report_has_names_where_they_are_asked_for(
    terminal: Terminal, treated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = terminal("user", "add", "nell", "--name", "Nell Nurse", "--post", "nurse@neuro-1", "--json")
    monkeypatch.setenv("CAREPATH_ACTOR", added.document["person_id"])
    assert terminal("record", treated, "virus=vzv").code == 0
    alone, named = terminal("report", treated).out, terminal("report", treated, "--names").out
    assert added.document["person_id"] in alone
    assert "Nell Nurse" not in alone
    assert f'Nell Nurse, <span class="who">{added.document["person_id"]}</span>' in named
    assert "the story has ids alone" in terminal("report", treated, "--names", "--json").err
    assert "Nell" not in terminal("story", treated).out


def test_the_same_command_twice_is_done_once(terminal: Terminal) -> None:
    episode = terminal.enrol()
    first = terminal("record", episode, "severity=mild", "--key", "k1", "--json").document
    again = terminal("record", episode, "severity=mild", "--key", "k1", "--json").document
    assert (again["seq"], again["repeated"]) == (first["seq"], True)
    assert "the first answer again" in terminal("record", episode, "severity=mild", "--key", "k1").out


@pytest.mark.rules("X-01")
def test_a_gate_is_passed_by_a_lead_with_a_reason_alone(terminal: Terminal) -> None:
    episode = terminal.enrol()
    terminal("record", episode, "severity=severe", "infection_status=active")
    refused = terminal("confirm", episode, "ivmp-pulse", "--days", "5")
    assert refused.code == 1
    assert refused.line.startswith("refused: infection-excluded: ")
    passed = terminal(
        "confirm", episode, "ivmp-pulse", "--days", "5", "--role", "lead", "--reason", "discussed", "--override",
        "infection-excluded",
    )  # fmt: skip
    assert passed.code == 0, passed.err


def test_pathways_can_be_read(terminal: Terminal) -> None:
    assert f"\n{PATHWAY} " in terminal("pathway", "list").out
    text = terminal("pathway", "show", PATHWAY).out
    assert "no-improvement-on-pulse: first-line, reassess to second-line [P-08; source 000]" in text
    file = SCENARIOS[0].parents[1] / "pathway.yaml"
    assert "well-formed" in terminal("pathway", "check", str(file)).out


def test_stories_are_played(terminal: Terminal) -> None:
    said = terminal("scenario", "run", *map(str, SCENARIOS[:2]), "--json")
    assert said.code == 0
    reports = [json.loads(line) for line in said.out.splitlines()]
    assert [set(each) for each in reports] == [{"file", "scenario", "passed", "checks", "error"}] * 2
    assert all(each["passed"] for each in reports)


def test_stories_play_in_a_database_and_leave_nothing(terminal: Terminal, postgres_database: str) -> None:
    file = terminal.home / "stories.db"
    for url in (f"sqlite:///{file}", postgres_database):
        said = terminal("scenario", "run", str(SCENARIOS[0]), "--database", url)
        assert said.code == 0, said.err + said.out
    assert not file.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_the_words(terminal: Terminal, shell: str) -> None:
    assert "_CAREPATH_COMPLETE" in terminal("completion", shell).out


def test_a_simulated_store_says_so_everywhere(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    from orchestrator import bootstrap, config

    settings = config.read({"CAREPATH_HOME": str(terminal.home)}, simulated=True)
    bootstrap.prepare_store(settings, bootstrap.Simulation(datetime(2026, 3, 2, tzinfo=UTC), 3600))
    enrolled = terminal(
        "enrol", PATHWAY, "--patient", "hospital-number=1", "--ward", "w", "--simulated", "--json"
    ).document
    assert enrolled["simulated"] is True
    episode = enrolled["episode_id"]
    for words in (["show", episode], ["timeline", episode], ["worklist"], ["audit", "verify", "--all"], ["doctor"]):
        assert terminal(*words, "--simulated").out.startswith("SIMULATED STORE: ")
        assert terminal(*words, "--simulated", "--json").document["simulated"] is True
    assert json.loads(terminal("story", episode, "--simulated").out)["simulated"] is True
    assert terminal("record", episode, "severity=mild", "--simulated").out.startswith("SIMULATED STORE: ")
    upgraded = terminal("db", "upgrade", "--simulated")
    assert (upgraded.code, upgraded.out.endswith("carepath.db is up to date\n")) == (0, True), upgraded
    assert upgraded.out.startswith("SIMULATED STORE: ")
    assert terminal("show", episode, "--simulated").code == 0


def test_the_program_itself(terminal: Terminal) -> None:
    """As a process: help, one line for an error, and a reader that leaves early."""

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", "from orchestrator.cli.main import run; run()", *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    helped = call("--help")
    assert helped.returncode == 0
    assert "Exit codes: 0 done; 1 refused" in " ".join(helped.stdout.split())
    unknown = call("show", "nobody")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == "carepath: there is no such episode\n"
    piped = subprocess.run(
        f"{sys.executable} -c 'from orchestrator.cli.main import run; run()' pathway show {PATHWAY} | head -1",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (piped.stderr, piped.stdout.count("\n")) == ("", 1)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from orchestrator.cli.main import main; main(['--help']);"
        "heavy = {'sqlalchemy', 'fastapi', 'celery', 'redis', 'cryptography', 'yaml'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_patient_is_moved_to_another_ward(terminal: Terminal) -> None:
    episode = terminal.enrol()
    assert terminal("transfer", episode, "neuro-2").code == 1, "it needs a reason"
    said = terminal("transfer", episode, "neuro-2", "--reason", "a bed with a monitor", "--key", "k")
    assert (said.code, said.out.startswith("change-ward: done, entry ")) == (0, True), said
    assert terminal("worklist", "--ward", "neuro-1").out == "nothing is open\n"
    assert "neuro-2" in terminal("inbox", "--ward", "neuro-2").out
    assert "Moved from ward neuro-1 to ward neuro-2; our care goes on" in terminal("timeline", episode).out
    again = terminal("transfer", episode, "neuro-2", "--reason", "a bed with a monitor", "--key", "k")
    assert "the first answer again" in again.out
    assert terminal("audit", "replay", episode).code == 0
