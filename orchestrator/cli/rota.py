"""Who is told? The rota of a ward, and by which channels a person is told and who stands in: looked at and changed."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from orchestrator.cli.acting import authored
from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.errors import NotFound

if TYPE_CHECKING:
    from orchestrator.bootstrap import System
    from orchestrator.service.people.recording import Author

_FROM = click.option("--from", "starts", metavar="TIME", required=True, help="ISO 8601; without offset the hospital's.")
_UNTIL = click.option("--until", "ends", metavar="TIME", required=True, help="Until before this moment.")
_WARD = click.argument("ward", metavar="WARD")
_PERSON = click.argument("person", metavar="PERSON")


@click.group(short_help="Who is on duty, who stands in, and by which channels people are told.")
def rota() -> None:
    """Look at and change who is told: a ward's rota, a person's own channels and absences.

    PERSON is the id of an account, or its login. WARD may be '*', which stands for all.
    """


@rota.command()
@_WARD
@click.option("--from", "first", metavar="DAY", help="The first day, such as 2026-11-23; today if not said.")
@click.option("--days", type=int, default=7, show_default=True, help="So many days, up to 35.")
@with_settings
def show(invocation: Invocation, ward: str, first: str | None, days: int) -> None:
    """Show who is told on a ward, and where the rota names nobody."""
    from orchestrator.cli.wording.rota import rota_text  # noqa: PLC0415  not for --help
    from orchestrator.service.people.hours import day_of  # noqa: PLC0415

    zone = ZoneInfo(invocation.settings.timezone)
    with invocation.system() as system:
        day = system.duty.rota.today() if first is None else day_of(first)
        shown = system.duty.rota.view(ward, day, days)
    invocation.show(shown, lambda found: rota_text(found, zone))


@rota.command()
@_WARD
@click.option("--role", required=True, help="In which role.")
@click.option("--person", required=True, metavar="PERSON", help="Who: an id or a login.")
@_FROM
@_UNTIL
@authored()
def add(invocation: Invocation, by: "Author", ward: str, *, role: str, person: str, starts: str, ends: str) -> None:
    """Put a person on duty; others may be on duty at the same time."""
    start, end = _span(invocation, starts, ends)
    with invocation.system() as system:
        person_id = _person(system, person)
        made = system.duty.rota.add(by, ward=ward, role=role, person_id=person_id, starts_at=start, ends_at=end)
    invocation.show({"duty_id": made}, lambda told: f"on duty: {told['duty_id']}")


@rota.command()
@_WARD
@click.argument("duty", metavar="DUTY")
@authored()
def remove(invocation: Invocation, by: "Author", ward: str, duty: str) -> None:
    """Take a duty that has not ended out of a ward's rota."""
    _remove(invocation, duty, "it is out of the rota", lambda system: system.duty.rota.remove(by, ward, duty))


@rota.command()
@_PERSON
@with_settings
def reach(invocation: Invocation, person: str) -> None:
    """Show by which channels a person is told, and when that person is away."""
    from orchestrator.cli.wording.rota import reach_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        person_id = _person(system, person)
        told = {
            "person_id": person_id, "contacts": system.duty.contacts.of(person_id),
            "absences": system.duty.aways.of(person_id),
        }  # fmt: skip
    invocation.show(told, lambda shown: reach_text(shown, ZoneInfo(invocation.settings.timezone)))


@rota.command()
@_PERSON
@click.argument("channel", metavar="CHANNEL")
@click.argument("address", metavar="ADDRESS")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Notices of this kind alone; may be repeated.")
@click.option("--quiet", default="", metavar="HOURS", help="Hours to be left alone, such as 22:00-06:30.")
@authored()
def contact(
    invocation: Invocation,
    by: "Author",
    person: str,
    channel: str,
    address: str,
    *,
    kinds: tuple[str, ...],
    quiet: str,
) -> None:
    """Let notices reach a person by one more channel: e-mail or webhook, as the file of channels configures them."""
    with invocation.system() as system:
        made = system.duty.contacts.add(
            by, _person(system, person), channel=channel, address=address, kinds=kinds, quiet=quiet
        )
    invocation.show({"name": made}, lambda told: f"notices go there as {told['name']}; try it with: carepath rota test")


@rota.command("no-contact")
@_PERSON
@click.argument("name", metavar="NAME")
@authored()
def no_contact(invocation: Invocation, by: "Author", person: str, name: str) -> None:
    """Tell a person by one channel less."""
    _remove(
        invocation, name, "no notice goes there any more",
        lambda system: system.duty.contacts.remove(by, _person(system, person), name),
    )  # fmt: skip


@rota.command()
@_PERSON
@click.argument("name", metavar="NAME")
@authored()
def test(invocation: Invocation, by: "Author", person: str, name: str) -> None:
    """Send a test message by one of a person's channels, now and once."""
    from orchestrator.notify.channel import Result  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        place = system.duty.contacts.begin_test(by, _person(system, person), name)
        sent = system.post.test(*place, system.clock.now())
    if sent.result is not Result.DELIVERED:
        raise Failed(f"it did not leave: {sent.code}; what that means is in docs/channels.md", sent.code)
    invocation.show({"sent": True, "code": ""}, lambda _: "it has left")


@rota.command()
@_PERSON
@_FROM
@_UNTIL
@click.option("--deputy", metavar="PERSON", help="Who is told instead; nobody if not said.")
@authored()
def away(invocation: Invocation, by: "Author", person: str, starts: str, ends: str, *, deputy: str | None) -> None:
    """Let a person be away, with or without somebody who is told instead."""
    start, end = _span(invocation, starts, ends)
    with invocation.system() as system:
        instead = None if deputy is None else _person(system, deputy)
        made = system.duty.aways.add(by, _person(system, person), deputy_id=instead, starts_at=start, ends_at=end)
    invocation.show({"away_id": made}, lambda told: f"away: {told['away_id']}")


@rota.command()
@_PERSON
@click.argument("absence", metavar="ABSENCE")
@authored()
def back(invocation: Invocation, by: "Author", person: str, absence: str) -> None:
    """Take back an absence that has not ended."""
    _remove(
        invocation, absence, "the absence is taken back",
        lambda system: system.duty.aways.remove(by, _person(system, person), absence),
    )  # fmt: skip


def _remove(invocation: Invocation, what: str, said: str, remove: Callable[["System"], None]) -> None:
    with invocation.system() as system:
        remove(system)
    invocation.show({"removed": what}, lambda _: said)


def _span(invocation: Invocation, starts: str, ends: str) -> tuple[datetime, datetime]:
    from orchestrator.service.people.hours import instant_of  # noqa: PLC0415  not for --help

    zone = ZoneInfo(invocation.settings.timezone)
    return instant_of(starts, zone), instant_of(ends, zone)


def _person(system: "System", word: str) -> str:
    """Return the id of the account that this is, or whose login. Raises NotFound."""
    for each in system.people.people():
        if word in {each["person_id"], each["login"]}:
            return str(each["person_id"])
    raise NotFound("there is no account with this id or login")


COMMANDS = (rota,)
