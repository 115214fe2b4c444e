"""How does a patient come in? By identifiers, of which the store keeps keyed hashes alone."""

import click

from orchestrator.cli import parsing
from orchestrator.cli.acting import Asked, acts, tell
from orchestrator.cli.invocation import Invocation

_PATIENT = "SYSTEM=NUMBER, such as hospital-number=0000001; several name the same patient."


@click.command()
@click.argument("pathway")
@click.option("--patient", "patients", multiple=True, required=True, metavar="SYSTEM=NUMBER", help=_PATIENT)
@click.option("--ward", required=True, help="The ward that the patient is on.")
@click.option(
    "--timezone", metavar="ZONE", help="IANA name of the zone; the hospital's if not given [CAREPATH_TIMEZONE]."
)
@acts
def enrol(
    invocation: Invocation, asked: Asked, pathway: str, *, patients: tuple[str, ...], ward: str, timezone: str | None
) -> None:
    """Enrol a patient on a pathway.

    On the newest version of PATHWAY, or on NAME@VERSION.
    """
    from orchestrator.service.enrolment import EnrolRequest  # noqa: PLC0415  not for --help

    identifiers = tuple(parsing.identifier(word) for word in patients)
    zone = timezone or invocation.settings.timezone
    request = EnrolRequest(pathway, identifiers, ward, zone, asked.actor(), asked.idempotency_key())
    with invocation.system() as system:
        answer = system.enrolments.enrol(request)
    tell(invocation, "enrol", answer, f"enrolled: episode {answer.episode_id}")
