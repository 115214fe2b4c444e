"""What can be looked at? One episode, what is open on a ward, what was told, and why nothing moves."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import click

from orchestrator.cli import parsing
from orchestrator.cli.invocation import EPISODE, Invocation, with_settings
from orchestrator.cli.looking import look, look_at_lists

_WARD = click.option("--ward", "wards", multiple=True, help="Only this ward; may be said several times.")
_ROLE = click.option("--role", "roles", multiple=True, help="Only what this role owes or is told.")
_LIMIT = click.option("--limit", type=int, default=100, show_default=True, help="At most so many, up to 500.")


@click.command(short_help="Show state, courses, proposals with reasons, what comes next.")
@EPISODE
@click.option("--absent", is_flag=True, help="Say also what would bring in what is not proposed now.")
@with_settings
def show(invocation: Invocation, episode: str, absent: bool) -> None:
    """Show state, stage, courses, proposals with reasons, what is missing, what comes next."""
    from orchestrator.cli.wording.episode import absent_text, episode_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look(system, episode, "episode")
        document = system.queries.show(episode)
    invocation.show(document, lambda told: episode_text(told) + (f"\n{absent_text(told)}" if absent else ""))


@click.command(short_help="Say why the episode goes no further, clause by clause.")
@EPISODE
@with_settings
def explain(invocation: Invocation, episode: str) -> None:
    """Say why the episode goes no further: each guard, each clause, true, false or unknown."""
    from orchestrator.cli.wording.why import explanation_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look(system, episode, "explain")
        document = system.telling.explain(episode)
    invocation.show(document, explanation_text)


@click.command(short_help="List what happened, the first first.")
@EPISODE
@with_settings
def timeline(invocation: Invocation, episode: str) -> None:
    """List what happened, the first first; with --json every entry in full."""
    from orchestrator.cli.wording.lists import timeline_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look(system, episode, "timeline")
        if invocation.as_json:
            invocation.show({"episode_id": episode, "entries": system.queries.timeline(episode)}, str)
            return
        story = system.telling.story(episode, simulated=system.simulated)
    invocation.show(story, timeline_text)


@click.command()
@_WARD
@_ROLE
@_LIMIT
@click.option("--after", metavar="CURSOR", help="Go on behind the cursor that --json gave as `after`.")
@with_settings
def worklist(
    invocation: Invocation, wards: tuple[str, ...], roles: tuple[str, ...], limit: int, after: str | None
) -> None:
    """List what is open, longest overdue first: tasks, doses, decisions, unanswered reminders."""
    from orchestrator.cli.wording.lists import worklist_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look_at_lists(system, wards, "worklist")
        page = system.queries.worklist(wards=wards, roles=roles, after=after, limit=limit)
    _show_page(invocation, {"items": page.rows, "after": page.after}, worklist_text)


@click.command()
@_WARD
@_ROLE
@_LIMIT
@click.option("--before", metavar="CURSOR", help="Go on behind the cursor that --json gave as `before`.")
@with_settings
def inbox(
    invocation: Invocation, wards: tuple[str, ...], roles: tuple[str, ...], limit: int, before: str | None
) -> None:
    """List the notices, latest first: who was told what, when, and how late."""
    from orchestrator.cli.wording.lists import inbox_text  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look_at_lists(system, wards, "inbox")
        page = system.queries.inbox(wards=wards, roles=roles, before=before, limit=limit)
    _show_page(invocation, {"notices": page.rows, "before": page.after}, inbox_text)


@click.command()
@click.argument("patient", metavar="SYSTEM=NUMBER")
@with_settings
def find(invocation: Invocation, patient: str) -> None:
    """List the episodes of a patient, by one of his identifiers."""
    from orchestrator.cli.wording.lists import episodes_text  # noqa: PLC0415  not for --help

    wanted = parsing.identifier(patient)
    with invocation.system() as system:
        rows = system.queries.episodes_of(wanted)
        if rows:
            look_at_lists(system, sorted({row["ward"] for row in rows}), "find")
    invocation.show({"episodes": rows}, episodes_text)


def _show_page(
    invocation: Invocation, document: dict[str, Any], text: Callable[[dict[str, Any], ZoneInfo], str]
) -> None:
    zone = ZoneInfo(invocation.settings.timezone)
    invocation.show(document, lambda shown: text(shown, zone))
    if not invocation.as_json and (document.get("after") or document.get("before")):
        click.echo("… there is more: --limit 500, or --json for the cursor")


COMMANDS = (show, explain, timeline, worklist, inbox, find)
