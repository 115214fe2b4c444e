"""Goal: two records of one patient are compared, merged and separated at the command line, in so many words."""

import pytest

from tests.integration.cli.conftest import Terminal


def test_compared_merged_and_taken_back(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_ACTOR", "lead-7")
    first, second = terminal.enrol("0001"), terminal.enrol("0002")
    said = terminal("patient", "compare", first, "hospital-number=0002")
    assert said.code == 0, said.err
    assert "KEPT" in said.out
    assert "would be open on" in said.out
    told = terminal("patient", "compare", first, "hospital-number=0002", "--json").document
    why = ("--reason", "same day of birth")
    late = terminal("patient", "merge", first, told["record"], "--compared", "0" * 32, *why)
    assert (late.code, "compare them anew" in late.line) == (1, True)
    done = terminal("patient", "merge", first, told["record"], "--compared", told["compared"], *why)
    assert done.code == 0, done.err
    assert "CAREFUL: more than one episode is open" in done.out
    assert "reason: same day of birth" in done.out
    assert " by lead-7, asserted\n" in done.out, "at a terminal nobody proves who he is"
    again = terminal("patient", "compare", first, "hospital-number=0002")
    assert again.line == "these two are merged already, by lead-7, asserted"
    assert "lead, asserted" in terminal("seen", first).out
    told_of = terminal("report", first).out.split("more than one record")[1].split("</ul>")[0]
    assert '<span class="note">asserted</span>' in told_of
    for number in ("0001", "0002"):
        found = terminal("find", f"hospital-number={number}").out
        assert first in found
        assert second in found
    terminal("record", second, "severity=mild", "--as", "n-4711", "--role", "nurse")
    assert terminal("patient", "show", second, "--json").document["records"][1]["patient_id"] == told["record"]
    back = terminal("patient", "unmerge", second, told["record"], "--reason", "two people of one name")
    assert "n-4711" in back.out
    assert terminal("patient", "unmerge", second, told["record"], "--reason", "again").code == 1
    assert second not in terminal("find", "hospital-number=0001").out
    assert "unmerged" in terminal("seen", first).out
