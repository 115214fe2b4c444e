"""Goal: a new key is added while nothing runs; what is there is opened as before, and the backup is asked for anew."""

from orchestrator.bootstrap import open_system
from orchestrator.config import read
from orchestrator.store import connect
from tests.integration.cli.conftest import Terminal


def wrapping(terminal: Terminal) -> set[str]:
    """Return the names of the keys that wrap somebody's."""
    connection = connect.sqlite_module().connect(terminal.home / "carepath.db")
    found = {name for (name,) in connection.execute("SELECT kek_id FROM patient")}
    connection.close()
    return found


def backup(terminal: Terminal) -> tuple[str, str]:
    (line,) = (each for each in terminal("doctor", "--json").document["checks"] if each["check"] == "backup")
    return line["level"], line["text"]


def test_who_comes_after_it_is_under_the_new_key_and_all_can_be_read(terminal: Terminal) -> None:
    before = terminal.enrol("0000001")
    assert terminal("keys", "backup", str(terminal.home / "copy-1")).code == 0
    said = terminal("keys", "rotate", "--json")
    assert said.code == 0, said.err
    after = terminal.enrol("0000002")
    assert said.document["key"] in wrapping(terminal)
    assert len(wrapping(terminal)) == 2
    assert [terminal("record", each, "weight_kg=70").code for each in (before, after)] == [0, 0]
    terminal.assert_sound()
    level, text = backup(terminal)
    assert (level, "lacks a key" in text) == ("warn", True)
    assert terminal("keys", "backup", str(terminal.home / "copy-2")).code == 0
    assert backup(terminal)[0] == "ok"


def test_it_is_refused_while_a_process_runs_that_would_not_have_it(terminal: Terminal) -> None:
    keys = terminal.home / "carepath.keys"
    held = keys.read_bytes()
    with open_system(read()) as system:
        system.presence.note("worker")
        said = terminal("keys", "rotate")
        assert (said.code, "1 worker" in said.line) == (1, True), said.line
        assert keys.read_bytes() == held
        system.presence.leave()
    assert terminal("keys", "rotate").code == 0
    assert keys.read_bytes() != held


def test_nothing_starts_with_the_file_as_it_was(terminal: Terminal) -> None:
    keys = terminal.home / "carepath.keys"
    held = keys.read_bytes()
    assert terminal("keys", "rotate").code == 0
    keys.write_bytes(held)
    said = terminal("worklist")
    assert (said.code, "put back its backup" in said.line) == (2, True), said.line
