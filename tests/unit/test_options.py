"""Goal: whoever confirms sees what there is to choose, what speaks against it and what it would come to."""

from typing import Any

from orchestrator.audit.story import ahead
from orchestrator.episode.commands import Actor, Command, Confirm, Retract, Stop
from orchestrator.episode.decide import decide
from orchestrator.episode.options import options
from tests.patients import Patient

NURSE, LEAD = Actor("n-1", "nurse"), Actor("l-1", "lead")
PULSE = "Methylprednisolone IV pulse"


def offered(patient: Patient) -> dict[str, dict[str, Any]]:
    return {each["regimen"]: each for each in options(patient.pathway, patient.episode, patient.now)}


def test_choices_gates_and_doses_are_told_of_each_regimen() -> None:
    patient = Patient()
    pulse = offered(patient)["ivmp-pulse"]
    assert [(each["gate"], each["why"]) for each in pulse["gates"]] == [("infection-excluded", "unknown")]
    assert pulse["choices"]["days"] == {"kind": "count", "low": 3, "high": 5, "default": 3, "local": True}
    assert offered(patient)["ivig"]["missing"] == [{"fact": "weight_kg", "label": "weight"}]
    assert offered(patient)["ivig"]["dose"] == {}
    patient.record(infection_status="excluded", weight_kg=70, severity="severe", symptoms_progressing=True)
    found = offered(patient)
    assert found["ivmp-pulse"]["gates"] == []
    assert not found["ivmp-pulse"]["needs_reason"]
    assert (found["ivig"]["dose"]["amount"], found["ivig"]["dose"]["formula"]) == ("28", "0.4 g/kg × 70 kg")
    taper = found["steroid-taper"]["choices"]
    assert taper["taper_days"]["low"] < taper["taper_days"]["default"] == 42
    assert (taper["dose"], taper["steps"]["kind"]) == ({"kind": "amount", "unit": "mg"}, "steps")
    assert found["steroid-taper"]["needs_reason"], "it is not proposed yet"
    patient.confirm("ivmp-pulse")
    assert "ivmp-pulse" not in offered(patient), "what is in force is confirmed already"


def test_what_a_command_would_come_to_is_told_and_nothing_is_done() -> None:
    patient = Patient().record(infection_status="excluded", severity="severe", symptoms_progressing=True)
    patient.confirm("ivmp-pulse")
    before = patient.episode

    def told(command: Command, actor: Actor) -> tuple[str, str, tuple[str, ...]]:
        outcome = decide(patient.pathway, patient.episode, command, actor, patient.now)
        found = ahead(patient.pathway, patient.episode, command, actor, outcome, now=patient.now)
        return found.wish, found.code, found.follows

    assert told(Stop(regimen="ivmp-pulse"), LEAD) == (f"Stop {PULSE}", "steroid-stop", ())
    passing = Stop(regimen="ivmp-pulse", override=("steroid-stop",), reason="psychosis")
    wish, code, follows = told(passing, LEAD)
    assert (wish, code) == (f"Stop {PULSE}", "")
    assert f"The course of {PULSE} ended: stopped" in follows
    wish, code, follows = told(Retract(target="severity", reason="mistyped"), NURSE)
    assert (wish, code) == ("Take back severity", "")
    assert "The severity of entry 2 no longer counts" in follows
    assert told(Confirm(regimens=("plex",)), NURSE)[1] == "needs-role"
    assert patient.episode is before
