"""Goal: at a terminal people see what waits to leave the house, and see to dead letters."""

from pathlib import Path

import pytest

from orchestrator import config
from orchestrator.bootstrap import open_system
from tests.integration.cli.conftest import Terminal
from tests.integration.gateways import Gateway, gateway
from tests.servers.outside import LATER, NEVER
from workers.deliver import deliver


def work() -> int:
    """Do what a worker does; return how many notices left."""
    with open_system(config.read()) as system:
        return deliver(system)


def dead_letter(terminal: Terminal, gate: Gateway) -> str:
    """Leave a dead letter; return its id."""
    gate.server.answers.append(NEVER)
    terminal.enrol()
    with open_system(config.read()) as system:
        assert deliver(system) == 0
        (row,) = system.outgoing.page(dead=True).rows
    return str(row["id"])


def test_nothing_waits(terminal: Terminal) -> None:
    assert terminal("deliveries").out == "nothing waits to leave the house\n"
    assert terminal("deliveries", "resend", "--all").out == "there is no such dead letter\n"


def test_what_waits_is_shown_with_its_last_error(terminal: Terminal, gate: Gateway) -> None:
    gate.server.answers.append(LATER)
    episode = terminal.enrol()
    said = terminal("deliveries")
    assert f"all  reminder to clinician  0 tries  not tried yet  {episode}." in said.out
    assert work() == 0
    (row,) = terminal("deliveries", "--json").document["deliveries"]
    assert (row["attempts"], row["last_error"], row["given_up_at"]) == (1, "recipient-refused-for-now", None)
    assert row["notice"]["episode_id"] == episode
    assert terminal("deliveries", "resend", row["id"]).code == 2, "it is no dead letter"


def test_pages(terminal: Terminal, gate: Gateway) -> None:
    episodes = sorted(terminal.enrol(number) for number in ("1", "2"))
    first = terminal("deliveries", "--limit", "1")
    assert episodes[0] in first.out
    assert "there is more" in first.out
    after = terminal("deliveries", "--json", "--limit", "1").document["after"]
    (row,) = terminal("deliveries", "--json", "--after", after).document["deliveries"]
    assert row["notice"]["episode_id"] == episodes[1]


def test_a_dead_letter_is_sent_again(terminal: Terminal, gate: Gateway) -> None:
    letter = dead_letter(terminal, gate)
    shown = terminal("deliveries", "--dead").out
    assert shown.startswith("DEAD  since ")
    assert shown.endswith(f"  1 try  recipient-refused  {letter}\n")
    assert terminal("deliveries", "resend", letter).out == "1 dead letter is sent again as soon as a worker looks\n"
    assert work() == 1
    assert terminal("deliveries", "resend", letter).code == 2


def test_all_dead_letters_of_a_route_are_sent_again(terminal: Terminal, gate: Gateway) -> None:
    gate.server.answers.extend([NEVER, NEVER])
    for number in ("1", "2"):
        terminal.enrol(number)
    work()
    assert terminal("deliveries", "resend", "--all", "--route", "all", "--json").document["resent"] == 2
    assert work() == 2


def test_a_person_takes_a_dead_letter_over(terminal: Terminal, gate: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = dead_letter(terminal, gate)
    said = terminal("deliveries", "drop", letter, "--as", "u-107", "--reason", "rang the ward")
    assert said.out == "u-107 has taken it over; it is not sent\n"
    again = terminal("deliveries", "drop", letter, "--reason", "rang the ward")
    assert (again.code, again.line) == (
        2,
        "there is no such dead letter: it left, was dropped, or is still tried",
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["resend"], "say which dead letter: its ID, or --all"),
        (["resend", "a.b.c", "--all"], "say which dead letter"),
        (["resend", "a.b.c", "--route", "x"], "say which dead letter"),
        (["resend", "nonsense"], "this is not the id of a delivery"),
        (["resend", "a.b.c"], "there is no such dead letter"),
        (["drop", "a.b.c"], "Missing option '--reason'"),
        (["drop", "a.b.c", "--reason", " "], "say in at most 500 characters why"),
        (["drop", "a.b.c", "--reason", "x" * 501], "say in at most 500 characters why"),
        (["drop", "a.b.c", "--as", "Mrs Smith", "--reason", "x"], "an actor's id is"),
        (["--limit", "0"], "limit must lie between"),
        (["--after", "nonsense"], "this cursor leads nowhere: begin at the first page"),
    ],
)
def test_what_cannot_be_done(terminal: Terminal, words: list[str], says: str) -> None:
    said = terminal("deliveries", *words)
    assert said.code == 2
    assert says in said.line


def test_a_person_must_be_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREPATH_ACTOR")
    assert "say who acts" in terminal("deliveries", "drop", "a.b.c", "--reason", "x").line


# The doctor


def channels(terminal: Terminal, code: int = 0) -> list[tuple[str, str]]:
    said = terminal("doctor", "--json")
    assert said.code == code, said
    return [(each["level"], each["text"]) for each in said.document["checks"] if each["check"] == "channels"]


def test_the_doctor_tries_the_server(terminal: Terminal, gate: Gateway) -> None:
    assert channels(terminal) == [("ok", f"1 route in {gate.file()}")]
    (gate.folder / "password").write_text("guess")
    *_, (level, text) = channels(terminal)
    assert level == "warn"
    assert text.startswith("mail by localhost would not leave now: login-refused")
    (gate.folder / "password").unlink()
    ((level, text),) = channels(terminal, code=1)
    assert level == "fail"
    assert "channels-ward.yaml:3: password_file: the file" in text
    assert gate.server.arrivals == []


def test_the_doctor_tries_the_hosts_of_webhooks(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway("webhook", tmp_path / "hooks") as gate:
        monkeypatch.setenv("CAREPATH_CHANNELS", str(gate.file()))
        assert [level for level, _ in channels(terminal)] == ["ok"]
    assert "would not leave now: unreachable" in channels(terminal)[1][1]
    assert gate.server.arrivals == []


def test_the_doctor_says_when_nobody_outside_would_be_told_that_reminders_are_late(
    terminal: Terminal, gate: Gateway
) -> None:
    file = gate.file()
    file.write_text(file.read_text().replace("channel: e-mail", "channel: e-mail, wards: [neuro-1]"))
    (_, (level, text)) = channels(terminal)
    assert (level, "no route takes notices of the kind overdue" in text) == ("warn", True)


def test_without_a_file_of_channels_nothing_leaves(terminal: Terminal) -> None:
    assert channels(terminal) == [("ok", "no notice leaves the house: they stand in the inbox alone")]


def test_a_fault_of_the_file_is_told_and_stops_nobody(
    terminal: Terminal, gate: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gate.folder / "faulty.yaml").write_text("format: 1\nlink: https://a.example\nroute: {}\n")
    monkeypatch.setenv("CAREPATH_CHANNELS", str(gate.folder / "faulty.yaml"))
    said = terminal("worklist")
    assert said.code == 0
    assert "faulty.yaml:3: unknown key 'route' in the file of channels; did you mean 'routes'?" in said.err


def test_whoever_only_tells_needs_no_secret(terminal: Terminal, gate: Gateway) -> None:
    for name in ("password", "trusted.pem"):
        (gate.folder / name).unlink()
    terminal.enrol()
    assert work() == 0
    (row,) = terminal("deliveries", "--json").document["deliveries"]
    assert (row["last_error"], row["given_up_at"]) == ("file-unreadable", None)
