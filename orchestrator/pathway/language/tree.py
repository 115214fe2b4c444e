"""What is an expression made of? Its types and its typed tree, from which everything else is derived."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Simple:
    """A type without values of its own; ``name`` is what errors call it."""

    name: str


@dataclass(frozen=True, slots=True)
class Enum:
    """One of ``values``, which are texts in ascending order: ``<`` compares by it."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetOf:
    """Any number of ``values``, none included (looked for, nothing found)."""

    values: tuple[str, ...]


BOOL = Simple("bool")
NUMBER = Simple("number")
DATE = Simple("date")
DURATION = Simple("duration")
TEXT = Simple("text")
LIST = Simple("list")

Type: TypeAlias = Simple | Enum | SetOf
Constant: TypeAlias = str | int | Decimal | bool | timedelta


def type_name(kind: Type) -> str:
    """Return what errors call a type."""
    if isinstance(kind, Enum):
        return f"one of {', '.join(kind.values)}"
    return "set" if isinstance(kind, SetOf) else kind.name


@dataclass(frozen=True, slots=True)
class OneOf:
    """The texts that a parameter of a function may be; ``name`` is what errors call one of them, e.g. ``regimen``."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the host, called as ``host.<name>(*literals)``; it answers None for unknown.

    words, negated: templates for people, ``{0}`` is the first argument; without ``negated`` it is ``not (words)``.
    facts: names the facts on which the answer to these arguments depends.
    """

    parameters: tuple[OneOf | Simple, ...]
    result: Type
    words: str
    facts: Callable[[tuple[Any, ...]], frozenset[str]] | None = None
    negated: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; ``text`` is how it was written, without quotes; ``name`` that of a named value, else empty."""

    value: Constant
    type: Type
    text: str
    name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of literals, all of ``element`` type."""

    items: tuple[Literal, ...]
    element: Type


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact, or with ``hosted`` a value that the host knows (``host.<name>``)."""

    name: str
    type: Type
    hosted: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the host, applied to literals."""

    name: str
    arguments: tuple[Literal, ...]
    function: Function

    @property
    def values(self) -> tuple[Constant, ...]:
        """The arguments as the host receives them."""
        return tuple(argument.value for argument in self.arguments)

    @property
    def facts(self) -> frozenset[str]:
        """The facts on which the answer depends."""
        return self.function.facts(self.values) if self.function.facts else frozenset()


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition used by its name: means ``body``; ``words`` are its own, empty when it reads like its body."""

    name: str
    body: "Node"
    words: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """True when ``part`` is false."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """False when one of two or more ``parts`` is, true when all are."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when one of two or more ``parts`` is, false when all are."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``; a constant stands on the right where only one side is constant.

    operator: ``== != < <= > >=``. Sets are equal whatever the order of a listing.
    """

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class In:
    """``item`` is among a listing, or a member of a set."""

    item: "Node"
    among: "Node"


Node: TypeAlias = Literal | Listing | Variable | Call | Defined | Not | And | Or | Compare | In


def type_of(node: Node) -> Type:
    """Return the type of a node's value."""
    match node:
        case Literal() | Variable():
            return node.type
        case Listing():
            return LIST
        case Call():
            return node.function.result
        case _:
            return BOOL


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes of which a node is made, in the order in which they are written."""
    found: tuple[Node, ...] = ()
    match node:
        case Defined(body=one) | Not(one):
            found = (one,)
        case And(found) | Or(found) | Call(arguments=found) | Listing(items=found):
            pass
        case Compare(left=one, right=other) | In(one, other):
            found = (one, other)
    return found


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, definitions expanded, a node before its children."""
    yield node
    for child in children(node):
        yield from walk(child)


def own_facts(node: Node) -> frozenset[str]:
    """Return the facts that this node itself reads, not those of its children."""
    match node:
        case Variable(name=name, hosted=False):
            return frozenset((name,))
        case Call():
            return node.facts
        case _:
            return frozenset()


def facts_of(node: Node) -> frozenset[str]:
    """Return the facts that a tree reads, those behind its calls included."""
    return frozenset().union(*(own_facts(each) for each in walk(node)))


def durations(node: Node) -> frozenset[timedelta]:
    """Return every duration that a tree names: at these distances in time its outcome can change by itself."""
    constants = (each.value for each in walk(node) if isinstance(each, Literal))
    return frozenset(value for value in constants if isinstance(value, timedelta))


_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?")


def parse_duration(text: str) -> timedelta | None:
    """Return the elapsed time that ``72h``, ``3d`` or ``2d4h30m`` means (d is 24 hours), or None when it means none."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
