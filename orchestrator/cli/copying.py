"""How is the store backed up and put back? One command each; the keys travel by themselves."""

from datetime import datetime
from pathlib import Path

import click

from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.errors import CarepathError

_NEXT = "next: carepath db upgrade, doctor, audit verify --all, audit replay --all; then start it"


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@with_settings
def backup(invocation: Invocation, destination: Path) -> None:
    """Copy the store to DEST, while it runs.

    DEST is not there yet, and its folder does not hold the keys: they are backed up by themselves, with carepath keys
    backup. A store on PostgreSQL needs pg_dump on this machine.
    """
    from orchestrator.bootstrap import back_up_store  # noqa: PLC0415  not for --help

    size = back_up_store(invocation.settings, destination)
    told = {"store": invocation.settings.database_name, "backup": str(destination), "bytes": size}
    invocation.show(
        told,
        lambda _: (
            f"the store is backed up to {destination}, {size} bytes; its keys are not in it: carepath keys backup"
        ),
    )


@click.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@with_settings
def restore(invocation: Invocation, source: Path) -> None:
    """Put the backup SRC back, where no store is.

    Its keys are put back first. What is there already is refused, never written over. A store on PostgreSQL goes into
    an empty database, and needs pg_restore on this machine.
    """
    from orchestrator.bootstrap import restore_store  # noqa: PLC0415  not for --help

    reached = restore_store(invocation.settings, source)
    told = _tell_owners(invocation, reached)
    document = {"store": invocation.settings.database_name, "restored": str(source), "last_entry_at": _iso(reached)}
    invocation.show({**document, "owners_told": told}, lambda _: _restored(invocation, reached, told=told))


def _tell_owners(invocation: Invocation, reached: datetime | None) -> bool:
    """Tell lead and administrator; a store that cannot be opened yet is restored all the same."""
    try:
        with invocation.system() as system:
            system.pulse.tell_restored(reached)
    except CarepathError:
        return False
    return True


def _restored(invocation: Invocation, reached: datetime | None, *, told: bool) -> str:
    made = "it holds no entry" if reached is None else f"its last entry is of {reached:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"the store {invocation.settings.database_name} is restored; {made}\n"
        "what was entered after its backup is not in it: enter it again, with the true times; lead and administrator"
        f" {'were told' if told else 'could not be told by this program: tell them'}\n{_NEXT}"
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


COMMANDS = (backup, restore)
