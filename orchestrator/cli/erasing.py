"""How is a patient's record erased at the command line, and kept from it? Who does it is asserted, and on record."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from orchestrator.cli.invocation import EPISODE, Invocation, with_settings
from orchestrator.cli.looking import who
from orchestrator.cli.wording.lists import holds_text
from orchestrator.errors import InvalidCommand
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.service.people.recording import Author

_REASON = click.option(
    "--reason", required=True, help="The request or the case; nothing of the patient, for it can never be erased."
)


@click.command()
@EPISODE
@_REASON
@click.option("--merged", is_flag=True, help="All records are meant that were merged into this patient.")
@click.option("--yes", is_flag=True, help="Do it: what is erased is gone for ever.")
@with_settings
def erase(invocation: Invocation, episode: str, reason: str, *, merged: bool, yes: bool) -> None:
    """Destroy the key of an episode's patient.

    Nobody can read any episode of that patient from then on; what happened can still be proved. Refused while one of
    them is open, or the record is held. Copies of the store that were made before can be read until they are deleted.
    """
    if not yes:
        raise InvalidCommand("this erases every episode of the patient for ever: say --yes to do it")
    with invocation.system() as system:
        gone = system.sight.erasure.erase(_author("administrator"), episode, reason, merged=merged)
    invocation.show(
        {"erased": gone},
        lambda _: f"erased: {counted(len(gone), 'episode')} of this patient can be read by nobody any more",
    )


@click.command()
@EPISODE
@_REASON
@click.option("--end", is_flag=True, help="End the hold.")
@with_settings
def hold(invocation: Invocation, episode: str, reason: str, *, end: bool) -> None:
    """Keep the record of an episode's patient from being erased, or end that."""
    with invocation.system() as system:
        work = system.sight.erasure.end_hold if end else system.sight.erasure.hold
        work(_author("auditor"), episode, reason)
        told = system.sight.erasure.standing(episode)
    invocation.show(told, lambda shown: "held: nobody can erase this record" if shown["held"] else "held no longer")


@click.command()
@click.option("--before", metavar="CURSOR", help="Go on behind a page, with the cursor that it ended with.")
@with_settings
def holds(invocation: Invocation, before: str | None) -> None:
    """List which records are held, the latest first, each by an episode of its patient."""
    with invocation.system() as system:
        page = system.sight.erasure.holds(None, before=before)
    zone = ZoneInfo(invocation.settings.timezone)
    invocation.show({"holds": page.rows, "before": page.after}, lambda told: holds_text(told, zone))


def _author(role: str) -> "Author":
    from orchestrator.service.people.recording import Author  # noqa: PLC0415  not for --help

    return Author(who().id, role, asserted=True)


COMMANDS = (hold, holds, erase)
