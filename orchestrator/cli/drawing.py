"""How does a pathway look? Its diagram, and its page: all that its files say, in words."""

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.invocation import Invocation, with_settings

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway

_NAME = click.argument("name", metavar="NAME[@VERSION]")
_FORMATS = ("svg", "mermaid")


@click.command(short_help="Draw a pathway, every move in words.")
@_NAME
@click.option("--format", "form", type=click.Choice(_FORMATS), default="svg", show_default=True, help="The form.")
@with_settings
def diagram(invocation: Invocation, name: str, form: str) -> None:
    """Draw a pathway: its states by stage, every move with its guard in words, what time brings."""
    found, told = _told(invocation, name)
    if form == "svg":
        from orchestrator.report.diagram import draw  # noqa: PLC0415  not for --help

        text = draw(found, told)
    else:
        from orchestrator.report import mermaid  # noqa: PLC0415  not for --help

        text = mermaid.draw(told, legend=True)
    _show(invocation, found, "diagram", text, format=form)


@click.command(short_help="Write a pathway as a page of Markdown.")
@_NAME
@with_settings
def page(invocation: Invocation, name: str) -> None:
    """Write a pathway as a page of Markdown: facts, moves, decision tables, doses, gates, tasks, reminders, sources."""
    from orchestrator.report.page import page as made  # noqa: PLC0415  not for --help

    found, told = _told(invocation, name)
    _show(invocation, found, "page", made(told))


def _told(invocation: Invocation, name: str) -> tuple["Pathway", dict[str, Any]]:
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415  not for --help
    from orchestrator.pathway.tables import tables  # noqa: PLC0415  not for --help

    found = load_library(invocation.settings.workflows, invocation.settings.local_file).newest(name)
    return found, tables(found)


def _show(invocation: Invocation, found: "Pathway", key: str, text: str, **more: str) -> None:
    document = {"name": found.name, "version": found.version, "hash": found.hash, **more, key: text}
    invocation.show(document, lambda _: text.rstrip("\n"))


COMMANDS = (diagram, page)
