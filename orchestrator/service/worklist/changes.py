"""Has anything changed on a ward, in an episode, or in who may see it, since it was last looked? One look for all."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from orchestrator.service.people.rows import StaffRow
from orchestrator.service.ports import Store
from orchestrator.service.worklist.rows import Mark


class Scope(NamedTuple):
    """Of what a listener is told. wards: None for all.   episode: of this one alone, if it is not empty."""

    wards: frozenset[str] | None = frozenset()
    episode: str = ""

    def holds(self, topic: tuple[str, str]) -> bool:
        """Tell whether a topic is within it."""
        kind, name = topic
        if self.episode:
            return topic == ("episode", self.episode)
        return kind == "ward" and (self.wards is None or name in self.wards)


Topic = tuple[str, str]
"""`ward` or `episode`, and its name."""
Marks = Mapping[Topic, Mark]
_PAGE = 500


class Changes:
    """Looks how far wards and episodes have come; for a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._staff: int | None = None

    def people(self) -> frozenset[str]:
        """Return whose accounts were changed since this was last asked, in whatever process. Raises StoreError."""
        with self._store.read() as reader:
            last, rows = reader.staff_mark(), list[StaffRow]()
            behind = last if self._staff is None else self._staff
            while behind < last and (page := reader.staff_records(behind, _PAGE)):
                rows += page
                behind = page[-1].seq
        self._staff = last
        return frozenset(row.about for row in rows)

    def look(self, scopes: Collection[Scope]) -> dict[Topic, Mark]:
        """Return how far everything within these scopes has come. Raises StoreError."""
        episodes = sorted({scope.episode for scope in scopes if scope.episode})
        lists = [scope.wards for scope in scopes if not scope.episode]
        named = sorted(ward for wards in lists if wards is not None for ward in wards)
        found: dict[Topic, Mark] = {}
        with self._store.read() as reader:
            if None in lists or named:
                marks = reader.ward_marks(() if None in lists else tuple(dict.fromkeys(named)))
                found |= {("ward", mark.name): mark for mark in marks}
            if episodes:
                found |= {("episode", mark.name): mark for mark in reader.episode_marks(episodes)}
        return found


def within(marks: Marks, scope: Scope) -> dict[Topic, Mark]:
    """Return what of it lies within a scope."""
    return {topic: mark for topic, mark in marks.items() if scope.holds(topic)}


def changed(before: Marks, after: Marks) -> list[Topic]:
    """Return the topics that are not as they were, in order."""
    return sorted(topic for topic in before.keys() | after.keys() if before.get(topic) != after.get(topic))


def changed_since(marks: Marks, moment: datetime) -> list[Topic]:
    """Return the topics in which something open has an entry of that moment or a later one."""
    return sorted(topic for topic, mark in marks.items() if mark.latest is not None and mark.latest >= moment)


def digest(marks: Marks) -> str:
    """Return what stands for these marks, 16 hex digits: equal as long as nothing has changed, in every process."""
    told = repr(sorted((topic, mark.figures) for topic, mark in marks.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]
