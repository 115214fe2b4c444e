"""How are accounts looked after from a terminal? Before anybody can sign in, and when nobody can any more.

Whoever may run this may read the store: who acts is asserted with --as, and stands in the record as asserted. A
password comes from a prompt or a file, never from an argument, which other people of the machine could read.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from orchestrator.cli.acting import authored
from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.errors import InvalidCommand
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.bootstrap import System
    from orchestrator.service.people.administering import Post
    from orchestrator.service.people.recording import Author

_LOGIN = click.argument("login", metavar="LOGIN")
_POST = click.option(
    "--post", "given", multiple=True, metavar="ROLE@WARD", help="A role on a ward, @* for all; once for each."
)
_FILE = click.option(
    "--password-file", "file", type=click.Path(path_type=Path), metavar="FILE", help="Read it from here, not a prompt."
)


@click.group()
def user() -> None:
    """Look after accounts: who they are, what they may do, and what was changed of them."""


@user.command()
@_LOGIN
@click.option("--name", required=True, metavar="TEXT", help="As colleagues know this person.")
@_POST
@click.option(
    "--language", default="", metavar="CODE", help="Of the pages, such as de; as the browser asks if not said."
)
@click.option("--no-password", is_flag=True, help="Comes in through the hospital's provider alone.")
@_FILE
@authored()
def add(
    invocation: Invocation,
    by: "Author",
    login: str,
    *,
    name: str,
    given: tuple[str, ...],
    language: str,
    no_password: bool,
    file: Path | None,
) -> None:
    """Add a person.

    A first password is made and printed, this once, unless a file holds one; it is changed at the first signing in.
    """
    from orchestrator.service.people import passwords  # noqa: PLC0415  not for --help

    if no_password and file is not None:
        raise InvalidCommand("say --no-password or --password-file, not both")
    password = "" if no_password else _from_file(file) or passwords.generated()
    with invocation.system() as system:
        person_id = system.people.add(
            by, login=login, name=name, password=password, posts=_posts(given), language=language
        )
    shown = None if no_password or file is not None else password
    invocation.show({"person_id": person_id, "login": login, "password": shown}, _added)


@user.command(name="list")
@click.option("--find", default="", metavar="WORDS", help="What name, login, a ward or a role holds.")
@click.option("--ended", is_flag=True, help="Ended accounts too.")
@with_settings
def list_(invocation: Invocation, find: str, ended: bool) -> None:
    """List who has an account, by name."""
    from orchestrator.cli.wording.people import people_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        rows = system.people.page(words=find, ended=ended, limit=None).rows
    invocation.show({"people": rows}, people_text)


@user.command()
@_LOGIN
@with_settings
def show(invocation: Invocation, login: str) -> None:
    """Show one account: posts, sessions, tokens, identities."""
    from orchestrator.cli.wording.people import person_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        person_id = system.people.called(login)
        told = {
            **system.people.person(person_id),
            "sessions": system.signing.sessions(person_id),
            "tokens": system.signing.tokens(person_id),
        }
    zone = ZoneInfo(invocation.settings.timezone)
    invocation.show(told, lambda shown: person_text(shown, zone))


@user.command()
@_LOGIN
@_POST
@authored()
def posts(invocation: Invocation, by: "Author", login: str, given: tuple[str, ...]) -> None:
    """Let a person hold these posts and no others; none is taken back one by one."""
    wanted = _posts(given)
    with invocation.system() as system:
        person_id = system.people.called(login)
        system.people.set_posts(by, person_id, wanted)
    held = [{"ward": ward, "role": role} for ward, role in wanted]
    invocation.show(
        {"person_id": person_id, "posts": held}, lambda _: f"{login} holds {counted(len(held), 'post')} from now on"
    )


@user.command()
@_LOGIN
@_FILE
@click.option("--generate", is_flag=True, help="Make one and print it, this once.")
@authored()
def password(invocation: Invocation, by: "Author", login: str, *, file: Path | None, generate: bool) -> None:
    """Give a person a new first password, and unlock the account.

    It is asked for twice, or comes from a file; it is changed at the first signing in. Every session ends.
    """
    from orchestrator.service.people import passwords  # noqa: PLC0415  not for --help

    if generate and file is not None:
        raise InvalidCommand("say --generate or --password-file, not both")
    with invocation.system() as system:
        person_id = system.people.called(login)
        made = passwords.generated() if generate else _from_file(file) or _prompted()
        system.people.set_password(by, person_id, made, made_up=True)
    told = {"person_id": person_id, "login": login, "password": made if generate else None}
    invocation.show(told, lambda shown: _with_password(shown, f"{login} has a new first password"))


@user.command(name="no-factor")
@_LOGIN
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the record.")
@authored()
def no_factor(invocation: Invocation, by: "Author", login: str, *, reason: str) -> None:
    """Take off the second factor of who has lost telephone and recovery codes.

    The password alone opens the door then, or leads to setting up another. The person is told by the own channels.
    """
    from orchestrator.bootstrap import warn  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        person_id = system.people.called(login)
        system.factors.take_off(by, person_id, reason)
        told = warn(system, person_id, "factor-ended")
    shown = {"person_id": person_id, "told": told}
    invocation.show(shown, lambda _: f"{login} has no second factor any more; told by {told} of the own channels")


@user.command()
@_LOGIN
@authored()
def end(invocation: Invocation, by: "Author", login: str) -> None:
    """End an account: nobody comes in by it any more.

    Sessions, tokens, posts and identities end; what was done by it stays on record, and the login stays taken.
    """
    with invocation.system() as system:
        person_id = system.people.called(login)
        system.people.end(by, person_id)
    invocation.show(
        {"person_id": person_id, "ended": True}, lambda _: f"{login} is ended: nobody comes in by it any more"
    )


@user.command()
@_LOGIN
@click.option("--label", metavar="TEXT", help="What the token is for.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What it may do; once for each.")
@click.option("--days", type=int, default=90, show_default=True, help="For how many days, 366 at most.")
@click.option("--end", "ended", metavar="ID", help="End this token instead.")
@authored()
def token(
    invocation: Invocation,
    by: "Author",
    login: str,
    *,
    label: str | None,
    scopes: tuple[str, ...],
    days: int,
    ended: str | None,
) -> None:
    """Make a token with which a program acts for an account, and print it, this once; or --end one.

    People make their own on their page; this is for accounts of programs, whose posts have the role service.
    """
    with invocation.system() as system:
        person_id = system.people.called(login)
        if ended is not None:
            system.signing.end_token(by, person_id, ended)
            invocation.show({"person_id": person_id, "ended": ended}, lambda _: f"{ended} opens nothing from now on")
            return
        _check_service(system, person_id)
        token_id, made = system.signing.make_token(by, person_id, label=label or "", scopes=list(scopes), days=days)
    invocation.show({"person_id": person_id, "token_id": token_id, "token": made}, lambda told: str(told["token"]))


@user.command()
@click.argument("login", metavar="[LOGIN]", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="At most so many.")
@click.option("--before", metavar="CURSOR", help="Go on behind the cursor that --json gave as `before`.")
@with_settings
def records(invocation: Invocation, login: str | None, limit: int, before: str | None) -> None:
    """List what was changed about people and the installation, the latest first, and check that the record is whole.

    Exit code 1 when it is not.
    """
    from orchestrator.cli.wording.people import records_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        about = system.people.called(login) if login else None
        page = system.people.recorded(about=about, before=before, limit=limit)
        faults = [{"number": each.seq, "what": each.what} for each in system.people.faults()]
    zone = ZoneInfo(invocation.settings.timezone)
    told = {"records": page.rows, "before": page.after, "whole": not faults, "faults": faults}
    invocation.show(told, lambda shown: records_text(shown, zone))
    if faults:
        raise Failed("the record of accounts is broken: compare with a backup", "chain-broken")


def _posts(given: tuple[str, ...]) -> "list[Post]":
    """Return posts from ROLE@WARD words. Raises InvalidCommand."""
    found = [each.partition("@") for each in given]
    if not all(role and at and ward for role, at, ward in found):
        raise InvalidCommand("a post is ROLE@WARD, such as nurse@neuro-1, or administrator@* for all wards")
    return [(ward, role) for role, _, ward in found]


def _from_file(file: Path | None) -> str:
    """Return a password from a file; empty where none is named. Raises SettingError."""
    from orchestrator.config import secret  # noqa: PLC0415  not for --help

    return "" if file is None else secret(file, "--password-file")


def _prompted() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True))


def _check_service(system: "System", person_id: str) -> None:
    if {each["role"] for each in system.people.person(person_id)["posts"]} != {"service"}:
        raise InvalidCommand("a person makes tokens on the own page: this is for accounts with the role service alone")


def _added(told: dict[str, Any]) -> str:
    return _with_password(told, f"{told['login']} is added")


def _with_password(told: dict[str, Any], done: str) -> str:
    shown = told["password"]
    return f"{done}; the password, shown this once: {shown}" if shown else done


COMMANDS = (user,)
