"""What does `carepath` say and do? The command line: its groups of commands, each in a module of its own.

Nothing heavy is imported here or by those modules at their top: the program answers `--help` at once.
"""

import os
import sys
from collections.abc import Sequence

import click

from orchestrator import __version__
from orchestrator.cli import (
    acting,
    copying,
    delivering,
    demo,
    doctor,
    enrolling,
    erasing,
    failure,
    merging,
    pathways,
    processes,
    reading,
    records,
    rota,
    rules,
    scenarios,
    seeing,
    upkeep,
    users,
    verifying,
)

_GROUPS: tuple[tuple[str, tuple[click.Command, ...]], ...] = (
    ("Run it", (*processes.COMMANDS, demo.demo)),
    ("A patient's episode", (enrolling.enrol, *acting.COMMANDS)),
    ("Look", reading.COMMANDS),
    ("The record", (*records.COMMANDS, seeing.seen, *merging.COMMANDS, *erasing.COMMANDS)),
    ("Pathways", (*pathways.COMMANDS, *scenarios.COMMANDS, *verifying.COMMANDS, rules.rules)),
    (
        "Look after it",
        (
            doctor.doctor,
            *copying.COMMANDS,
            *delivering.COMMANDS,
            *users.COMMANDS,
            *rota.COMMANDS,
            *upkeep.COMMANDS,
        ),
    ),
)
_EPILOG = (
    "Every command takes --json. Errors are one line on standard error. "
    "Exit codes: 0 done; 1 refused, or a check found something; 2 what was given cannot be used, or the store cannot; "
    "3 a defect of carepath; 130 interrupted."
)


class Commands(click.Group):
    """The commands in the order and the groups in which people look for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [str(command.name) for _, commands in _GROUPS for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in _GROUPS:
            with formatter.section(title):
                formatter.write_dl([(str(each.name), each.get_short_help_str(90)) for each in commands])


@click.group(
    cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="carepath", message="%(prog)s %(version)s")
def cli() -> None:
    """Runs care pathways: proposes, reminds, escalates, refuses what is unsafe, and can prove what happened."""


for _, _commands in _GROUPS:
    for _command in _commands:
        cli.add_command(_command)


def main(words: Sequence[str]) -> int:
    """Carry out one command line; return the exit code."""
    return failure.guarded(
        lambda: cli.main(list(words), prog_name="carepath", standalone_mode=False), as_json="--json" in words
    )


def _open_what_is_closed() -> None:
    """Lead standard streams that were closed to nowhere: a store opened in the place of one would be written to."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115, PTH123


def run() -> None:
    """Be the program `carepath`."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # text, whatever the locale
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = failure.REFUSED
    sys.exit(code)
