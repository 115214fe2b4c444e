"""Goal: whatever is typed, the answer is one line that says what to do and an exit code; nothing is half-written."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import PATHWAY, Terminal

MEGABYTE = "x" * 1_000_000
REFUSED, UNUSABLE = 1, 2


@pytest.fixture
def episode(terminal: Terminal) -> str:
    """An episode in the workup."""
    return terminal.enrol()


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        ("weight_kg=heavy", "weight_kg must be a number"),
        ("weight_kg=[70]", "weight_kg must be a number"),
        ("weight_kg=true", "weight_kg must be a number"),
        ("weight_kg=5000", "weight_kg must lie between 0.5 and 400 kg"),
        ("weight_kg=-1", "weight_kg must lie between"),
        ("weight_kg=.nan", "weight_kg must be a"),
        ("weight_kg=nan", "weight_kg must be a"),
        ("weight_kg=.inf", "weight_kg must be a"),
        ("weight_kg=1e400", "weight_kg must be a"),
        ("weight_kg=" + "9" * 60, "weight_kg must be a"),
        ("severity=sever", "severity must be one of mild, moderate, severe"),
        ("severity=[severe]", "severity must be one of"),
        ("severity=no", "severity must be one of"),
        ("symptoms_progressing=yes", "symptoms_progressing must be true or false"),
        ("antibodies=[gad,oops]", "antibodies must be a list of"),
        ("symptom_onset=9999-12-31", "symptom_onset must lie between 1900-01-01 and today"),
        ("symptom_onset=31.12.2025", "symptom_onset must be a date"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_on_the_record(
    terminal: Terminal, episode: str, fact: str, says: str
) -> None:
    said = terminal("record", episode, "infection_status=excluded", fact)
    assert (said.code, said.out) == (REFUSED, "")
    assert said.line.startswith(f"refused: invalid-value: {says}")
    shown = terminal("show", episode, "--json").document
    assert (shown["seq"], shown["facts"]) == (2, {})
    terminal.assert_sound()


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        ("weight_kg=", "weight_kg has no value: write weight_kg=null"),
        ("weight_kg={a: 1}", "weight_kg must be"),
        ("severity='unclosed", "severity cannot be read"),
        ("severity=*alias", "severity cannot be read"),
        ("severity", "is no fact: write NAME=VALUE"),
        ("=severe", "is no fact: write NAME=VALUE"),
        ("severity=" + MEGABYTE, "severity is longer than 4000 characters"),
        (f"severity=[{'a,' * 500}]", "severity has more than 200 values"),
        (MEGABYTE, "is no fact: write NAME=VALUE"),
        (f"{MEGABYTE}=1", "is longer than 200 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fact_that_cannot_be_read(terminal: Terminal, episode: str, fact: str, says: str) -> None:
    said = terminal("record", episode, "infection_status=excluded", fact)
    assert (said.code, said.out) == (UNUSABLE, "")
    assert says in said.line
    assert terminal.seq(episode) == 1
    terminal.assert_sound()


def test_an_unknown_fact_is_refused_on_the_record(terminal: Terminal, episode: str) -> None:
    said = terminal("record", episode, "severty=severe", "weight_kg=70")
    assert said.code == REFUSED
    assert said.line.startswith("refused: unknown-fact: unknown fact 'severty'")
    assert said.line.endswith("recorded as entry 2")
    assert terminal("show", episode, "--json").document["facts"] == {}
    terminal.assert_sound()


@pytest.mark.parametrize("content", ["", "- a\n", "a: 1\na: 2\n", "a: &x 1\n", "a: [\n", "\t\n", "a: " + MEGABYTE])
def test_a_file_of_facts_that_cannot_be_read(terminal: Terminal, episode: str, tmp_path: Path, content: str) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(content)
    said = terminal("record", episode, "--from", str(file))
    assert (said.code, said.line != "") == (UNUSABLE, True)
    assert terminal.seq(episode) == 1


def test_a_fact_named_twice(terminal: Terminal, episode: str) -> None:
    assert "given twice" in terminal("record", episode, "severity=mild", "severity=severe").line


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["confirm", "EPISODE", "ivmp-puls"], REFUSED, "ivmp-puls"),
        (["confirm", "EPISODE", "ivmp-pulse", "--days", "500"], REFUSED, "takes from 3 to 5"),
        (["confirm", "EPISODE", "ivmp-pulse", "--days", "abc"], UNUSABLE, "'abc' is not a valid integer"),
        (["confirm", "EPISODE", "ivmp-pulse", "--start", "9999-01-01T00:00:00+00:00"], REFUSED, "start"),
        (["confirm", "EPISODE", "ivmp-pulse", "--start", "tomorrow"], REFUSED, "start must be a moment"),
        (["confirm", "EPISODE", "ivmp-pulse", "--given", "2026-01-01"], REFUSED, "given"),
        (["confirm", "EPISODE", "steroid-taper", "--steps", "7x60"], UNUSABLE, "--steps must be DAYS:DOSE"),
        (["confirm", "EPISODE"], UNUSABLE, "Missing argument 'REGIMEN...'"),
        (["confirm", "EPISODE", MEGABYTE], UNUSABLE, "at most 200 characters"),
        (["confirm", "EPISODE", "ivmp-pulse", "--dose", MEGABYTE], UNUSABLE, "dose is longer than 200 characters"),
        (["confirm", "EPISODE", "ivmp-pulse", "--start", MEGABYTE], UNUSABLE, "start is longer than 200 characters"),
        (["confirm", "EPISODE", "ivmp-pulse", "--given", MEGABYTE], UNUSABLE, "given is longer than 200 characters"),
        (["give", "EPISODE", "ivmp-pulse"], REFUSED, "no-such-course"),
        (["give", "EPISODE", "ivmp-pulse", "--at", "9999-01-01T00:00:00+00:00"], UNUSABLE, "between the years"),
        (["complete", "EPISODE", "no-task"], REFUSED, "no-such-task"),
        (["acknowledge", "EPISODE", "no-reminder"], REFUSED, "no-such-reminder"),
        (["close", "EPISODE", "nowhere"], REFUSED, "nowhere"),
        (["record", "EPISODE", "severity=mild", "--reason", MEGABYTE], UNUSABLE, "reason must be text of at most"),
        (["record", "EPISODE", "severity=mild", "--key", MEGABYTE], UNUSABLE, "a key is 1 to 200"),
        (["record", "EPISODE", "severity=mild", "--as", MEGABYTE], UNUSABLE, "an actor's id"),
        (["record", "EPISODE", "severity=mild", "--as", "Anna Example"], UNUSABLE, "an actor's id"),
        (["record", "EPISODE", "severity=mild", "--role", "Über"], UNUSABLE, "a role is"),
        (["record", "EPISODE", "severity=mild", "--role", "visitor"], REFUSED, "needs-role"),
        (["record", "EPISODE", "severity=mild", "--seen", "0"], UNUSABLE, "--seen"),
        (["record", "EPISODE", "severity=mild", "--seen", "99"], REFUSED, "entry 99 is not on record"),
        (["record", "EPISODE"], UNUSABLE, "nothing to record"),
        (["show", "no-such-episode"], UNUSABLE, "there is no such episode"),
        (["show", MEGABYTE], UNUSABLE, "there is no such episode"),
        (["record", "no-such-episode", "severity=mild"], UNUSABLE, "there is no such episode"),
        (["story", "no-such-episode"], UNUSABLE, "there is no such episode"),
        (["audit", "verify", "no-such-episode"], UNUSABLE, "there is no such episode"),
        (["audit", "export", "no-such-episode"], UNUSABLE, "there is no such episode"),
        (["audit", "replay"], UNUSABLE, "name one EPISODE, or say --all"),
        (["worklist", "--limit", "0"], UNUSABLE, "limit must lie between 1 and 500"),
        (["worklist", "--after", "nonsense"], UNUSABLE, "this cursor leads nowhere: begin at the first page"),
        (["find", "0000001"], UNUSABLE, "a patient is named by SYSTEM=NUMBER"),
        (["pathway", "show", "post-viral-cerebelar-demyelination"], UNUSABLE, "did you mean"),
        (["pathway", "check", "/nowhere/pathway.yaml"], UNUSABLE, "there is no file or folder"),
        (["pathway", "list", "--workflows", "/nowhere"], UNUSABLE, "there is no folder of pathways"),
        (["show", "EPISODE", "--database", "mysql://x/y"], UNUSABLE, "must begin with sqlite:/// or postgresql://"),
        (["recrod", "EPISODE"], UNUSABLE, "No such command 'recrod'"),
        (["show", "EPISODE", "--jsn"], UNUSABLE, "No such option '--jsn'"),
        (["completion", "tcsh"], UNUSABLE, "'tcsh' is not one of"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_what_cannot_be_done(terminal: Terminal, episode: str, words: list[str], code: int, says: str) -> None:
    said = terminal(*(episode if word == "EPISODE" else word for word in words))
    assert (said.code, said.out) == (code, "")
    assert says in said.line
    assert terminal.seq(episode) == (2 if "recorded as entry 2" in said.line else 1)
    terminal.assert_sound()


def test_nobody_acts_without_an_id(terminal: Terminal, episode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREPATH_ACTOR")
    assert terminal("record", episode, "severity=mild").line == "say who acts: --as ID, or set CAREPATH_ACTOR"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no-such-pathway", "--patient", "n=1", "--ward", "w"], "no pathway 'no-such-pathway'"),
        ([PATHWAY, "--patient", "n=1"], "Missing option '--ward'"),
        ([PATHWAY, "--patient", "1", "--ward", "w"], "a patient is named by SYSTEM=NUMBER"),
        ([PATHWAY, "--patient", "n=", "--ward", "w"], "value must be printable text"),
        ([PATHWAY, "--patient", "n=" + MEGABYTE, "--ward", "w"], "value must be printable text"),
        ([PATHWAY, "--patient", "n=1", "--ward", " "], "ward must be printable text"),
        ([PATHWAY, "--patient", "n=1", "--ward", "w", "--timezone", "Mars/Olympus"], "zone"),
    ],
    ids=range(7),
)
def test_who_cannot_be_enrolled(terminal: Terminal, words: list[str], says: str) -> None:
    said = terminal("enrol", *words)
    assert (said.code, said.out) == (UNUSABLE, "")
    assert says in said.line
    assert terminal("audit", "verify", "--all", "--json").document["episodes"] == 0


def test_a_patient_is_not_enrolled_twice(terminal: Terminal, episode: str) -> None:
    said = terminal("enrol", PATHWAY, "--patient", "hospital-number=0000001", "--ward", "w")
    assert said.code == REFUSED
    assert "open episode on this pathway" in said.line


def test_a_closed_episode_takes_nothing_more(terminal: Terminal, episode: str) -> None:
    assert terminal("close", episode, "withdrawn", "--role", "lead", "--reason", "moved away").code == 0
    said = terminal("record", episode, "severity=mild")
    assert said.code == REFUSED
    assert said.line.startswith("refused: episode-closed: ")
    terminal.assert_sound()


def test_a_decision_on_what_has_changed_meanwhile(terminal: Terminal, episode: str) -> None:
    seen = terminal.seq(episode)
    terminal("record", episode, "severity=severe", "infection_status=excluded")
    before = terminal.seq(episode)
    said = terminal("confirm", episode, "ivmp-pulse", "--days", "5", "--seen", str(seen))
    assert said.code == REFUSED
    assert f"have changed since entry {seen}" in said.line
    assert terminal.seq(episode) == before


def test_a_key_with_another_body(terminal: Terminal, episode: str) -> None:
    terminal("record", episode, "severity=mild", "--key", "k1")
    said = terminal("record", episode, "severity=severe", "--key", "k1")
    assert said.code == REFUSED
    assert "used with another request" in said.line
    assert terminal("show", episode, "--json").document["facts"]["severity"]["value"] == "mild"
    terminal.assert_sound()


def test_errors_are_json_where_json_was_asked_for(terminal: Terminal, episode: str) -> None:
    said = terminal("record", episode, "severty=severe", "--json")
    assert said.code == REFUSED
    assert said.document["accepted"] is False
    assert said.document["code"] == json.loads(said.err)["error"]["code"] == "unknown-fact"
