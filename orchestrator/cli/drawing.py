"""How does a pathway look? Its diagram, and its page: all that its files say, in words."""

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.face import Face, with_settings

if TYPE_CHECKING:
    from orchestrator.pathway.model import Pathway

_NAME = click.argument("name", metavar="NAME[@VERSION]")
_FORMATS = ("svg", "mermaid")


@click.command(short_help="Draw a pathway, every move in words.")
@_NAME
@click.option("--format", "form", type=click.Choice(_FORMATS), default="svg", show_default=True, help="The form.")
@with_settings
def diagram(face: Face, name: str, form: str) -> None:
    """Draw a pathway: its states by stage, every move with its guard in words, what time brings."""
    found, told = _told(face, name)
    if form == "svg":
        from orchestrator.report.diagram import draw  # noqa: PLC0415  not for --help

        text = draw(found, told)
    else:
        from orchestrator.report import mermaid  # noqa: PLC0415  not for --help

        text = mermaid.draw(told, legend=True)
    _show(face, found, "diagram", text, format=form)


@click.command(short_help="Write a pathway as a page of Markdown.")
@_NAME
@with_settings
def page(face: Face, name: str) -> None:
    """Write a pathway as a page of Markdown: facts, moves, decision tables, doses, gates, tasks, reminders, sources."""
    from orchestrator.report.page import page as made  # noqa: PLC0415  not for --help

    found, told = _told(face, name)
    _show(face, found, "page", made(told))


def _told(face: Face, name: str) -> tuple["Pathway", dict[str, Any]]:
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415  not for --help
    from orchestrator.pathway.tables import tables  # noqa: PLC0415  not for --help

    found = load_library(face.settings.workflows, face.settings.local_file).newest(name)
    return found, tables(found)


def _show(face: Face, found: "Pathway", key: str, text: str, **more: str) -> None:
    document = {"name": found.name, "version": found.version, "hash": found.hash, **more, key: text}
    face.show(document, lambda _: text.rstrip("\n"))


COMMANDS = (diagram, page)
