"""How is an installation looked after? Schema, keys, the administrator's token, the shell's completion."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.acting import TERMINAL, authored
from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import Invocation, json_option, with_settings
from orchestrator.errors import InputError
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.service.people.recording import Author


@click.group()
def db() -> None:
    """Look after the store's schema."""


@db.command()
@with_settings
def upgrade(invocation: Invocation) -> None:
    """Make the store, or bring its schema up to date.

    Store and keys are made where they are not there; what is there stays. A simulated store is brought up to date
    alone: `carepath up --simulated` makes it.
    """
    from orchestrator.bootstrap import prepare_store  # noqa: PLC0415  not for --help

    made = not invocation.settings.keys.exists()
    invocation.mark(prepare_store(invocation.settings))
    told = {"store": invocation.settings.database_name, "keys": str(invocation.settings.keys), "keys_made": made}
    invocation.show(told, lambda _: _upgraded(invocation, made))


@db.command()
@authored(TERMINAL)
def finish(invocation: Invocation, by: "Author") -> None:
    """Finish an upgrade, once every process is a new one.

    From then on documents and entries are written in the newest format, which older programs do not read. Refused while
    an older one runs.
    """
    with invocation.system() as system:
        written = system.presence.finish(by)
    told = {"store": invocation.settings.database_name, "format": written}
    invocation.show(
        told, lambda _: f"the upgrade is finished: {invocation.settings.database_name} is written in format {written}"
    )


def _upgraded(invocation: Invocation, made: bool) -> str:
    store = f"the store {invocation.settings.database_name} is up to date"
    if not made:
        return store
    keys_text = f"new keys are in {invocation.settings.keys}: back them up with carepath keys backup DEST"
    return f"{store}\n{keys_text}; without them nothing can be read"


@click.group()
def keys() -> None:
    """Look after the keys that open the records."""


@keys.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@with_settings
def backup(invocation: Invocation, destination: Path) -> None:
    """Copy the key file to DEST.

    DEST is not there yet. The copy is read back, and the store notes that it was made.
    """
    from orchestrator.bootstrap import back_up_keys  # noqa: PLC0415  not for --help

    back_up_keys(invocation.settings, destination)
    told = {"keys": str(invocation.settings.keys), "backup": str(destination)}
    invocation.show(
        told,
        lambda _: f"the keys are backed up to {destination}: keep it apart from the database, and off this machine",
    )


@keys.command()
@authored(TERMINAL)
def rotate(invocation: Invocation, by: "Author") -> None:
    """Add a new key to the key file, which wraps the keys of new patients from now on.

    What is there stays under the keys that are there, which go on opening it. Refused while a process runs: each is
    started again with the new file.
    """
    from orchestrator.bootstrap import rotate_keys  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        made = rotate_keys(invocation.settings, system, by)
    told = {"keys": str(invocation.settings.keys), "key": made}
    invocation.show(
        told, lambda _: f"{invocation.settings.keys} has the new key {made}: back it up with carepath keys backup DEST"
    )


@keys.command()
@with_settings
def rewrap(invocation: Invocation) -> None:
    """Bring what lies under older keys under the newest one.

    The key of every patient, and the secrets of second factors. While people work; what it has done stays done, so that
    it can be ended and begun anew. The older keys stay in the file, for backups of before.
    """
    from orchestrator.bootstrap import rewrap_keys  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        done, key = rewrap_keys(system), system.keyring.active.id
    invocation.show({"key": key, **done._asdict()}, _rewrapped)
    if done.closed:
        raise Failed(f"of {len(done.closed)} the key does not open: carepath audit verify --all", "keys-closed")


def _rewrapped(told: dict[str, Any]) -> str:
    closed = "".join(f"\nnot opened: {each}" for each in told["closed"])
    came = f"{counted(told['patients'], 'patient')} and {counted(told['factors'], 'second factor')}"
    return f"{came} came under the key {told['key']}{closed}"


@click.command()
@authored(TERMINAL)
def token(invocation: Invocation, by: "Author") -> None:
    """Make a new administrator's token and print it.

    It is shown this once; the old one opens nothing from now on.
    """
    if invocation.settings.admin_token_file is not None:
        raise InputError(
            f"the token is taken from {invocation.settings.admin_token_file}: change that file, then restart the API"
        )
    with invocation.system() as system:
        made = system.access.new_token(by)
    invocation.show({"token": made}, lambda told: str(told["token"]))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> None:
    """Print what makes a shell complete carepath's words.

    Such as: eval "$(carepath completion bash)".
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415  not for --help

    found = get_completion_class(shell)
    assert found is not None  # the choice names only those that click knows
    script = found(context.find_root().command, {}, "carepath", "_CAREPATH_COMPLETE")
    content = script.source_template % script.source_vars()
    if as_json:
        import orjson  # noqa: PLC0415

        content = orjson.dumps({"shell": shell, "script": content}).decode()
    click.echo(content)


COMMANDS = (db, keys, token, completion)
