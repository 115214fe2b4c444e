"""Who has seen a record? Asked of one episode's patient, or of a ward's lists."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.cli.looking import look
from orchestrator.errors import InvalidCommand

if TYPE_CHECKING:
    from orchestrator.bootstrap import System


@click.command(short_help="List who has seen a patient's record, latest first.")
@click.argument("episode", metavar="[EPISODE]", required=False)
@click.option("--ward", help="Who saw the lists of this ward, instead of an episode.")
@click.option("--lists", is_flag=True, help="With the wards' lists that showed the patient.")
@click.option("--limit", type=int, default=100, show_default=True, help="At most so many, up to 500.")
@click.option("--before", metavar="CURSOR", help="Go on behind the cursor that --json gave as `before`.")
@with_settings
def seen(
    invocation: Invocation, episode: str | None, ward: str | None, *, lists: bool, limit: int, before: str | None
) -> None:
    """List who has seen a patient's record, on which page, when, in which role, latest first.

    The chain of that record is checked; exit code 1 when it was changed.
    """
    from orchestrator.cli.wording.lists import looks_text  # noqa: PLC0415  not for --help

    if (episode is None) == (ward is None):
        raise InvalidCommand("name one EPISODE, or a --ward")
    if lists and ward is not None:
        raise InvalidCommand("--lists goes with an EPISODE: --ward shows lists alone")
    with invocation.system() as system:
        if episode is not None:
            look(system, episode, "seen")
        document = _asked(system, episode, ward, lists=lists, limit=limit, before=before)
    invocation.show(document, lambda told: looks_text(told, ZoneInfo(invocation.settings.timezone)))
    if not document["whole"]:
        raise Failed("this record of looks was changed: compare with a backup", "chain-broken")


def _asked(system: "System", episode: str | None, ward: str | None, *, lists: bool, **page: Any) -> dict[str, Any]:  # noqa: ANN401
    from orchestrator.service.people.looking import chain_of  # noqa: PLC0415  not for --help

    sight = system.sight
    if episode is not None:
        found, chains = sight.looked.of(episode, lists=lists, **page), sight.looked.chains_of(episode)
    else:
        found, chains = sight.looked.on(ward or "", **page), (chain_of(ward or ""),)
    faults = [{"seq": fault.seq, "what": fault.what} for fault in sight.faults(*chains)]
    return {"looks": found.rows, "before": found.after, "whole": not faults, "faults": faults}
