"""Goal: accounts are looked after from a terminal; no password stands in an argument; the record can be proved."""

from pathlib import Path

import click
import pytest

from orchestrator.bootstrap import open_system
from orchestrator.cli.main import cli
from orchestrator.config import SettingError, read
from tests.integration.api.played import with_factor
from tests.integration.cli.conftest import Terminal


@pytest.fixture(autouse=True)
def administrator(terminal: Terminal) -> str:
    """Somebody who looks after accounts, since the first one is somebody's always."""
    said = terminal("user", "add", "admin", "--name", "A. Ministrator", "--post", "administrator@*", "--json")
    assert said.code == 0, said.err
    return str(said.document["person_id"])


def checks(terminal: Terminal) -> list[tuple[str, str]]:
    told = terminal("doctor", "--json").document["checks"]
    return [(each["level"], each["text"]) for each in told if each["check"] == "accounts"]


def test_a_person_is_added_listed_shown_and_ended(terminal: Terminal) -> None:
    added = terminal(
        "user", "add", "Nurse", "--name", "N. Nurse", "--post", "nurse@neuro-1", "--post", "lead@*", "--json"
    )
    assert added.code == 0, added.err
    assert len(added.document["password"]) > 20
    listed = terminal("user", "list").out
    assert "nurse" in listed
    assert "lead@*, nurse@neuro-1" in listed
    assert "admin" not in terminal("user", "list", "--find", "neuro-1").out
    shown = terminal("user", "show", "nurse")
    assert added.document["password"] not in shown.out
    assert "N. Nurse" in shown.out
    assert terminal("user", "posts", "nurse", "--post", "pharmacist@neuro-1").code == 0
    assert terminal("user", "show", "nurse", "--json").document["posts"] == [{"ward": "neuro-1", "role": "pharmacist"}]
    assert terminal("user", "end", "nurse").code == 0
    assert "nurse" not in terminal("user", "list").out
    assert "ended" in terminal("user", "list", "--ended").out
    assert terminal("user", "end", "nurse").line == "this account was ended"
    assert "somebody must remain administrator" in terminal("user", "end", "admin").line


def test_a_password_comes_from_a_prompt_or_a_file_and_never_from_an_argument(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("four plain words here\n")
    said = terminal("user", "add", "nurse", "--name", "Nurse", "--password-file", str(file), "--json")
    assert said.document["password"] is None
    settings = read({}, home=terminal.home)
    with open_system(settings) as system:
        assert system.signing.sign_in("nurse", "four plain words here").principal.renew
    monkeypatch.setattr(click, "prompt", lambda *_, **asked: "other plain words here" if asked["hide_input"] else "")
    assert terminal("user", "password", "nurse").code == 0
    with open_system(settings) as system:
        assert system.signing.sign_in("nurse", "other plain words here")
    made = terminal("user", "password", "nurse", "--generate", "--json").document["password"]
    with open_system(settings) as system:
        assert system.signing.sign_in("nurse", made)
    group = cli.commands["user"]
    assert isinstance(group, click.Group)
    options = {name for each in group.commands.values() for option in each.params for name in option.opts}
    assert "--password" not in options
    file.write_text("short")
    assert "12 to 256 characters" in terminal("user", "password", "nurse", "--password-file", str(file)).line


def test_a_token_is_made_for_a_program_alone(terminal: Terminal) -> None:
    terminal("user", "add", "link", "--name", "Laboratory link", "--post", "service@*", "--no-password")
    wish = ("--label", "a link", "--scope", "know", "--json")
    refused = terminal("user", "token", "admin", *wish)
    assert refused.code == 2
    assert "own page" in refused.err
    made = terminal("user", "token", "link", *wish).document
    with open_system(read({}, home=terminal.home)) as system:
        assert system.signing.bearer(made["token"]) is not None
    assert terminal("user", "token", "link", "--end", made["token_id"]).code == 0
    with open_system(read({}, home=terminal.home)) as system:
        assert system.signing.bearer(made["token"]) is None


def test_the_record_is_told_and_proved(terminal: Terminal) -> None:
    assert checks(terminal) == [("ok", "1 account, each with a post; the latest changes are whole")]
    terminal("user", "add", "nurse", "--name", "Nurse")
    assert checks(terminal) == [("warn", "1 have no post and see nothing: nurse")]
    told = terminal("user", "records", "--json").document
    assert told["whole"] is True
    assert [(each["kind"], each["by"], each["detail"]["asserted"]) for each in told["records"]] == [
        ("added", "n1", True), ("added", "n1", True),
    ]  # fmt: skip
    assert len(terminal("user", "records", "nurse", "--json").document["records"]) == 1
    with open_system(read({}, home=terminal.home)) as system, system.store.change() as change:
        change._sql.exec_driver_sql("UPDATE staff_record SET by = 'n2' WHERE seq = 1")
    broken = terminal("user", "records")
    assert broken.code == 1
    assert "BROKEN" in broken.out
    assert checks(terminal)[0][0] == "fail"


def test_doctor_says_that_nobody_is_administrator(terminal: Terminal, administrator: str) -> None:
    terminal("user", "add", "nurse", "--name", "Nurse", "--post", "nurse@neuro-1")
    with open_system(read({}, home=terminal.home)) as system, system.store.change() as change:
        change.set_posts(administrator, [])
    assert ("fail", "nobody is administrator: carepath user posts LOGIN --post administrator@*") in checks(terminal)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x", "--name", "X"),
        ("add", "nurse", "--name", ""),
        ("add", "nurse", "--name", "Nurse", "--post", "nurse"),
        ("add", "nurse", "--name", "Nurse", "--post", "wizard@neuro-1"),
        ("add", "nurse", "--name", "Nurse", "--no-password", "--password-file", "x"),
        ("show", "nobody"),
        ("posts", "nobody"),
        ("password", "admin", "--password-file", "/not/there"),
        ("records", "nobody"),
        ("token", "admin", "--end", "t-1"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(terminal: Terminal, words: tuple[str, ...]) -> None:
    said = terminal("user", *words)
    assert said.code == 2
    assert said.line
    assert len(terminal("user", "records", "--json").document["records"]) == 1


def test_in_the_name_of_an_account_no_more_is_done_than_it_may(terminal: Terminal, administrator: str) -> None:
    """Whoever may read the store may do it in another name; a program that names its user does what that one may."""
    of_one = terminal("user", "add", "ward-admin", "--name", "W. Admin", "--post", "administrator@neuro-1", "--json")
    terminal("user", "add", "nora", "--name", "Nora", "--post", "nurse@neuro-2")
    for words in (
        ("password", "nora", "--generate"), ("end", "nora"), ("posts", "nora", "--post", "nurse@neuro-1"),
        ("posts", "ward-admin", "--post", "administrator@*"), ("add", "xena", "--name", "X", "--post", "lead@neuro-2"),
    ):  # fmt: skip
        said = terminal("user", *words, "--as", of_one.document["person_id"])
        assert said.code != 0, words
        assert "wards" in said.line
    assert terminal("user", "posts", "nora", "--post", "nurse@neuro-1", "--as", administrator).code == 0
    assert terminal("user", "end", "nora", "--as", of_one.document["person_id"]).code == 0


def test_a_lost_second_factor_is_taken_off(terminal: Terminal) -> None:
    person_id = terminal("user", "add", "nurse", "--name", "N. Nurse", "--json").document["person_id"]
    assert terminal("user", "no-factor", "nurse", "--reason", "lost").line == "this person has no second factor"
    with open_system(read({}, home=terminal.home)) as system:
        with_factor(system, person_id)
    assert "signs in with a second factor" in terminal("user", "list").out
    assert "with a second factor" in terminal("user", "show", "nurse").out
    assert terminal("user", "no-factor", "nurse").code == 2, "not without a reason"
    said = terminal("user", "no-factor", "nurse", "--reason", "lost the telephone")
    assert said.code == 0, said.err
    assert "with a second factor" not in terminal("user", "list").out
    assert "factor-ended  N. Nurse lost the telephone, asserted" in " ".join(
        terminal("user", "records", "nurse").out.split("\n")
    )


def test_a_second_factor_is_required_of_roles_that_there_are(terminal: Terminal) -> None:
    for roles, demanded in (("administrator, lead", {"administrator", "lead"}), ("all", {"all"})):
        with open_system(read({"CAREPATH_SECOND_FACTOR": roles}, home=terminal.home)) as system:
            assert system.signing.demanded == demanded
    with pytest.raises(SettingError, match="there is no role 'wizard'"):
        open_system(read({"CAREPATH_SECOND_FACTOR": "lead,wizard"}, home=terminal.home))
