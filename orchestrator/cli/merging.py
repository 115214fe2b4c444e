"""How are two records of one patient merged at the command line? Compared first; who does it is asserted, on record."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from orchestrator.cli import parsing
from orchestrator.cli.invocation import EPISODE, Invocation, with_settings
from orchestrator.cli.looking import who

if TYPE_CHECKING:
    from orchestrator.bootstrap import System
    from orchestrator.service.people.looking import Seen
    from orchestrator.service.people.principal import Principal
    from orchestrator.service.people.recording import Author

_NUMBER = click.argument("number", metavar="SYSTEM=NUMBER")
_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; it stands sealed in both records.")


@click.group()
def patient() -> None:
    """Show which records are one patient's, merge two, and take that back."""


@patient.command()
@EPISODE
@with_settings
def show(invocation: Invocation, episode: str) -> None:
    """Show whose episode it is: his records, their numbers, and his episodes."""
    from orchestrator.cli.wording.patient import patient_text  # noqa: PLC0415  not for --help

    zone = ZoneInfo(invocation.settings.timezone)
    with invocation.system() as system:
        told = system.sight.person(_lead(), who(), _seen(system, episode), episode)
    invocation.show(told, lambda shown: patient_text(shown, zone))


@patient.command()
@EPISODE
@_NUMBER
@with_settings
def compare(invocation: Invocation, episode: str, number: str) -> None:
    """Show an episode's patient and the one with a number side by side, before they are merged."""
    from orchestrator.cli.wording.patient import compared_text  # noqa: PLC0415  not for --help

    wanted, zone = parsing.identifier(number), ZoneInfo(invocation.settings.timezone)
    with invocation.system() as system:
        _seen(system, episode, "merge")
        told = system.sight.compare(_lead(), who(), episode, wanted)
    invocation.show(told, lambda shown: compared_text(shown, zone))


@patient.command()
@EPISODE
@click.argument("record", metavar="RECORD")
@click.option("--compared", required=True, metavar="WORD", help="As `patient compare` gave it.")
@_REASON
@with_settings
def merge(invocation: Invocation, episode: str, record: str, *, compared: str, reason: str) -> None:
    """Say that RECORD is the same patient's as that of EPISODE, which is kept.

    Nothing of either is moved. From then on either number finds the episodes of both.
    """
    from orchestrator.cli.wording.patient import patient_text  # noqa: PLC0415  not for --help

    zone = ZoneInfo(invocation.settings.timezone)
    with invocation.system() as system:
        system.sight.merging.merge(_lead(), _author(), episode, record, compared=compared, reason=reason)
        told = system.sight.person(_lead(), who(), _seen(system, episode), episode)
    invocation.show(told, lambda shown: patient_text(shown, zone))


@patient.command()
@EPISODE
@click.argument("record", metavar="RECORD")
@_REASON
@with_settings
def unmerge(invocation: Invocation, episode: str, record: str, *, reason: str) -> None:
    """Take back that RECORD was replaced, and say who acted on either meanwhile."""
    from orchestrator.cli.wording.patient import separated_text  # noqa: PLC0415  not for --help

    zone = ZoneInfo(invocation.settings.timezone)
    with invocation.system() as system:
        told = system.sight.merging.unmerge(_lead(), _author(), episode, record, reason)
        told |= system.sight.person(_lead(), who(), _seen(system, episode), episode)
    invocation.show(told, lambda shown: separated_text(shown, zone))


def _lead() -> "Principal":
    """Return who acts here: asserted, on every ward."""
    from orchestrator.service.people.principal import EVERYWHERE, LEAD, Principal  # noqa: PLC0415  not for --help

    named = who().id
    return Principal(named, named, frozenset({(EVERYWHERE, LEAD)}), asserts=True)


def _author() -> "Author":
    from orchestrator.service.people.principal import LEAD  # noqa: PLC0415
    from orchestrator.service.people.recording import Author  # noqa: PLC0415  not for --help

    return Author(who().id, LEAD, asserted=True)


def _seen(system: "System", episode: str, what: str = "patient") -> "Seen":
    """Record that an episode's patient is looked at, and return whose it is. Raises NotFound."""
    from orchestrator.service.people.principal import Action  # noqa: PLC0415  not for --help

    seen = system.sight.check(_lead(), episode, Action.SEE)
    system.sight.record(seen, who(), episode, what)
    return seen


COMMANDS = (patient,)
