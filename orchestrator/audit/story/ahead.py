"""What would the record say if this were done now? The words of an entry that is not made."""

import datetime as dt
from typing import NamedTuple

from orchestrator.audit.story.entries import Entry
from orchestrator.audit.story.words import details, wish
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Command, command_to_json
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import Pathway

_CODE = "ahead"
"""Stands for the code of a refusal, where what was wanted is told and not what was done."""


class Ahead(NamedTuple):
    """What a command would come to. wish: what it asks for; code, text: of a refusal, else empty; follows: in words."""

    wish: str
    code: str
    text: str
    follows: tuple[str, ...]


def ahead(
    pathway: Pathway, episode: Episode, command: Command, actor: Actor, outcome: Accepted | Refused, *, now: dt.datetime
) -> Ahead:
    """Return in words what a decision that was not recorded comes to."""
    refused = outcome if isinstance(outcome, Refused) else None
    happened = () if isinstance(outcome, Refused) else outcome.events
    entry = _entry(episode, command, actor, happened, now=now, refused=refused is not None)
    asked = wish(_entry(episode, command, actor, (), now=now, refused=True), pathway)
    if refused is not None:
        return Ahead(asked, refused.code, refused.text, ())
    return Ahead(asked, "", "", tuple(dict.fromkeys(details(entry, pathway))))


def _entry(
    episode: Episode, command: Command, actor: Actor, happened: tuple[ev.Event, ...], *, now: dt.datetime, refused: bool
) -> Entry:  # fmt: skip
    return Entry(
        episode_id=episode.episode_id,
        ward=episode.ward,
        seq=episode.seq + 1,
        at=now,
        who={
            "actor": actor.id,
            "role": actor.role,
            "on_behalf_of": actor.on_behalf_of,
            "authenticated": actor.authenticated,
        },
        kind=command.kind,
        command=command_to_json(command),
        events=happened,
        erased=False,
        origin=episode.state,
        target=episode.state,
        refused=_CODE if refused else None,
        glass=False,
        corrects=None,
    )
