"""How are the sections of a pathway's files read: names, guards, selectors, stages, rows and named entries?

A pathway's own file comes after the one that holds for every pathway: tables are added up, and an element of the same
name in the pathway's file takes the place of the shared one.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from orchestrator.pathway.expression import DURATION, NUMBER, Expression, Literal, Scope, is_name, parse
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.host import scope
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark, stage_of
from orchestrator.pathway.model import Definition, Guard, NamedValue, Selector
from orchestrator.pathway.reader import Map, Seq
from orchestrator.pathway.terms import duration, name_in, names_in, take_mark
from orchestrator.pathway.vocabulary import Vocabulary

T = TypeVar("T")


class Sections:
    """Two files of one pathway, ``common`` and ``own``, and the names that their elements may use."""

    def __init__(self, vocabulary: Vocabulary, common: Fields, own: Fields) -> None:
        self.words, self.common, self.own = vocabulary, common, own
        self.kinds = frozenset(regimen.kind for regimen in vocabulary.regimens.values())
        self.own_stages: dict[str, str] = {}
        self.faults = own.faults

    def told(self, section: str, read: Callable[[], T], default: T) -> T:
        """Return what ``read`` returns; when it is faulty that is noted, and the default returned."""
        with self.faults.noting(section):
            return read()
        return default

    # names first: guards may speak of anything in the file, whatever its place

    def read_names(self) -> None:
        states = self.own.nested("states").values
        self.own_stages = {stage_of(name): name for name in states}
        checks = tuple(self.own.take("checks", Map, None) or ())
        self.task_names = tuple(name for part in (self.common, self.own) for name, _ in part.entries("tasks", "task"))
        response = next((fact for fact in self.words.facts.values() if fact.of_courses), None)
        self.names = {
            "regimen": tuple(self.words.regimens),
            "kind": tuple(self.kinds),
            "fact": tuple(self.words.facts),
            "task": self.task_names,
            "stage": tuple(self.words.stages),
            "check": checks,
            "response": response.values if response else (),
        }
        self.values = self.each("values", "value", self._value)
        self.scope: Scope = self._scope({})

    def _value(self, name: str, entry: Fields) -> NamedValue:
        """Read a named value: text is a length of time, anything else a number."""
        if not is_name(name) or name in self.words.facts:
            hint = "use a-z, 0-9 and _, and no name of a fact"
            raise entry.error(f"'{name}' cannot be the name of a value", hint=hint)
        text, words = entry.take("value", (str, Decimal)), entry.take("words", str)
        try:
            value = duration(text) if isinstance(text, str) else text
        except ValueError as error:
            raise entry.error(str(error), "value") from None
        return NamedValue(name, words, value, str(text), self.mark(entry, number=True, settable=("value",)))

    def _scope(self, definitions: Mapping[str, Definition]) -> Scope:
        named = {
            name: Literal(each.value, DURATION if isinstance(each.value, dt.timedelta) else NUMBER, each.text, name)
            for name, each in self.values.items()
        }
        expressions = {each.name: each.expression for each in definitions.values()}
        titles = {each.name: each.title for each in self.words.regimens.values()}
        return scope(self.words.facts, self.names, expressions, named, titles)

    def definitions(self) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        shared, own = self.common.entries("definitions", "definition"), self.own.entries("definitions", "definition")
        mine = dict(own)
        for name, entry in [*((name, entry) for name, entry in shared if name not in mine), *mine.items()]:
            with self.faults.noting("definitions", name):
                expression = dataclasses.replace(self.expression(entry, "when"), own_words=entry.take("words", str))
                found[name] = Definition(name, expression.words, expression, take_mark(entry, self.words.sources))
                entry.done()
            self.scope = self._scope(found)
        return found

    # small readers

    def expression(self, entry: Fields, key: str) -> Expression:
        return self.parsed(entry, key, entry.take(key, str))

    def optional(self, entry: Fields, key: str) -> Expression | None:
        text = entry.take(key, str, None)
        return None if text is None else self.parsed(entry, key, text)

    def parsed(self, entry: Fields, key: str, text: str) -> Expression:
        return parse(text, self.scope, file=entry.file, line=entry.line_of(key))

    def guard(self, entry: Fields) -> Guard:
        return Guard(self.expression(entry, "when"), self.optional(entry, "unless"))

    def selector(self, entry: Fields) -> Selector:
        """Read ``regimen``, ``regimens``, ``kind``, ``immunotherapy`` or ``tapers``, whichever is there;
        exactly one must be.
        """
        regimens = self.words.regimens
        named = frozenset(
            names_in(entry, "regimen", regimens, "regimen") + names_in(entry, "regimens", regimens, "regimen")
        )
        kind, immunotherapy, tapers = (
            entry.take("kind", str, None),
            entry.take("immunotherapy", bool, None),
            entry.take("tapers", str, None),
        )
        given = [each for each in (named or None, kind, immunotherapy, tapers) if each is not None]
        if len(given) != 1:
            raise entry.error(f"{entry.what} must name regimens, or one kind or attribute of them")
        if named:
            return Selector(named, ", ".join(sorted(named)))
        if kind is not None:
            name_in(entry, "kind", kind, self.kinds, "kind of regimen")
            return Selector(frozenset(each.name for each in regimens.values() if each.kind == kind), f"every {kind}")
        if tapers is not None:
            return Selector(
                frozenset(each.name for each in regimens.values() if each.tapers == tapers), f"a taper of a {tapers}"
            )
        return Selector(frozenset(each.name for each in regimens.values() if each.immunotherapy), "every immunotherapy")

    def nested_selector(self, entry: Fields, key: str) -> Selector:
        nested = entry.nested(key)
        selector = self.selector(nested)
        nested.done()
        return selector

    def stages(self, entry: Fields, key: str = "in") -> frozenset[str]:
        names = names_in(entry, key, self.words.stages, "stage")
        return frozenset(names) or frozenset(self.words.stages) - {CLOSED_STAGE}

    def stage(self, entry: Fields, key: str) -> str | None:
        name = entry.take(key, str, None)
        return None if name is None else name_in(entry, key, name, self.words.stages, "stage")

    def ladder(self, entry: Fields, key: str = "ladder") -> str:
        return name_in(entry, key, entry.take(key, str, "standard"), self.words.ladders, "ladder")

    def mark(self, entry: Fields, *, number: bool = False, settable: tuple[str, ...] = ()) -> Mark:
        mark = take_mark(entry, self.words.sources, number=number, settable=settable)
        entry.done()
        return mark

    def rows(self, key: str, what: str) -> Iterator[Fields]:
        """Yield the rows under ``key`` of the shared file, then of the pathway's."""
        for part in (self.common, self.own):
            table = part.take(key, Seq, None)
            for index, value in enumerate(table or ()):
                line = table.line_of(index) if table is not None else 0
                with self.faults.noting(key):
                    yield Fields(value, part.file, what, line=line, faults=self.faults)

    def every(self, key: str, what: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """Return ``read`` of every row under ``key``; one that is faulty is noted and left out."""
        found: list[T] = []
        for entry in self.rows(key, what):
            with self.faults.noting(key):
                found.append(read(entry))
        return tuple(found)

    def each(self, key: str, what: str, read: Callable[[str, Fields], T]) -> dict[str, T]:
        """Return ``read`` of every named entry under ``key``; one that is faulty is noted and left out."""
        found: dict[str, T] = {}
        for name, entry in self.named(key, what).items():
            with self.faults.noting(key, name):
                found[name] = read(name, entry)
        return found

    def save_taper(self, entry: Fields) -> bool:
        """Return whether the taper of something already given is exempt."""
        save = entry.take("save", str, "")
        if save:
            name_in(entry, "save", save, ("taper-of-given",), "exemption")
        return bool(save)

    def named(self, key: str, what: str) -> dict[str, Fields]:
        """Return the named entries of the shared file, in its order,
        each replaced by the pathway's own of that name.
        """
        found: dict[str, Fields | None] = {}
        for part in (self.common, self.own):
            table = part.take(key, Map, None)
            for name, value in (table or {}).items():
                line = table.line_of(name) if table is not None else 0
                with self.faults.noting(key, name):
                    made = (part.file, f"{what} '{name}'")
                    found[name] = None if value is None else Fields(value, *made, line=line, faults=self.faults)
        return {name: entry for name, entry in found.items() if entry is not None}
