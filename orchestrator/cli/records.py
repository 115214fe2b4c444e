"""What is on the record, and can it be proved? The story, the report, the audit."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import EPISODE, Invocation, with_settings
from orchestrator.cli.looking import look
from orchestrator.errors import InputError, InvalidCommand
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.audit.chain import Verdict
    from orchestrator.bootstrap import System

T = TypeVar("T")
_OUT = click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file that is not there yet."
)
_ALL = click.option("--all", "every", is_flag=True, help="All episodes of the store.")
_SOME = click.argument("episode", metavar="[EPISODE]", required=False)
_SHOWN = 20


@click.command()
@EPISODE
@_OUT
@with_settings
def story(invocation: Invocation, episode: str, out: Path | None) -> None:
    """Print the whole story of an episode as JSON.

    One document, with the verdict on its chain.
    """
    import orjson  # noqa: PLC0415  not for --help

    with invocation.system() as system:
        look(system, episode, "story")
        document = system.telling.story(episode, simulated=system.simulated)
    form = 0 if invocation.as_json else orjson.OPT_INDENT_2
    _put(invocation, [orjson.dumps(document, option=form | orjson.OPT_APPEND_NEWLINE)], out)


@click.command()
@EPISODE
@_OUT
@click.option("--names", is_flag=True, help="Say beside people's ids what they are called now.")
@with_settings
def report(invocation: Invocation, episode: str, out: Path | None, names: bool) -> None:
    """Print the report of an episode as one page of HTML.

    It needs nothing else. People are ids, as on the record, unless --names. With --json: the story that it is made of.
    """
    import orjson  # noqa: PLC0415  not for --help

    from orchestrator.report import as_html, people_in  # noqa: PLC0415

    if names and invocation.as_json:
        raise InputError("--names is for the page: the story has ids alone, as the record has")
    with invocation.system() as system:
        look(system, episode, "report")
        document = system.telling.story(episode, simulated=system.simulated)
        merges = system.sight.looked.merges(episode)
        known = system.people.names(people_in(document, merges)) if names else None
        made = as_html(document, system.pathway(document["episode"]["hash"]), merges=merges, names=known)
    page = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) if invocation.as_json else made.encode()
    _put(invocation, [page], out)


@click.group()
def audit() -> None:
    """Prove the record: verify its chain, replay it, export it."""


@audit.command()
@_SOME
@_ALL
@click.option("--releases", "only_releases", is_flag=True, help="The record of releases alone.")
@with_settings
def verify(invocation: Invocation, episode: str | None, every: bool, only_releases: bool) -> None:
    """Check the chain of entries.

    Of one episode, or of --all with the record of releases, the records of who looked at what and of accounts, and the
    hashes queued for the log of all entries. The verdict says how far it reaches.
    """
    from orchestrator.service.replay import REACH  # noqa: PLC0415  not for --help

    if only_releases:
        if every or episode is not None:
            raise InvalidCommand("--releases stands alone: --all looks at the releases too")
        _verify_releases(invocation)
        return
    faults: list[dict[str, Any]] = []
    episodes = entries = unread = 0
    with invocation.system() as system:
        audit = system.replay
        record = system.releases.verify() if every else None
        people = _of_people(system) if every else None
        for verdict in _chosen(episode, every, audit.verify, audit.verify_all):
            episodes, entries = episodes + 1, entries + verdict.entries
            unread += verdict.entries - verdict.bodies
            faults += [
                {"episode_id": verdict.episode_id, "seq": fault.seq, "what": fault.what} for fault in verdict.faults
            ]
    whole = not faults and (record is None or record.whole) and (people is None or people["whole"])
    told = {"episodes": episodes, "entries": entries, "unread": unread, "whole": whole, "faults": faults}
    more = {"releases": None if record is None else _of_releases(record), "people": people}
    invocation.show({**told, "reach": REACH, **more}, _verdict)
    if faults:
        broken = len({fault["episode_id"] for fault in faults})
        raise Failed(
            f"the chain of {broken} of {counted(episodes, 'episode')} is broken: compare with a backup", "chain-broken"
        )
    _refuse_broken(record)
    if people is not None and not people["whole"]:
        raise Failed("a record of looks or accounts was changed: compare with a backup", "chain-broken")


def _verify_releases(invocation: Invocation) -> None:
    with invocation.system() as system:
        record = system.releases.verify()
    invocation.show({"whole": record.whole, "releases": _of_releases(record)}, lambda told: _releases(told["releases"]))
    _refuse_broken(record)


def _of_releases(record: "Verdict") -> dict[str, Any]:
    faults = [{"number": fault.seq, "what": fault.what} for fault in record.faults]
    return {"count": record.entries, "whole": record.whole, "faults": faults}


def _of_people(system: "System") -> dict[str, Any]:
    looks = system.sight.check_all()
    faults = [{"chain": chain, "seq": fault.seq, "what": fault.what} for chain, fault in looks.faults]
    faults += [{"chain": "accounts", "seq": fault.seq, "what": fault.what} for fault in system.people.faults()]
    return {"chains": looks.chains, "looks": looks.records, "whole": not faults, "faults": faults}


def _refuse_broken(record: "Verdict | None") -> None:
    if record is not None and not record.whole:
        raise Failed("the record of releases is broken: compare with a backup", "chain-broken")


@audit.command()
@_SOME
@_ALL
@with_settings
def replay(invocation: Invocation, episode: str | None, every: bool) -> None:
    """Fold the entries anew and compare with what is stored."""
    episodes = entries = unread = 0
    differing: list[dict[str, Any]] = []
    with invocation.system() as system:
        audit = system.replay
        for compared in _chosen(episode, every, audit.replay, audit.replay_all):
            episodes, entries, unread = episodes + 1, entries + compared.entries, unread + compared.unread
            if not compared.equal:
                differing.append({"episode_id": compared.episode_id, "differs": list(compared.differs)})
    told = {"episodes": episodes, "entries": entries, "unread": unread, "equal": not differing, "differing": differing}
    invocation.show(told, _comparison)
    if differing:
        raise Failed(_not_following(len(differing), episodes), "replay-differs")


@audit.command()
@_SOME
@_ALL
@_OUT
@with_settings
def export(invocation: Invocation, episode: str | None, every: bool, out: Path | None) -> None:
    """Export entries as they are stored.

    One JSON object a line: header in plain, body sealed.
    """
    with invocation.system() as system:
        chosen = _chosen(episode, every, str, system.replay.episode_ids)
        _put(invocation, (_sealed_lines(system, each) for each in chosen), out)


def _sealed_lines(system: "System", episode: str) -> bytes:
    import orjson  # noqa: PLC0415  not for --help

    return b"".join(
        orjson.dumps(
            {
                "episode_id": entry.episode_id,
                "seq": entry.seq,
                "header": entry.header.decode(),
                "commitment": entry.commitment.hex(),
                "body": entry.body.hex(),
                "hash": entry.hash.hex(),
                "simulated": system.simulated,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for entry in system.sealed_entries(episode)
    )


def _chosen(
    episode: str | None, every: bool, one: Callable[[str], T], all_of_them: Callable[[], Iterable[T]]
) -> Iterable[T]:
    if every == (episode is not None):
        raise InvalidCommand("name one EPISODE, or say --all")
    return all_of_them() if episode is None else [one(episode)]


def _amount(told: dict[str, Any]) -> str:
    return f"{counted(told['episodes'], 'episode')}, {counted(told['entries'], 'entry')}"


def _not_following(differing: int, episodes: int) -> str:
    verb, whose = ("does", "its") if differing == 1 else ("do", "their")
    return f"{differing} of {counted(episodes, 'episode')} {verb} not follow from {whose} entries"


def _verdict(told: dict[str, Any]) -> str:
    word = "BROKEN" if told["faults"] else "whole"
    lines = [f"chain {word}: {_amount(told)}; this check {told['reach']}"]
    if told["unread"]:
        lines.append(
            f"  {counted(told['unread'], 'body')} could not be opened: the key was destroyed, or the entry changed"
        )
    lines += [f"  {each['episode_id']} entry {each['seq']}: {each['what']}" for each in told["faults"][:_SHOWN]]
    if told["releases"] is not None:
        lines.append(_releases(told["releases"]))
    if told["people"] is not None:
        lines.append(_people(told["people"]))
    return "\n".join(lines)


def _releases(told: dict[str, Any]) -> str:
    word = "whole" if told["whole"] else "BROKEN"
    lines = [f"record of releases {word}: {counted(told['count'], 'release')}, each with its text"]
    lines += [f"  release {each['number']}: {each['what']}" for each in told["faults"][:_SHOWN]]
    return "\n".join(lines)


def _people(told: dict[str, Any]) -> str:
    word = "whole" if told["whole"] else "BROKEN"
    lines = [
        f"records of looks and accounts {word}: {counted(told['looks'], 'look')} in {counted(told['chains'], 'chain')}"
    ]
    lines += [f"  {each['chain']} record {each['seq']}: {each['what']}" for each in told["faults"][:_SHOWN]]
    return "\n".join(lines)


def _comparison(told: dict[str, Any]) -> str:
    follows = "everything stored follows from them" if told["equal"] else "NOT everything stored follows from them"
    lines = [f"{_amount(told)}: {follows}"]
    if told["unread"]:
        lines.append(f"  {counted(told['unread'], 'episode')} could not be read: the patient's key was destroyed")
    lines += [f"  {each['episode_id']}: {', '.join(each['differs'])}" for each in told["differing"][:_SHOWN]]
    return "\n".join(lines)


def _put(invocation: Invocation, pieces: Iterable[bytes], out: Path | None) -> None:
    """Write to standard output, or to a file for its owner alone, whole or not at all; then say where."""
    if out is None:
        for each in pieces:
            click.echo(each, nl=False)
        return
    try:
        size = _write_new(out, pieces)
    except FileExistsError:
        raise InputError(f"there is a file at {out} already: choose another place") from None
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    invocation.show({"written": str(out), "bytes": size}, lambda _: f"written to {out}")


def _write_new(out: Path, pieces: Iterable[bytes]) -> int:
    """Write a file that is not there yet, and return its size; what cannot be written whole is not left behind."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            return sum(map(file.write, pieces))
    except BaseException:
        out.unlink(missing_ok=True)
        raise


COMMANDS = (story, report, audit)
