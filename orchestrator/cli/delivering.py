"""What waits to leave the house, and what do people do about what cannot? Looked at, sent again, or dropped."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from orchestrator.cli.acting import TERMINAL, authored
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.errors import InvalidCommand

if TYPE_CHECKING:
    from orchestrator.service.people.recording import Author


@click.group(invoke_without_command=True, short_help="List what waits to leave the house; see to dead letters.")
@click.option("--dead", is_flag=True, help="Dead letters alone: refused for good, they wait for a person.")
@click.option("--limit", type=int, default=100, show_default=True, help="At most so many, up to 500.")
@click.option("--after", metavar="CURSOR", help="Go on behind the cursor that --json gave as `after`.")
@with_settings
def deliveries(invocation: Invocation, dead: bool, limit: int, after: str | None) -> None:
    """List what waits to leave the house: by which route, since when, how many tries, the last error."""
    from orchestrator.cli.wording.lists import deliveries_text  # noqa: PLC0415  not for --help

    if click.get_current_context().invoked_subcommand is not None:
        return
    with invocation.system() as system:
        page = system.outgoing.page(dead=dead, after=after, limit=limit)
    zone = ZoneInfo(invocation.settings.timezone)
    invocation.show({"deliveries": page.rows, "after": page.after}, lambda shown: deliveries_text(shown, zone))
    if page.after and not invocation.as_json:
        click.echo("… there is more: --limit 500, or --json for the cursor")


@deliveries.command()
@click.argument("delivery", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Every dead letter.")
@click.option("--route", metavar="NAME", help="With --all: those of this route.")
@authored(TERMINAL)
def resend(invocation: Invocation, by: "Author", delivery: str | None, every: bool, route: str | None) -> None:
    """Send dead letters again, by their routes as they are configured now."""
    if (delivery is None) != every or (route is not None and not every):
        raise InvalidCommand("say which dead letter: its ID, or --all, with --route NAME for those of one route")
    with invocation.system() as system:
        if delivery is None:
            count = system.outgoing.resend_all(by, route)
        else:
            system.outgoing.resend(by, delivery)
            count = 1
    invocation.show({"resent": count}, _resent)


def _resent(told: dict[str, Any]) -> str:
    count = told["resent"]
    letters = "1 dead letter is" if count == 1 else f"{count} dead letters are"
    return f"{letters} sent again as soon as a worker looks" if count else "there is no such dead letter"


@deliveries.command()
@click.argument("delivery", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why it need not be sent; it stays on record.")
@authored()
def drop(invocation: Invocation, by: "Author", delivery: str, reason: str) -> None:
    """Take over a dead letter: it is not sent; who took it over, and why, stays on record."""
    with invocation.system() as system:
        system.outgoing.drop(by, delivery, reason)
    invocation.show(
        {"dropped": delivery, "by": by.id, "asserted": True},
        lambda told: f"{told['by']} has taken it over; it is not sent",
    )


COMMANDS = (deliveries,)
