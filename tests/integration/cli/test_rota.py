"""Goal: at a terminal too people see and change who is told, and a test message really leaves."""

import pytest

from orchestrator import config
from orchestrator.bootstrap import open_system
from orchestrator.service.people.recording import Author
from tests.integration.cli.conftest import Terminal
from tests.integration.gateways import Gateway
from tests.servers.outside import NEVER

SPAN = ("--from", "2126-03-02T08:00", "--until", "2126-03-02T20:00")


@pytest.fixture
def staffed(terminal: Terminal) -> Terminal:
    """A terminal on a store with two nurses of one ward."""
    with open_system(config.read()) as system:
        for login in ("ann", "bo"):
            posts = (("neuro-1", "nurse"),)
            system.people.add(Author("u-test", "administrator"), login=login, name=login.capitalize(), posts=posts)
    return terminal


def test_a_rota_is_made_shown_and_taken_back(staffed: Terminal) -> None:
    add = ("rota", "add", "neuro-1", "--role", "nurse", "--person", "ann", *SPAN)
    assert staffed(*add, "--json").document["duty_id"]
    assert staffed(*add).code == 1, "a second time"
    shown = staffed("rota", "show", "neuro-1", "--from", "2126-03-02", "--days", "1").out
    assert "NOBODY ON DUTY: all who hold the post are told (Ann, Bo)" in shown
    assert "Sat  2 Mar 2126 08:00 UTC  Sat  2 Mar 2126 20:00 UTC  Ann" in shown
    document = staffed("rota", "show", "neuro-1", "--from", "2126-03-02", "--json").document
    (duty,) = document["duties"]
    assert staffed("rota", "remove", "neuro-1", duty["duty_id"]).out == "it is out of the rota\n"
    assert staffed("rota", "remove", "neuro-1", duty["duty_id"]).code == 2
    shown = staffed("rota", "show", "neuro-1").out
    assert "no rota in these days" in shown
    assert "Ann, Bo: all are told" in shown


def test_who_is_away_and_who_stands_in(staffed: Terminal) -> None:
    away = staffed("rota", "away", "ann", *SPAN, "--deputy", "bo", "--json").document["away_id"]
    said = staffed("rota", "reach", "ann").out
    assert f"{away}  Sat  2 Mar 2126 08:00 UTC  Sat  2 Mar 2126 20:00 UTC  Bo" in said
    assert "no channel of their own" in said
    assert staffed("rota", "back", "ann", away).code == 0
    assert staffed("rota", "reach", "ann", "--json").document["absences"] == []
    assert staffed("rota", "reach", "nobody").line == "there is no account with this id or login"


def test_a_channel_is_added_tried_and_removed(staffed: Terminal, gate: Gateway) -> None:
    contact = ("rota", "contact", "ann", "e-mail", "ann@home.example", "--kind", "reminder", "--quiet", "22:00-06:00")
    assert "e-mail-1" in staffed(*contact).out
    assert "e-mail-1  ann@home.example  reminder not 22:00-06:00" in staffed("rota", "reach", "ann").out
    assert staffed("rota", "test", "ann", "e-mail-1").out == "it has left\n"
    assert [each.to for each in gate.server.arrivals] == ["ann@home.example"]
    gate.server.answers.append(NEVER)
    failed = staffed("rota", "test", "ann", "e-mail-1")
    assert (failed.code, failed.line.partition(";")[0]) == (1, "it did not leave: recipient-refused")
    assert staffed("rota", "no-contact", "ann", "e-mail-1").code == 0
    assert staffed("rota", "reach", "ann", "--json").document["contacts"] == []


def test_who_changes_it_here_stands_on_record_as_asserted(staffed: Terminal) -> None:
    duty = staffed("rota", "add", "neuro-1", "--role", "nurse", "--person", "ann", *SPAN, "--json").document["duty_id"]
    staffed("rota", "remove", "neuro-1", duty)
    staffed("rota", "away", "ann", *SPAN)
    told = staffed("user", "records", "ann", "--json").document["records"]
    assert [(each["kind"], each["detail"].get("asserted", False)) for each in told] == [
        ("away", True), ("duty-removed", True), ("duty", True), ("added", False),
    ]  # fmt: skip
