"""Goal: whoever looks after carepath can tell who has seen a record; who changed that record is found."""

import sqlite3
from contextlib import closing

import pytest

from orchestrator.cli.main import cli
from tests.integration.cli.conftest import Terminal


def test_it_tells_who_looked_by_the_command_line_too(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    episode = terminal.enrol()
    terminal("show", episode)
    monkeypatch.setenv("CAREPATH_ACTOR", "n4711")
    monkeypatch.setenv("CAREPATH_ROLE", "nurse")
    terminal("report", episode)
    terminal("worklist", "--ward", "neuro-1")
    looks = terminal("seen", episode, "--lists", "--json").document["looks"]
    told = {(each["by"], each["role"], each["what"], each["ward"]) for each in looks}
    assert {("n4711", "nurse", "report", ""), ("n4711", "nurse", "worklist", "neuro-1")} <= told
    assert ("n4711", "nurse", "seen", "") in told
    assert any(each["what"] == "episode" for each in looks)
    said = terminal("seen", episode)
    assert said.code == 0
    assert "n4711" in said.out
    assert "nurse, asserted" in said.out, "at a terminal nobody proves who he is"
    assert {each["asserted"] for each in looks} == {True}
    assert "this record is whole" in said.out
    ward = terminal("seen", "--ward", "neuro-1", "--json").document["looks"]
    assert [(each["by"], each["what"]) for each in ward] == [("n4711", "worklist")]


def test_of_whom_must_be_said(terminal: Terminal) -> None:
    episode = terminal.enrol()
    for words in ((), (episode, "--ward", "neuro-1"), ("--ward", "neuro-1", "--lists")):
        said = terminal("seen", *words)
        assert said.code == 2
        assert said.line
    assert terminal("seen", "no-such-episode").code == 2
    assert "seen" in cli.commands


def test_a_changed_record_is_found_by_each_who_looks_after_it(terminal: Terminal) -> None:
    episode = terminal.enrol()
    for _ in range(2):
        terminal("show", episode)
    whole = terminal("audit", "verify", "--all", "--json")
    assert whole.code == 0, whole.err
    assert whole.document["people"] == {"chains": 1, "looks": 2, "whole": True, "faults": []}
    assert "records of looks and accounts whole: 2 looks" in terminal("audit", "verify", "--all").out
    with closing(sqlite3.connect(terminal.home / "carepath.db")) as file, file:
        file.execute("DELETE FROM look WHERE seq = 1")
    broken = terminal("audit", "verify", "--all", "--json")
    assert broken.code == 1
    assert broken.document["whole"] is False
    assert broken.document["people"]["faults"]
    told = terminal("doctor", "--json").document["checks"]
    (line,) = [each for each in told if each["check"] == "looks"]
    assert line["level"] == "fail"
    said = terminal("seen", episode)
    assert said.code == 1
    assert "BROKEN" in said.out


def test_a_record_is_held_and_erased_in_so_many_words(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_ACTOR", "it-7")
    episode = terminal.enrol()
    why = ("--reason", "request 2026-117")
    assert terminal("erase", episode, *why).code == 2, "it is not done without --yes"
    open_one = terminal("erase", episode, *why, "--yes")
    assert open_one.code == 1
    assert "close it first" in open_one.line
    terminal("close", episode, "withdrawn", "--reason", "moved away")
    assert "held: nobody" in terminal("hold", episode, *why).out
    assert terminal("erase", episode, *why, "--yes").code == 1
    assert "no longer" in terminal("hold", episode, *why, "--end").out
    assert terminal("erase", episode, *why, "--yes", "--json").document["erased"] == [episode]
    assert terminal("show", episode).code != 0
    assert terminal("audit", "verify", "--all").code == 0
