"""Goal: a ward can work from paper when everything is down: its sheet says what is open, for whom, as of when."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator import config
from orchestrator.bootstrap import open_system
from orchestrator.cli.sheets import keep
from tests.integration.cli.conftest import PATHWAY, Terminal
from tests.integration.installation import running, until

PULSE = "Methylprednisolone IV pulse"


@pytest.fixture
def folder(terminal: Terminal, tmp_path: Path) -> Path:
    return tmp_path / "sheets"


def run(terminal: Terminal, folder: Path, *words: str) -> dict[str, str]:
    """Make the sheets; return each page by its ward."""
    said = terminal("sheets", str(folder), "--once", "--json", *words)
    assert said.code == 0, said.err
    return {each["ward"]: (folder / each["file"]).read_text() for each in said.document["wards"]}


def text(page: str) -> str:
    """Return a page's words."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def treated(terminal: Terminal, number: str = "0000001") -> str:
    """Enrol a patient and give the first dose of a course."""
    episode = terminal.enrol(number)
    for words in (
        ("record", episode, "severity=severe", "infection_status=excluded", "weight_kg=70"),
        ("confirm", episode, "ivmp-pulse"),
        ("give", episode, "ivmp-pulse"),
    ):
        assert terminal(*words).code == 0
    return episode


def test_a_sheet_says_who_it_is_what_is_open_and_what_was_given(terminal: Terminal, folder: Path) -> None:
    episode = treated(terminal)
    page = text(run(terminal, folder)["neuro-1"])
    for words in (
        "0000001 hospital-number", "Ward neuro-1: what is open", "As of ", "next sheet about", f"episode {episode}",
        "first line: Observation or first-line treatment", f"In force {PULSE}, since", "1 of 3 given",
        f"Last given {PULSE} 1 g IV,", f"dose: {PULSE} 1 g IV dose 2 of 3", "dose 3 of 3",
        "Neurology consultation, at once", "nobody has answered", "clinician", "What was done", "When", "Who",
        "falls due: Record the response to the pulse", "enter everything with its true time",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("Neurology consultation, at once") == 1, "a task and its reminder are one line"


def test_what_is_waited_for_says_what_can_be_chosen(terminal: Terminal, folder: Path) -> None:
    episode = terminal.enrol()
    assert terminal("record", episode, "severity=severe", "infection_status=excluded").code == 0
    page = text(run(terminal, folder)["neuro-1"])
    assert f"decision: something is to be chosen, or recorded proposed: {PULSE} (recommended)" in page
    assert "not recorded: " in page


def test_they_are_for_their_owner_alone_and_complete_in_themselves(terminal: Terminal, folder: Path) -> None:
    treated(terminal)
    page = run(terminal, folder)["neuro-1"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert re.findall(r"(?:src|href)=", page) == []
    assert "thead { display: table-header-group; }" in page
    assert (folder / "index.html").read_text().count("neuro-1") == 2


def test_nobody_prepares_the_place_of_a_sheet(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    treated(terminal)
    run(terminal, folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("as it was")
    for path in list(folder.glob("*.html")):
        path.with_name(f".{path.name}.part").symlink_to(elsewhere)
    (folder / ".sheets.json.part").write_text("")
    (folder / ".sheets.json.part").chmod(0o666)
    run(terminal, folder)
    assert elsewhere.read_text() == "as it was"
    assert {path.lstat().st_mode for path in folder.iterdir()} == {0o100600}


def test_a_ward_without_patients_gets_an_empty_sheet_not_an_old_one(terminal: Terminal, folder: Path) -> None:
    episode = terminal.enrol()
    said = terminal("enrol", PATHWAY, "--patient", "hospital-number=2", "--ward", "a/../ <b> ward", "--json")
    assert said.code == 0
    pages = run(terminal, folder)
    assert list(pages) == ["a/../ <b> ward", "neuro-1"]
    assert "<b> ward" not in pages["a/../ <b> ward"]
    assert [path.parent for path in folder.rglob("*")] == [folder] * 4
    assert terminal("close", episode, "transferred", "--reason", "elsewhere", "--role", "lead").code == 0
    emptied = text(run(terminal, folder)["neuro-1"])
    assert "No patient of this ward is on a pathway." in emptied
    assert "0000001" not in emptied


def test_a_run_that_fails_leaves_the_last_good_sheets(terminal: Terminal, folder: Path) -> None:
    treated(terminal)
    run(terminal, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (terminal.home / "carepath.keys").rename(terminal.home / "away")
    assert terminal("sheets", str(folder), "--once").code == 2
    (terminal.home / "away").rename(terminal.home / "carepath.keys")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_episode_that_cannot_be_read_is_named_and_holds_up_nobody(terminal: Terminal, folder: Path) -> None:
    broken, other = treated(terminal, "1"), treated(terminal, "2")
    from orchestrator.store.connect import sqlite_module

    connection = sqlite_module().connect(terminal.home / "carepath.db", isolation_level=None)
    connection.execute("UPDATE episode SET document = x'00' WHERE episode_id = ?", (broken,))
    connection.close()
    page = text(run(terminal, folder)["neuro-1"])
    assert "CANNOT BE READ What is open for this patient is not on this sheet: look it up elsewhere" in page
    assert f"episode {other}" in page
    assert page.count(f"Last given {PULSE} 1 g IV") == 1


def test_the_doctor_says_when_they_are_old(terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def level() -> tuple[str, str]:
        (found,) = [each for each in terminal("doctor", "--json").document["checks"] if each["check"] == "sheets"]
        return found["level"], found["text"]

    monkeypatch.setenv("CAREPATH_SHEETS", str(folder))
    assert level() == ("warn", f"there are none in {folder}: see that carepath sheets runs, and its log")
    assert terminal("sheets", "--once").code == 0
    assert level()[0] == "ok"
    state = json.loads((folder / "sheets.json").read_text())
    state["made_at"] = (datetime.now(UTC) - timedelta(minutes=31)).isoformat()
    (folder / "sheets.json").write_text(json.dumps(state))
    assert level()[0] == "warn"


def test_what_cannot_be_meant_is_refused(terminal: Terminal, folder: Path) -> None:
    assert "name a folder" in terminal("sheets", "--once").line
    for every in ("0m", "1s", "25h", "soon"):
        assert "--every must lie between 10s and 24h" in terminal("sheets", str(folder), "--every", every).line


def test_a_process_makes_them_until_it_is_told_to_end(terminal: Terminal, folder: Path) -> None:
    terminal.enrol()
    settings = replace(config.read(), sheets=folder)
    with running(["-m", "orchestrator.cli.serve", "sheets"], settings) as process:
        until((folder / "sheets.json").exists, "the first sheets")
        assert "sheets" in terminal("doctor").out
        assert process.poll() is None
    assert "0000001" in next(folder.glob("ward-*.html")).read_text()


class Tired:
    """Says when to end, after so many waits, and notes how long they were."""

    def __init__(self, waits: int) -> None:
        self.left, self.waited = waits, list[float]()

    def is_set(self) -> bool:
        return not self.left

    def wait(self, timeout: float) -> None:
        self.left -= 1
        self.waited.append(timeout)


def test_a_run_that_failed_is_made_again_soon(terminal: Terminal, folder: Path) -> None:
    terminal.enrol()
    settings, hour = config.read(), timedelta(hours=1)
    with open_system(settings) as system:
        (terminal.home / "elsewhere").write_text("")
        failing, well = Tired(2), Tired(2)
        keep(settings, system, terminal.home / "elsewhere", hour, failing)
        keep(settings, system, folder, hour, well)
    assert (failing.waited, well.waited) == ([60.0, 60.0], [3600.0, 3600.0])
