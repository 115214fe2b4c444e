"""Which commands act on an episode? One for each of the engine's; who acts is asserted, and stands on the record."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import parsing
from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import EPISODE, Invocation, with_settings
from orchestrator.errors import InvalidCommand

if TYPE_CHECKING:
    from orchestrator.episode.commands import Actor
    from orchestrator.service.handlers import Answer
    from orchestrator.service.people.recording import Author


_AS = click.option("--as", "who", metavar="ID", envvar="CAREPATH_ACTOR", help="Who acts: an opaque id, never a name.")
TERMINAL = "terminal"
"""Stands in a record for somebody at a terminal who did not say who he is, where that is not asked."""


@dataclass(frozen=True)
class Asked:
    """What every command on an episode says besides its own: who, why, and with which key."""

    who: str | None
    role: str
    behalf: str | None
    reason: str | None
    key: str | None
    seen: int | None

    def actor(self) -> "Actor":
        """Return who acts. Raises InvalidCommand."""
        from orchestrator.episode.commands import ACTOR_ID, ROLE, Actor  # noqa: PLC0415  not for --help

        if self.who is None:
            raise InvalidCommand("say who acts: --as ID, or set CAREPATH_ACTOR")
        for given in filter(None, (self.who, self.behalf)):
            if not re.fullmatch(ACTOR_ID, given):
                raise InvalidCommand("an actor's id is 1 to 100 letters, digits or . _ : @ -, and never a name")
        if not re.fullmatch(ROLE, self.role):
            raise InvalidCommand("a role is 1 to 40 small letters, digits or -")
        return Actor(self.who, self.role, self.behalf)

    def idempotency_key(self) -> str:
        """Return the key given, or a new one. Raises InvalidCommand."""
        from orchestrator.service.handlers import KEY, new_key  # noqa: PLC0415  not for --help

        if self.key is not None and not re.fullmatch(KEY, self.key):
            raise InvalidCommand("a key is 1 to 200 visible characters without blanks")
        return self.key or new_key()


def _author(who: str | None) -> "Author":
    """Return who changes something about people at a terminal: asserted, as an administrator. Raises InvalidCommand."""
    from orchestrator.service.people.recording import Author  # noqa: PLC0415  not for --help

    actor = Asked(who, "administrator", None, None, None, None).actor()
    return Author(actor.id, actor.role, asserted=True)


def authored(unnamed: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command --as and the options of the store; it gets an Author behind its Invocation.

    unnamed: what stands for somebody who does not say who he is; None where everybody must.
    """

    def given(work: Callable[..., None]) -> Callable[..., None]:
        @with_settings
        @_AS
        @functools.wraps(work)
        def command(invocation: Invocation, *args: Any, who: str | None, **more: Any) -> None:  # noqa: ANN401  what click hands over
            work(invocation, _author(who or unnamed), *args, **more)

        return command

    return given


def acts(work: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say who acts and why; it gets them as Asked, behind its Invocation."""

    @with_settings
    @_AS
    @click.option("--role", default="clinician", show_default=True, envvar="CAREPATH_ROLE", help="In which role.")
    @click.option("--on-behalf-of", "behalf", metavar="ID", help="In whose name.")
    @click.option("--reason", metavar="TEXT", help="Why; some commands need it.")
    @click.option("--key", metavar="KEY", help="Idempotency key: the same command twice is done once.")
    @click.option(
        "--seen", type=click.IntRange(min=1), metavar="N", help="Refuse if what a decision needs changed since N."
    )
    @functools.wraps(work)
    def command(
        invocation: Invocation,
        *args: Any,  # noqa: ANN401  what click hands over
        who: str | None,
        role: str,
        behalf: str | None,
        reason: str | None,
        key: str | None,
        seen: int | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        work(invocation, Asked(who, role, behalf, reason, key, seen), *args, **kwargs)

    return command


def carry_out(invocation: Invocation, asked: Asked, episode: str, kind: str, body: dict[str, Any]) -> None:
    """Carry out one command and say what became of it. Raises Failed when it was refused."""
    from orchestrator.episode.commands import command_from_json  # noqa: PLC0415  not for --help
    from orchestrator.service.handlers import Request  # noqa: PLC0415

    given = {
        name: value for name, value in {**body, "reason": asked.reason}.items() if value not in (None, (), [], False)
    }
    command, actor, key = command_from_json(kind, given), asked.actor(), asked.idempotency_key()
    with invocation.system() as system:
        answer = system.handlers.execute(Request(episode, command, actor, key, asked.seen))
    tell(invocation, kind, answer)


def tell(invocation: Invocation, kind: str, answer: "Answer", done: str = "") -> None:
    """Say what became of a command; done: what is said first of one that was. Raises Failed when it was refused."""
    document = {**answer._asdict(), "accepted": answer.accepted, "command": kind}
    invocation.show(document, lambda _: _accepted(answer, done or f"{kind}: done") if answer.accepted else "")
    if not answer.accepted:
        again = " (the first answer again)" if answer.repeated else ""
        entry = f"; recorded as entry {answer.seq}" if answer.seq else ""
        raise Failed(f"refused: {answer.code}: {answer.text}{entry}{again}", answer.code)


def _accepted(answer: "Answer", done: str) -> str:
    again = "  (done before: the first answer again)" if answer.repeated else ""
    along = f", with {len(answer.along)} other open episodes of this patient" if answer.along else ""
    return f"{done}{along}, entry {answer.seq}, now {answer.state}{again}"


OVERRIDE = click.option("--override", multiple=True, metavar="GATE", help="Pass this gate: needs a lead and a reason.")


@click.command()
@EPISODE
@click.argument("words", nargs=-1, metavar="NAME=VALUE...")
@click.option("--from", "file", metavar="FILE", help="Read NAME: VALUE lines from a file; - is standard input.")
@acts
def record(invocation: Invocation, asked: Asked, episode: str, words: tuple[str, ...], file: str | None) -> None:
    """Record facts, all or nothing.

    NAME=3, NAME=text, NAME=[a,b], NAME=true; NAME=null takes a value back to unknown.
    """
    carry_out(invocation, asked, episode, "record", {"facts": parsing.facts(words, file)})


@click.command()
@EPISODE
@click.argument("regimens", nargs=-1, required=True, metavar="REGIMEN...")
@click.option("--days", type=int, help="For how many days.")
@click.option("--sessions", type=int, help="How many sessions.")
@click.option("--taper-days", type=int, help="Over how many days a taper goes.")
@click.option("--dose", metavar="DOSE", help="A number in the regimen's unit; text with a unit where it states none.")
@click.option("--dose-per-kg", metavar="DOSE", help="Where the regimen has a dose per kilogram to choose.")
@click.option("--steps", metavar="DAYS:DOSE,…", help="All steps of a taper, such as 7:60,7:40.")
@click.option("--start", metavar="TIME", help="When the first is given, such as 2026-03-02T08:00:00+00:00.")
@click.option("--given", multiple=True, metavar="TIME", help="What was already given, once for each.")
@OVERRIDE
@acts
def confirm(
    invocation: Invocation,
    asked: Asked,
    episode: str,
    regimens: tuple[str, ...],
    override: tuple[str, ...],
    **parameters: Any,  # noqa: ANN401
) -> None:
    """Confirm what is to be given."""
    from orchestrator.pathway.kinds import typed_number  # noqa: PLC0415  not for --help

    if parameters["steps"] is not None:
        parameters["steps"] = parsing.steps(parameters["steps"])
    for name in ("dose", "dose_per_kg"):
        if parameters[name] is not None:
            parameters[name] = typed_number(parameters[name])
    parameters["given"] = list(parameters["given"]) or None
    chosen = {name: value for name, value in parameters.items() if value is not None}
    for name, held in chosen.items():
        parsing.bounded(name, *(held if name == "given" else [held]))
    body = {"regimens": list(regimens), "override": list(override), "parameters": chosen or None}
    carry_out(invocation, asked, episode, "confirm", body)


@click.command()
@EPISODE
@click.argument("regimen")
@click.option("--at", "given_at", metavar="TIME", help="When, if not now; never in the future.")
@acts
def give(invocation: Invocation, asked: Asked, episode: str, regimen: str, given_at: str | None) -> None:
    """Record the next planned administration as given."""
    carry_out(invocation, asked, episode, "give", {"regimen": regimen, "given_at": given_at})


@click.command()
@EPISODE
@click.argument("regimen")
@OVERRIDE
@acts
def stop(invocation: Invocation, asked: Asked, episode: str, regimen: str, override: tuple[str, ...]) -> None:
    """End a course."""
    carry_out(invocation, asked, episode, "stop", {"regimen": regimen, "override": list(override)})


@click.command()
@EPISODE
@click.argument("outcome")
@OVERRIDE
@acts
def close(invocation: Invocation, asked: Asked, episode: str, outcome: str, override: tuple[str, ...]) -> None:
    """Close the episode with an outcome.

    Nothing can be recorded in it afterwards.
    """
    carry_out(invocation, asked, episode, "close", {"outcome": outcome, "override": list(override)})


@click.command()
@EPISODE
@click.argument("ward")
@click.option("--anyway", is_flag=True, help="Though nobody works there now who could be told.")
@acts
def transfer(invocation: Invocation, asked: Asked, episode: str, ward: str, *, anyway: bool) -> None:
    """Move the patient to another ward of the house.

    With every episode of his that is open on this one; our care goes on, and nothing that is due changes. Needs a
    reason. A patient who leaves our care is closed instead.
    """
    carry_out(invocation, asked, episode, "change-ward", {"ward": ward, "anyway": anyway})


def _simple(kind: str, field: str, text: str) -> click.Command:
    """Return a command that names one thing and nothing else."""

    @click.command(kind, help=text)
    @EPISODE
    @click.argument(field)
    @acts
    def command(invocation: Invocation, asked: Asked, episode: str, **body: str) -> None:
        carry_out(invocation, asked, episode, kind, dict(body))

    return command


COMMANDS = (
    record,
    confirm,
    give,
    _simple("miss", "regimen", "Record the next planned administration as missed."),
    _simple("decline", "regimen", "Record the next planned administration as declined."),
    _simple(
        "retract",
        "target",
        "Take back what was recorded in error.\n\nA fact, or a regimen's last administration. Needs a reason.",
    ),
    stop,
    _simple("complete", "task", "Complete a task."),
    _simple("acknowledge", "reminder", "Acknowledge a reminder: a person saw it, no more."),
    close,
    transfer,
)
