"""Goal: what is written of an episode is exact, comes back as it was, and holds nothing that JSON would bend."""

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.audit.canonical import canonical
from orchestrator.episode import events as ev
from orchestrator.episode.codec import plain, rich
from orchestrator.episode.commands import (
    Acknowledge,
    ChangeWard,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
    Tick,
    command_from_json,
    command_to_json,
)
from orchestrator.episode.document import dump, load
from orchestrator.episode.event_json import event_from_json, event_to_json
from orchestrator.errors import InvalidCommand
from tests.patients import T0, Patient, severe

VALUES: list[Any] = [
    None, True, False, 0, -5, "", "text", "ä ß 漢", Decimal("0.5"), Decimal("70.10"), Decimal("1E+3"),
    date(2026, 2, 28),
    datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC), frozenset(), frozenset({"gad", "hu"}), (), ("a", Decimal(2)),
    {}, {"dose": Decimal("62.5"), "steps": ({"days": 14, "dose": Decimal(20)},)},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[str(number) for number in range(len(VALUES))])
def test_a_value_of_no_fixed_type_comes_back_as_it_was(value: object) -> None:
    written = json.loads(canonical({"value": plain(value)}))["value"]
    back = rich(written)
    assert back == value
    assert type(back) is type(value)


def test_a_decimal_keeps_its_digits() -> None:
    assert str(rich(plain(Decimal("70.10")))) == "70.10"


def test_a_set_has_one_form() -> None:
    assert canonical(plain(frozenset("cab"))) == canonical(plain(frozenset("bca")))


def test_every_event_of_a_long_way_comes_back_from_canonical_bytes() -> None:
    seen: set[str] = set()
    for entry in long_way().entries:
        for event in entry.events:
            written = json.loads(canonical(event_to_json(event)))
            seen.add(written["type"])
            read = event_from_json(written)
            assert type(read) is type(event)
            assert event_to_json(read) == written
    assert len(seen) > 20, "the way is long enough to tell something"


def test_an_event_names_its_type_and_leaves_defaults_out() -> None:
    assert event_to_json(ev.FactExpired("response")) == {"type": "fact-expired", "fact": "response"}
    assert "corrects" not in event_to_json(ev.FactRecorded("virus", "vzv"))


def test_an_unknown_event_is_not_read_as_something_else() -> None:
    with pytest.raises(KeyError):
        event_from_json({"type": "never-heard-of"})


def test_a_document_comes_back_as_it_was_at_every_moment() -> None:
    patient = long_way()
    assert load(dump(patient.episode)) == patient.episode
    assert dump(load(dump(patient.episode))) == dump(patient.episode)


def test_a_document_of_a_long_way_is_small() -> None:
    assert len(dump(long_way().episode)) < 8_000


def long_way() -> Patient:
    """Severe; nothing after the pulse; exchange; rituximab; better; a taper; better no more."""
    patient = severe(height_cm=170, symptom_onset="2026-02-20", antibodies=["gad", "hu"])
    patient.accepted(Complete("neurology-consult"), "nurse").at(1).confirm("ivmp-pulse").give("ivmp-pulse", 2)
    patient.accepted(Miss("ivmp-pulse"), "nurse").record(response="none").at(75).record(weight_kg=Decimal("61.5"))
    patient.confirm("plex", sessions=6).give("plex", 5).accepted(Decline("plex"), "nurse")
    patient.record(response="limited").confirm("rituximab-weekly").give("rituximab-weekly")
    patient.accepted(Retract("rituximab-weekly", reason="wrong patient"), "nurse").give("rituximab-weekly", 4)
    patient.record(response="partial").accepted(Retract("response", reason="wrong patient")).record(response="partial")
    patient.record(infection_status="active")
    patient.act(Acknowledge("course-review", reason="seen"), "lead")
    patient.confirm("steroid-taper", steps=[{"days": 14, "dose": Decimal("37.5")}, {"days": 14, "dose": 10}])
    patient.at(2000).record(response="worse").at(2100).act(Stop("steroid-taper"))
    assert patient.episode.stage == "reassess"
    return patient


COMMANDS: list[Command] = [
    Record(facts={"weight_kg": Decimal("70.5"), "antibodies": ["gad"], "virus": None}, reason="weighed"),
    Confirm(("ivmp-pulse", "plex"), {"days": 5, "start": T0}, reason="both", override=("infection-excluded",)),
    Give("ivig", T0), Give("ivig"), Miss("ivig"), Decline("ivig"), Stop("ivig", override=("steroid-stop",), reason="x"),
    Retract("response", reason="wrong"), Complete("eeg"), Acknowledge("dose-due"), Close("recovered"),
    ChangeWard("ward 7 süd", anyway=True, along=("e-2",), reason="a bed"), ChangeWard("w-2"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.kind)
def test_a_command_is_written_canonically_and_read_again(command: Command) -> None:
    written = json.loads(canonical(command_to_json(command)))
    read = command_from_json(command.kind, written)
    assert type(read) is type(command)
    assert command_to_json(read) == written


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("nothing", {}),
        ("tick", {}),
        ("give", {}),
        ("give", {"regimen": "ivig", "dose": 5}),
        ("give", {"regimen": 5}),
        ("give", {"regimen": ""}),
        ("give", {"regimen": "x" * 201}),
        ("give", {"regimen": "ivig", "given_at": "yesterday"}),
        ("give", {"regimen": "ivig", "given_at": "2026-03-02T08:00:00"}),
        ("give", {"regimen": "ivig", "given_at": "9999-03-02T08:00:00+00:00"}),
        ("give", {"regimen": "ivig", "given_at": 5}),
        ("record", {"facts": ["severity"]}),
        ("record", {"facts": {str(number): 1 for number in range(101)}}),
        ("confirm", {"regimens": [5]}),
        ("confirm", {"regimens": ["ivig"] * 51}),
        ("confirm", {"regimens": ["ivig"], "parameters": 5}),
        ("close", {"outcome": "recovered", "reason": 5}),
        ("close", {"outcome": "recovered", "reason": "x" * 4001}),
        ("close", {"outcome": "recovered", "override": {}}),
        ("change-ward", {}),
        ("change-ward", {"ward": ""}),
        ("change-ward", {"ward": "w-2", "anyway": "yes"}),
    ],
)
def test_a_command_that_does_not_fit_is_refused_by_its_shape(kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidCommand) as refused:
        command_from_json(kind, body)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_nobody_but_the_clock_ticks() -> None:
    assert command_to_json(Tick()) == {}
    with pytest.raises(InvalidCommand):
        command_from_json(Tick.kind, {})


def test_a_blank_reason_is_none() -> None:
    assert command_from_json("close", {"outcome": "recovered", "reason": " \n "}).reason is None


def test_events_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ev.FactExpired("response").fact = "severity"  # type: ignore[misc]
