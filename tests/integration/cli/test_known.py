"""Goal: at a terminal a derived value says from what it follows, and a form what to look at before recording."""

import pytest

from tests.integration.cli.conftest import Terminal


def enrol(terminal: Terminal, pathway: str) -> str:
    said = terminal("enrol", pathway, "--patient", "hospital-number=1", "--ward", "neuro-1", "--json")
    return str(said.document["episode_id"])


@pytest.mark.rules("L-08")
def test_a_derived_value_and_an_own_entry_are_shown_and_told(terminal: Terminal) -> None:
    episode = enrol(terminal, "leukoencephalopathy")
    assert terminal("record", episode, "leukoencephalopathy_type=toxic", "symptoms=improved").code == 0
    text = " ".join(terminal("show", episode).out.split())
    derived = "derived from symptoms improved and leukoencephalopathy type toxic (L-08)"
    assert f"entry 2; {derived}" in text
    assert "What follows from the facts response: partial, derived [L-08; source 002]" in text
    assert "now partial when the type is recorded and symptoms are improved [L-08; source 002]" in text
    assert terminal("record", episode, "response=none").code == 0
    text = " ".join(terminal("show", episode).out.split())
    assert "entry 3; own entry, not derived" in text
    assert "response: none, a person's own entry, which wins" in text
    assert "holds partial when" in text
    told = " ".join(terminal("timeline", episode).out.split())
    assert f"response: partial, {derived}" in told
    assert "response: none, the clinician's own entry, not derived; takes the place of entry 2" in told
    terminal.assert_sound()


def test_observations_older_than_the_treatment_are_awaited_anew(terminal: Terminal) -> None:
    episode = enrol(terminal, "leukoencephalopathy")
    known = ("leukoencephalopathy_type=post-infectious", "infection_status=excluded", "weight_kg=70")
    assert terminal("record", episode, *known, "symptoms=improved").code == 0
    assert terminal("confirm", episode, "ivmp-pulse").code == 0
    assert "awaits symptoms, recorded after the latest treatment" in terminal("show", episode).out


@pytest.mark.rules("A-14")
def test_a_form_and_what_a_task_asks_for_are_shown(terminal: Terminal) -> None:
    episode = enrol(terminal, "autoimmune-cerebellar-ataxia")
    assert terminal("record", episode, "infection_status=excluded", "weight_kg=70", "icars=42").code == 0
    assert terminal("confirm", episode, "ivig").code == 0
    text = terminal("show", episode).out
    look = text[text.index("Look at this before you record") :].partition("\n\n")[0].splitlines()
    assert [line.strip() for line in look[1:]] == [
        "response [A-14; source 001]",
        "Gait stability and walking unassisted",
        "Dysarthria",
        "Limb ataxia",
        "Nystagmus",
        "SPECT: cerebellar perfusion (optional)",
    ]
    assert "ICARS score before treatment (asks for ICARS score, recorded)" in " ".join(text.split())
    assert "icars             42 " in text  # a score has no unit
