"""Goal: a new key is added while nothing runs; what is there is opened as before, and the backup is asked for anew."""

from datetime import UTC, datetime

from orchestrator.bootstrap import open_system
from orchestrator.config import read
from orchestrator.store import connect, keyfile
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
    records = terminal("user", "records", "--json").document
    assert (records["whole"], len(records["records"])) == (True, 1)
    told = records["records"][0]
    assert (told["by"], told["kind"]) == ("n1", "keys-rotated")
    assert told["detail"] == {"asserted": True, "key": said.document["key"]}
    assert f"keys-rotated {said.document['key']}, asserted" in " ".join(terminal("user", "records").out.split())
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


def test_who_was_there_comes_under_the_new_key_while_processes_run(terminal: Terminal) -> None:
    before = terminal.enrol("0000001")
    new = terminal("keys", "rotate", "--json").document["key"]
    with open_system(read()) as system:
        system.presence.note("worker")
        said = terminal("keys", "rewrap", "--json")
        assert (said.code, said.document) == (
            0,
            {"key": new, "patients": 1, "factors": 0, "closed": [], "simulated": False},
        ), said.err
        assert wrapping(terminal) == {new}
    assert terminal("record", before, "weight_kg=70").code == 0
    terminal.assert_sound()
    assert terminal("keys", "rewrap").out == f"0 patients and 0 second factors came under the key {new}\n"


def test_a_key_that_does_not_open_is_named(terminal: Terminal) -> None:
    terminal.enrol("0000001")
    assert terminal("keys", "rotate").code == 0
    connection = connect.sqlite_module().connect(terminal.home / "carepath.db")
    connection.execute("UPDATE patient SET wrapped_key = x'00'")
    connection.commit()
    connection.close()
    said = terminal("keys", "rewrap")
    assert (said.code, "not opened: " in said.out, "audit verify" in said.line) == (1, True, True)


def test_a_rotation_that_was_killed_once_the_file_was_written_leaves_a_store_that_works(terminal: Terminal) -> None:
    terminal.enrol("0000001")
    keyfile.rotate(terminal.home / "carepath.keys", datetime.now(UTC))
    terminal.enrol("0000002")
    assert terminal("keys", "rewrap").code == 0
    assert len(wrapping(terminal)) == 1
