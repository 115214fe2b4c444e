"""Goal: the file of channels is read strictly, tells all its faults at once, and then answers who is told by what."""

import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from orchestrator.config import SettingError
from orchestrator.errors import PathwayError
from orchestrator.notify.directory import Directory, Route
from orchestrator.notify.email import IMPLICIT
from orchestrator.notify.reading import Outside, channels_of, read_channels
from orchestrator.pathway.reader import read_text

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("nurse", "clinician", "lead", "on-call", "administrator")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAIL = "mail: {server: smtp.example, from: carepath@hospital.example}\n"
HOOK = "webhook: {hosts: {pager.example: {secret_files: secret}}}\n"
HEAD = "format: 1\nlink: https://carepath.example/\n"

Read = Callable[[str], Outside]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a file's text, beside which lie secrets."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "password").write_text("correct horse\n")
    (tmp_path / "guess").write_text("whsec_Zm9v")
    (tmp_path / "foreign").write_text("pässword")
    file = str(tmp_path / "channels.yaml")
    return lambda text: channels_of(read_text(text, file), file, ROLES)


def faults(read: Read, text: str) -> list[str]:
    with pytest.raises(PathwayError) as caught:
        read(text)
    return [re.sub(r"^.*/channels\.yaml:", "", str(each)) for each in caught.value.faults]


def test_the_example_is_right(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name, held in (("smtp_password", "x"), ("pager_secret", SECRET), ("alerts_secret", SECRET)):
        (tmp_path / "secrets" / name).write_text(held)
    file = tmp_path / "channels.yaml"
    file.write_bytes((ROOT / "docs" / "channels.example.yaml").read_bytes())
    found = read_channels(file, ROLES)
    assert found.mail is not None
    assert found.mail.port == 587
    assert found.hooks is not None
    assert list(found.hooks.hosts) == ["pager.hospital.example", "alerts.example.com:8443"]
    assert found.directory.routes("reminder", "nurse", "neuro-1") == ("neuro-1-nurses",)
    assert found.directory.routes("set-aside", "lead", "neuro-2") == ("on-call-pager", "technicians")
    assert found.directory.unheld("neuro-2") == {"lead"}


def test_a_file_that_says_little_is_enough(read: Read) -> None:
    found = read(HEAD)
    assert (found.mail, found.hooks) == (None, None)
    assert found.directory.routes("reminder", "nurse", "neuro-1") == ()
    assert found.directory.unheld("neuro-1") == frozenset()


def test_mail_as_it_may_be_set(read: Read) -> None:
    mail = (
        "mail: {server: SMTP.example, tls: implicit, user: u, password_file: password, from: a@b.example, seconds: 5}"
    )
    found = read(HEAD + mail).mail
    assert found is not None
    assert (found.host, found.port, found.tls, found.password(), found.seconds) == (
        "smtp.example", 465, IMPLICIT, "correct horse", 5.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file of channels must be a mapping, not nothing"),
        ("format: 2\nlink: https://a.example", "1: 'format' of the file of channels must be 1"),
        ("format: 1", "the file of channels has no 'link'"),
        ("format: 1\nlink: http://a.example", "2: 'link' of the file of channels must begin with https://"),
        ("format: 1\nlink: https://a.example/?x=1", "'link' of the file of channels has a query"),
        (HEAD + "route: {}", "3: unknown key 'route' in the file of channels; did you mean 'routes'?"),
        (HEAD + MAIL + MAIL, "4: key 'mail' is given twice"),
        (HEAD + "mail: {server: smtp.example}", "'mail' has no 'from'"),
        (HEAD + "mail: {server: a b, from: a@b.example}", "'server' of 'mail' must be the name of a host"),
        (HEAD + "mail: {server: a, from: 'A <a@b.example>'}", "'from' of 'mail' must be a mail address"),
        (HEAD + "mail: {server: a, from: a@b.example, tls: none}", "unknown kind of TLS 'none' in 'mail'"),
        (HEAD + "mail: {server: a, from: a@b.example, port: 0}", "'port' of 'mail' must be from 1 to 65535"),
        (HEAD + "mail: {server: a, from: a@b.example, seconds: 60}", "'seconds' of 'mail' must be from 1 to 15"),
        (HEAD + "mail: {server: a, from: a@b.example, ca: nowhere.pem}", "nowhere.pem cannot be used"),
        (HEAD + "mail: {server: a, from: a@b.example, ca: password}", "password cannot be used"),
        (HEAD + "mail: {server: a, from: a@b.example, user: u}", "'mail' has no 'password_file'"),
        (HEAD + "mail: {server: a, from: a@b.example, password: secret}", "unknown key 'password' in 'mail'"),
        (HEAD + "mail: {server: a, from: a@b.example, user: u, password_file: foreign}", "must hold visible ASCII"),
        (HEAD + "mail: {server: a, from: a@b.example, user: u, password_file: lost}", "cannot be read: No such file"),
        (HEAD + "webhook: {hosts: {a.example: {}}}", "host 'a.example' has no 'secret_files'"),
        (HEAD + "webhook: {hosts: {a.example: {secret_files: []}}}", "names none; echo whsec_"),
        (HEAD + "webhook: {hosts: {a.example: {secret_files: guess}}}", "guess must hold 'whsec_' and 24 to 64"),
        (HEAD + "webhook: {hosts: {A.example: {secret_files: secret}}}", "must be written 'a.example'"),
        (HEAD + "webhook: {hosts: {'a.example:443': {secret_files: secret}}}", "must be written 'a.example'"),
        (HEAD + "webhook: {hosts: {a.example/x: {secret_files: secret}}}", "must be written 'a.example'"),
        (HEAD + "webhook: {hosts: {u@a.example: {secret_files: secret}}}", "names a user"),
        (HEAD + "webhook: {hosts: {a.example: {secret_files: secret, networks: [10.0.0.1/8]}}}", "must be networks"),
        (HEAD + "webhook: {hosts: {a.example: {secret_files: secret, plain_http: true}}}", "loopback alone"),
        (HEAD + "webhook: {hosts: {a.example: {secret_files: secret, redirects: true}}}", "unknown key 'redirects'"),
        (HEAD + MAIL + "routes: {A: {channel: e-mail, to: a@b.example}}", "'A' is no name of a route"),
        (HEAD + MAIL + "routes: {a: {channel: post, to: a@b.example}}", "unknown channel 'post' in route 'a'"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: 'a@b.example, c@d.example'}}", "must be one mail address"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, role: nurse}}", "did you mean 'roles'?"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, roles: nurze}}", "did you mean 'nurse'?"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, roles: []}}", "names none; leave it out"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, wards: [w, w]}}", "names 'w' twice"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, wards: ['']}}", "holds an empty text"),
        (HEAD + MAIL + "routes: {a: {channel: e-mail, to: a@b.example, kinds: remind}}", "unknown kind of notice"),
        (HEAD + "routes: {a: {channel: e-mail, to: a@b.example}}", "is mail, and no server is said; add 'mail:'"),
        (HEAD + "routes: {a: {channel: webhook, to: 'https://pager.example/'}}", "a host that is not listed: pager"),
        (HEAD + HOOK + "routes: {a: {channel: webhook, to: 'https://pager.example:8443/'}}", "not listed: pager"),
        (HEAD + HOOK + "routes: {a: {channel: webhook, to: 'http://pager.example/'}}", "must begin with https"),
        (HEAD + HOOK + "routes: {a: {channel: webhook, to: 'https://u:p@pager.example/'}}", "names a user"),
        (HEAD + "held: {neuro-1: [nurse, doctor]}", "3: unknown role 'doctor' in 'held'"),
        (HEAD + "held: {neuro-1: []}", "'neuro-1' of 'held' names none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_what_mends_it(read: Read, text: str, said: str) -> None:
    (fault,) = faults(read, text)
    assert said in fault
    assert SECRET not in fault
    assert "Zm9v" not in fault


def test_all_faults_are_told_at_once(read: Read) -> None:
    text = (
        HEAD + "mail: {server: a}\nroutes:\n  a: {channel: e-mail, to: x}\n  b: {channel: webhook, to: y}\nheld: []\n"
    )
    assert [fault.partition(":")[0] for fault in faults(read, text)] == ["3", "5", "6", "7"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "mail: {server: a b, from: me, port: 0, seconds: 99, tls: none, ca: lost, user: u, pasword_file: p}",
            ["server", "from", "port", "seconds", "kind of TLS", "ca", "has no 'password_file'", "key 'pasword_file'"],
        ),
        (
            "webhook: {seconds: 99, retry: 2, hosts: {A.example: {secret_files: [guess, lost], networks: x, ca: no}}}",
            [
                "seconds",
                "'retry'",
                "written 'a.example'",
                "guess must",
                "lost cannot",
                "networks",
                "no cannot be used",
            ],
        ),
        (
            MAIL + "routes: {a: {channel: post, roles: [nurze, doctor], kinds: remind, wards: [w, w], role: nurse}}",
            ["channel", "no 'to'", "'nurze'", "'doctor'", "'remind'", "names 'w' twice", "unknown key 'role'"],
        ),
        ("held: {neuro-1: [doctor, nurze], neuro-2: []}", ["'doctor'", "'nurze'", "'neuro-2' of 'held' names none"]),
    ],
)
def test_all_faults_of_one_part_are_told_at_once(read: Read, text: str, said: list[str]) -> None:
    found = faults(read, HEAD + text)
    assert [part for part in said if not any(part in fault for fault in found)] == []
    assert len(found) == len(said), found


def test_routes_by_a_part_that_is_faulty_are_not_faults_of_their_own(read: Read) -> None:
    text = HEAD + "mail: {}\nwebhook: {hosts: {a.example: {}}}\nroutes:\n  a: {channel: e-mail, to: a@b.example}\n"
    text += "  b: {channel: webhook, to: 'https://a.example/'}\n"
    assert [fault.partition(":")[0] for fault in faults(read, text)] == ["3", "3", "4"]


def test_one_notice_goes_to_one_address_once(read: Read) -> None:
    routes = "routes:\n  a: {channel: e-mail, to: x@y.example, roles: nurse}\n"
    clash = "  b: {channel: e-mail, to: x@y.example, wards: neuro-1}\n"
    parted = "  b: {channel: e-mail, to: x@y.example, roles: lead}\n"
    assert faults(read, HEAD + MAIL + routes + clash)[0].startswith("6: routes 'a' and 'b' carry the same notice")
    assert len(read(HEAD + MAIL + routes + parted).routes) == 2


def test_plain_http_is_for_loopback(read: Read) -> None:
    for host in ("localhost", "127.0.0.1:8080", "'[::1]'"):
        found = read(HEAD + f"webhook: {{hosts: {{{host}: {{secret_files: secret, plain_http: true}}}}}}").hooks
        assert found is not None
        assert [each.context for each in found.hosts.values()] == [None]


ROUTES = Directory(
    [
        Route("all", "e-mail", "a@b.example"),
        Route("nurses", "e-mail", "c@d.example", roles=frozenset({"nurse"}), wards=frozenset({"w-1", "w-2"})),
        Route("alarms", "e-mail", "e@f.example", kinds=frozenset({"clock"})),
    ],
    {"w-1": {"nurse", "lead"}}, ROLES,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "role", "ward", "names"),
    [
        ("reminder", "nurse", "w-1", ("all", "nurses")),
        ("reminder", "nurse", "w-3", ("all",)),
        ("reminder", "lead", "w-1", ("all",)),
        ("clock", "lead", "", ("all", "alarms")),
    ],
)
def test_by_which_routes_a_notice_goes_out(kind: str, role: str, ward: str, names: tuple[str, ...]) -> None:
    assert ROUTES.routes(kind, role, ward) == names


def test_roles_that_nobody_holds() -> None:
    assert ROUTES.unheld("w-1") == {"clinician", "on-call", "administrator"}
    assert ROUTES.unheld("w-2") == frozenset()


def test_whoever_only_tells_needs_no_secret(read: Read) -> None:
    said = read_text(HEAD + "mail: {server: a, from: a@b.example, ca: lost, user: u, password_file: lost}", "f.yaml")
    found = channels_of(said, "f.yaml", ROLES, files=False).mail
    assert found is not None
    for reading in (found.context, found.password):
        with pytest.raises(SettingError, match="lost"):
            reading()


def test_the_ways_out(read: Read) -> None:
    routes = "routes:\n  a: {channel: e-mail, to: x@y.example}\n  b: {channel: webhook, to: 'https://pager.example/'}"
    post = read(HEAD + MAIL + HOOK + routes).post(UTC)
    assert [post.channel(name) for name in ("a", "b", "c")] == ["e-mail", "webhook", ""]
