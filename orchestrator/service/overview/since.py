"""Which entries were made since a moment? Those at the ends of the chains, read together."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Protocol

from orchestrator.audit.seal import Header, Sealed, instant, open_header
from orchestrator.service.ports import Reader

_AT_ONCE = 20
"""So many entries of each episode are read in one go; more, for the few in which more was done."""
_EPISODES = 200


class Chained(Protocol):
    """An episode of which the end of the chain is known."""

    @property
    def episode_id(self) -> str: ...
    @property
    def at(self) -> datetime: ...


def entries_since(reader: Reader, rows: Sequence[Chained], since: datetime) -> Iterator[tuple[Header, Sealed]]:
    """Yield the entries made at or after a moment, by episode, the first one first, each with its header."""
    begin = instant(since)
    ids = sorted(row.episode_id for row in rows if row.at >= since)
    for start in range(0, len(ids), _EPISODES):
        found = reader.last_entries(ids[start : start + _EPISODES], _AT_ONCE)
        for episode_id, group in groupby(found, key=lambda each: each.episode_id):
            yield from _of(reader, episode_id, list(group), begin)


def _of(reader: Reader, episode_id: str, entries: list[Sealed], begin: str) -> Iterator[tuple[Header, Sealed]]:
    """Yield an episode's, reading back until one is older or there are no more."""
    while entries[0].seq > 1 and open_header(entries[0]).at >= begin:
        first = entries[0].seq
        entries = [*reader.entries(episode_id, max(0, first - 1 - _AT_ONCE), min(_AT_ONCE, first - 1)), *entries]
    yield from _within(entries, begin)


def _within(entries: Iterable[Sealed], begin: str) -> Iterator[tuple[Header, Sealed]]:
    for entry in entries:
        header = open_header(entry)
        if header.at >= begin:
            yield header, entry
