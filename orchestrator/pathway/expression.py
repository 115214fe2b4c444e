"""What does a guard say? The guard language: parse a text in a scope, test it, ask what is missing, explain it.

CEL's syntax, a typed subset: ``&& || ! == != < <= > >= in``, parentheses, lists of constants, texts, decimal numbers,
``duration('72h')`` and the functions that a scope declares. Two extensions: an enum is ordered as it is declared, and
a duration may count days of 24 hours (``3d``). Three truth values: ``unknown || true`` is true, ``unknown && false``
is false, a comparison with something unknown is unknown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from orchestrator.errors import PathwayError
from orchestrator.pathway.language.compiler import Facts, Test, Trace, compile_test, compile_trace
from orchestrator.pathway.language.resolve import Meanings, resolve
from orchestrator.pathway.language.syntax import MAX_DEPTH, MAX_LENGTH, Origin, parse_raw
from orchestrator.pathway.language.tree import (
    BOOL,
    DATE,
    DURATION,
    NUMBER,
    And,
    Call,
    Compare,
    Defined,
    Enum,
    Function,
    In,
    Listing,
    Literal,
    Node,
    Not,
    OneOf,
    Or,
    SetOf,
    Type,
    Variable,
    children,
    durations,
    facts_of,
    own_facts,
    parse_duration,
    type_of,
    walk,
)
from orchestrator.pathway.language.words import own_words, words_of

__all__ = [
    "BOOL", "DATE", "DURATION", "MAX_DEPTH", "MAX_EXPANDED", "MAX_EXPANDED_DEPTH", "MAX_LENGTH", "MAX_NODES",
    "NUMBER",
    "And", "Call", "Clause", "Compare", "Defined", "Enum", "Expression", "Facts", "Function", "In", "Listing",
    "Literal", "Node", "Not", "OneOf", "Or", "Scope", "SetOf", "Test", "Type", "Variable",
    "children", "durations", "facts_of", "is_name", "parse", "parse_duration", "type_of", "walk",
]  # fmt: skip

MAX_FOUND = 1000
MAX_NODES = 200
# With definitions written out, so that definitions of definitions can grow neither without end nor too deep for Python.
MAX_EXPANDED = 1000
MAX_EXPANDED_DEPTH = 40


@dataclass(frozen=True)
class Scope:
    """The names that an expression may use; raises PathwayError for one that cannot be spelt or means two values.

    variables: facts.   functions: called as ``host.<name>(*literals)``.   definitions: conditions used by their bare
    name.   host_variables: read as ``host.<name>``.   labels: words for any of these names.   constants: values that
    have a name; each may stand wherever a constant of its type may.
    """

    variables: Mapping[str, Type]
    functions: Mapping[str, Function] = field(default_factory=dict)
    definitions: Mapping[str, "Expression"] = field(default_factory=dict)
    host_variables: Mapping[str, Type] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Literal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that cannot be spelt, and a name given to two values."""
        values = [*self.variables, *self.host_variables, *self.definitions, *self.constants]
        for name in (*values, *self.functions):
            if not is_name(name):
                raise PathwayError(f"'{name}' cannot be a name in an expression", hint="use a-z, 0-9 and _")
        if len(set(values)) < len(values):
            twice = sorted({name for name in values if values.count(name) > 1})
            raise PathwayError(f"'{twice[0]}' names two things", hint="rename the definition or the value")


def is_name(text: str) -> bool:
    """Return whether an expression can use ``text`` as a name."""
    return _NAME.fullmatch(text) is not None and text not in _TAKEN


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = ("true", "false", "in", "and", "or", "not", "duration")


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a condition as a person reads it: its words, its truth (None is unknown), what it was read from."""

    words: str
    value: bool | None
    facts: tuple[tuple[str, Any], ...]
    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class Expression:
    """A condition. ``test(facts, host)`` decides it: true, false or None for unknown, in about half a microsecond.

    facts (the argument): values by name, absent or None is unknown; an enum is its text, a number int or Decimal, a
    set any collection of texts, a date and a duration those of ``datetime``.   host: has the scope's functions and host
    variables; each answers None for unknown.   own_words: those given for ``words``, empty to make them from the tree.
    """

    text: str
    tree: Node
    facts: frozenset[str]
    test: Test = field(compare=False, repr=False)
    own_words: str = field(default="", compare=False, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def words(self) -> str:
        """The condition in plain words."""
        return self.own_words or words_of(self.tree, self.labels)

    @cached_property
    def on_facts_alone(self) -> bool:
        """Whether it reads facts and nothing that the host answers."""
        return not any(isinstance(each, Call) or isinstance(each, Variable) and each.hosted for each in walk(self.tree))

    @cached_property
    def _found(self) -> dict[tuple[Any, ...], frozenset[str]]:
        return {}

    @cached_property
    def trace(self) -> Trace:
        """The function that values every part; made when first needed."""
        return compile_trace(self.tree)

    def missing(self, facts: Facts, host: object) -> frozenset[str]:
        """Return the unknown facts on which an unknown outcome hangs: those in undetermined branches; none if decided.

        Empty for an unknown outcome only when it is the host that does not know.
        """
        if self.test(facts, host) is not None:
            return frozenset()
        values = self.trace.values(facts, host)
        known = tuple(values.values())  # what is missing hangs on the truth of the parts alone: found once for each
        found = self._found.get(known)
        if found is None:
            if len(self._found) >= MAX_FOUND:
                self._found.clear()
            found = self._found[known] = _missing(self.tree, values, facts)
        return found

    def explain(self, facts: Facts, host: object) -> Clause:
        """Return the condition's parts, each with its truth and the facts (None is unknown) that it was read from."""
        clause = _clause(self.tree, self.trace.values(facts, host), facts, self.labels)
        return replace(clause, words=self.words)


def parse(text: str, scope: Scope, *, file: str = "", line: int = 0, column: int = 0, words: str = "") -> Expression:
    """Return the condition that ``text`` says; raises PathwayError with place and suggestion.

    line, column: where the text begins, from 1; 0 when not known.   words: the condition's own, for a definition.
    Bounds: MAX_LENGTH characters, MAX_DEPTH levels, MAX_NODES nodes; with definitions written out MAX_EXPANDED nodes on
    MAX_EXPANDED_DEPTH levels.
    """
    origin = Origin(text, file, line, column)
    meanings = Meanings(scope.variables, scope.host_variables, scope.functions, scope.definitions, scope.constants)
    tree = resolve(parse_raw(origin), meanings, origin)
    _check_size(tree, origin)
    return Expression(text, tree, facts_of(tree), compile_test(tree), words, scope.labels)


def _check_size(tree: Node, origin: Origin) -> None:
    for limit, size, what, hint in (
        (MAX_NODES, _count(tree, expand=False), "parts", "name some of them as definitions"),
        (MAX_EXPANDED, _count(tree, expand=True), "parts, definitions written out", "say it with fewer"),
        (MAX_EXPANDED_DEPTH, _depth(tree), "levels, definitions written out", "nest definitions less"),
    ):
        if size > limit:
            raise origin.error(f"an expression of more than {limit} {what}", 0, hint)


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, children(node)), default=0)


def _count(node: Node, *, expand: bool) -> int:
    if isinstance(node, Defined) and not expand:
        return 1
    return 1 + sum(_count(child, expand=expand) for child in children(node))


def _missing(node: Node, values: Mapping[int, Any], facts: Facts) -> frozenset[str]:
    if values.get(id(node), node) is not None:
        return frozenset()
    own = frozenset(name for name in own_facts(node) if facts.get(name) is None)
    return own.union(*(_missing(child, values, facts) for child in children(node)))


def _clause(node: Node, values: Mapping[int, Any], facts: Facts, labels: Mapping[str, str]) -> Clause:
    said, value = words_of(node, labels), values[id(node)]
    parts = _parts(node, labels)
    if parts:
        return Clause(said, value, (), tuple(_clause(part, values, facts, labels) for part in parts))
    read = sorted(facts_of(node))
    return Clause(said, value, tuple((name, facts.get(name)) for name in read), ())


def _parts(node: Node, labels: Mapping[str, str]) -> tuple[Node, ...]:
    """Return the conditions that a person wants to see one by one; none for a comparison or the negation of one."""
    match node:
        case And() | Or():
            return node.parts
        case Defined(body=body):  # without words of its own it reads like its body, and is not shown apart from it
            return (body,) if own_words(node, labels) else _parts(body, labels)
        case Not(part) if _parts(part, labels):
            return (part,)
        case _:
            return ()
