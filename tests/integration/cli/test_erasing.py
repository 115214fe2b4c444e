"""Goal: at a terminal too a record is held, listed, let go, and erased on purpose alone, each with a reason."""

from tests.integration.cli.conftest import Terminal


def test_a_record_is_held_listed_let_go_and_erased(terminal: Terminal) -> None:
    episode = terminal.enrol()
    why = ("--reason", "case 7")
    assert terminal("holds").out == "no record is held\n"
    assert terminal("hold", episode, *why).code == 0
    told = terminal("holds").out
    assert "n1, asserted  case 7" in told, "at a terminal nobody proves who he is"
    assert episode in told
    assert terminal("holds", "--json").document["before"] is None
    assert terminal("close", episode, "withdrawn", "--reason", "moved", "--role", "clinician").code == 0
    assert terminal("erase", episode, *why).line.startswith("this erases every episode of the patient for ever")
    assert "legal hold" in terminal("erase", episode, *why, "--yes").line
    assert terminal("hold", episode, *why, "--end").out == "held no longer\n"
    assert terminal("erase", episode, *why, "--yes").code == 0
    assert "key was destroyed" in terminal("show", episode).line
