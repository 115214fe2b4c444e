"""Which rules are there, to which pathway do they belong, and what does each say? Reads the list, strictly.

The list is no part of a version's effective text: a better sentence changes no hash.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import PathwayError
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.reader import Map, read_file
from orchestrator.pathway.terms import name_in

PLACE = Path("shared") / "rules.yaml"
_PREFIX = re.compile(r"[A-Z]")
_NUMBER = re.compile(r"-[0-9]{2}")
_MODULE = re.compile(r"(orchestrator|workers)(\.[a-z_]+)+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name such as P-08, and what it asks for in one plain sentence.

    engine: the modules that carry it out for every pathway alike.   line: where the sentence stands in the list.
    """

    name: str
    sentence: str
    engine: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """The rules of one first letter. pathway: to which they belong; None: to every pathway."""

    prefix: str
    pathway: str | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The whole list. properties: what must hold on every path; a story may name it, nothing has to carry it out."""

    file: str
    groups: tuple[Group, ...]
    properties: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Return every name that an element, a story or a test may use."""
        return self.properties | {rule.name for group in self.groups for rule in group.rules}


def read_book(root: Path) -> Book:
    """Return the list of rules of a folder of pathways; raises PathwayError with file, line and suggestion."""
    file = str(root / PLACE)
    top = Fields(read_file(root / PLACE), file, PLACE.name, line=1)
    properties = frozenset(top.texts("properties", ()))
    prefixes = [key for key in top.values if _PREFIX.fullmatch(key)]
    groups = tuple(_group(prefix, top.nested(prefix, f"the rules of {prefix}")) for prefix in prefixes)
    top.done()
    if not groups:
        raise PathwayError(
            f"{PLACE.name} lists no rules", file=file, line=1, hint="such as P: {pathway: ..., rules: ...}"
        )
    return Book(file, groups, properties)


def _group(prefix: str, entry: Fields) -> Group:
    pathway, table = entry.take("pathway", str, None), entry.nested("rules")
    names = tuple(table.values)
    engine = dict(_engine(Fields(entry.take("engine", Map, Map()), entry.file, f"'engine' of {entry.what}"), names))
    rules = tuple(
        Rule(name, _sentence(prefix, name, table), engine.get(name, ()), table.line_of(name)) for name in names
    )
    entry.done()
    return Group(prefix, pathway, rules)


def _sentence(prefix: str, name: str, table: Fields) -> str:
    if not (name.startswith(prefix) and _NUMBER.fullmatch(name.removeprefix(prefix))):
        raise table.error(f"'{name}' is no rule such as {prefix}-08", name)
    sentence = table.take(name, str)
    if not sentence.strip():
        raise table.error(f"{name} says nothing", name)
    return sentence


def _engine(table: Fields, rules: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in tuple(table.values):
        name_in(table, name, name, rules, "rule")
        modules = table.texts(name)
        for module in modules:
            if not _MODULE.fullmatch(module):
                raise table.error(f"'{module[:60]}' is no module such as orchestrator.episode.doses", name)
        yield name, modules
