"""Goal: every command, setting and exit code of the command line stands in its page."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from orchestrator.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_there() -> None:
    assert [name for name in commands(cli) if f"`{name}`" not in PAGE] == []


def test_every_setting_is_there_and_no_other() -> None:
    sources = [ROOT / "orchestrator" / "config.py", *(ROOT / "orchestrator" / "cli").rglob("*.py")]
    known = {
        name.rstrip("_")
        for path in sources
        for name in re.findall(r"CAREPATH_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    known -= {"CAREPATH_COMPLETE"}  # between click and the shell
    assert set(re.findall(r"CAREPATH_[A-Z_]+", PAGE)) == known


def test_every_command_takes_json_and_explains_itself() -> None:
    def leaves(group: click.Group) -> Iterator[click.Command]:
        for command in group.commands.values():
            if isinstance(command, click.Group):
                yield from leaves(command)
            else:
                yield command

    for command in leaves(cli):
        assert command.help, command.name
        assert any("--json" in option.opts for option in command.params), command.name
