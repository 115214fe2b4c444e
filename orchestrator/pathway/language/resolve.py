"""What do the names in an expression mean, and do its types fit? The untyped tree and a scope to the typed tree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from orchestrator.errors import PathwayError
from orchestrator.pathway.fields import suggest
from orchestrator.pathway.language.syntax import COMPARISONS, Origin, Raw, RawGroup, RawWord
from orchestrator.pathway.language.tree import (
    BOOL,
    DATE,
    DURATION,
    LIST,
    NUMBER,
    TEXT,
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
    Simple,
    Type,
    Variable,
    parse_duration,
    type_name,
    type_of,
)

_ORDERED = (NUMBER, DATE, DURATION)
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DURATION_HINT = "write it like duration('72h'), duration('3d') or duration('2d4h30m')"


class Definition(Protocol):
    """What a scope holds for a definition: the tree to expand and the words for people, empty when it has none."""

    @property
    def tree(self) -> Node: ...  # noqa: D102

    @property
    def own_words(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Meanings:
    """What each name that an expression may use stands for; the host answers those that are ``hosted``."""

    facts: Mapping[str, Type]
    hosted: Mapping[str, Type]
    functions: Mapping[str, Function]
    definitions: Mapping[str, Definition]
    constants: Mapping[str, Literal] = field(default_factory=dict)

    def values(self) -> list[str]:
        """Return the names that stand for a value, without the functions."""
        return [*self.definitions, *self.facts, *self.hosted, *self.constants]


def resolve(raw: Raw, names: Meanings, origin: Origin) -> Node:
    """Return the typed tree of a condition; raises PathwayError with the place and a suggestion where one is close."""
    return _Resolver(names, origin).condition(raw)


class _Resolver:
    def __init__(self, names: Meanings, origin: Origin) -> None:
        self.names, self.origin = names, origin

    def error(self, raw: Raw, what: str, hint: str = "") -> PathwayError:
        return self.origin.error(what, raw.at, hint)

    def condition(self, raw: Raw) -> Node:
        node = self.node(raw)
        if (kind := type_of(node)) != BOOL:
            what = f"a condition is needed here, not {_described(node, kind)}"
            raise self.error(raw, what, "compare it with something")
        return node

    def node(self, raw: Raw) -> Node:
        if isinstance(raw, RawWord):
            return self.word(raw)
        if raw.call:
            return self.call(raw)
        if raw.kind == "[]":
            return self.listing(raw)
        if raw.kind in COMPARISONS:
            return self.comparison(raw)
        if raw.kind == "in":
            return self.membership(raw)
        return self.logical(raw)

    def logical(self, raw: RawGroup) -> Node:
        parts = tuple(self.condition(part) for part in raw.parts)
        if raw.kind == "!":
            return Not(parts[0])
        return And(parts) if raw.kind == "&&" else Or(parts)

    def word(self, raw: RawWord) -> Node:
        if raw.kind == "text":
            return Literal(raw.text, TEXT, raw.text)
        if raw.kind == "number":
            number = Decimal(raw.text)
            return Literal(int(number) if number == int(number) else number, NUMBER, raw.text)
        if raw.text in ("true", "false"):
            return Literal(raw.text == "true", BOOL, raw.text)
        return self.name(raw)

    def name(self, raw: RawWord) -> Node:
        name, names = raw.text, self.names
        if name in names.definitions:
            definition = names.definitions[name]
            return Defined(name, definition.tree, definition.own_words)
        if name in names.facts:
            return Variable(name, names.facts[name])
        if name in names.hosted:
            return Variable(name, names.hosted[name], hosted=True)
        if name in names.constants:
            return names.constants[name]
        if name in names.functions or name == "duration":
            raise self.error(raw, f"'{name}' is a function", f"call it: {name}('…')")
        raise self.error(raw, f"unknown fact '{name}'", suggest(name, names.values()))

    # Calls

    def call(self, raw: RawGroup) -> Node:
        arguments = tuple(self.constant(part) for part in raw.parts)
        if raw.kind == "duration":
            return self.duration(raw, arguments)
        function = self.names.functions.get(raw.kind)
        if function is None:
            hint = suggest(raw.kind, [*self.names.functions, "duration"])
            raise self.error(raw, f"unknown function '{raw.kind}'", hint)
        wanted = len(function.parameters)
        if len(arguments) != wanted:
            counted = "1 argument" if wanted == 1 else f"{wanted} arguments"
            raise self.error(raw, f"'{raw.kind}' takes {counted}, not {len(arguments)}")
        for part, argument, parameter in zip(raw.parts, arguments, function.parameters, strict=True):
            self.check_argument(part, argument, parameter)
        return Call(raw.kind, arguments, function)

    def constant(self, raw: Raw) -> Literal:
        if isinstance(raw, RawWord) and raw.kind == "name" and raw.text not in ("true", "false", *self.names.constants):
            what = f"only constants may stand here, not '{raw.text}'"
            raise self.error(raw, what, f"did you mean the text '{raw.text}'?")
        node = self.node(raw)
        if not isinstance(node, Literal):
            raise self.error(raw, "only constants may stand here")
        return node

    def duration(self, raw: RawGroup, arguments: tuple[Literal, ...]) -> Literal:
        if len(arguments) != 1 or arguments[0].type != TEXT:
            raise self.error(raw, "'duration' takes one text", _DURATION_HINT)
        text = arguments[0].text
        value = parse_duration(text)
        if value is None:
            raise self.error(raw.parts[0], f"'{text}' is no duration", _DURATION_HINT)
        return Literal(value, DURATION, text)

    def check_argument(self, raw: Raw, argument: Literal, parameter: OneOf | Simple) -> None:
        if isinstance(parameter, Simple):
            if argument.type != parameter:
                raise self.error(raw, f"a {parameter.name} is needed here, not {_described(argument, argument.type)}")
        elif argument.type != TEXT or argument.text not in parameter.values:
            article = "an" if parameter.name[:1] in "aeiou" else "a"
            hint = suggest(argument.text, sorted(parameter.values))
            raise self.error(raw, f"'{argument.text}' is not {article} {parameter.name}", hint)

    # Comparison and membership

    def listing(self, raw: RawGroup) -> Listing:
        items = tuple(self.constant(part) for part in raw.parts)
        element = items[0].type if items else TEXT
        for part, item in zip(raw.parts, items, strict=True):
            if item.type != element:
                raise self.error(part, f"a list cannot hold both {type_name(element)} and {type_name(item.type)}")
            if [each.value for each in items].count(item.value) > 1:
                raise self.error(part, f"'{item.text}' is listed twice")
        return Listing(items, element)

    def comparison(self, raw: RawGroup) -> Node:
        (raw_left, raw_right), operator = raw.parts, raw.kind
        left, right = self.node(raw_left), self.node(raw_right)
        if _is_constant(left) and not _is_constant(right):
            raw_left, raw_right, left, right, operator = raw_right, raw_left, right, left, _MIRRORED[operator]
        right = self.fitted(raw_right, right, type_of(left))
        self.check_comparable(raw, left, right)
        return Compare(operator, left, right)

    def fitted(self, raw: Raw, node: Node, to: Type) -> Node:
        """Return constants that stand beside a value of type ``to`` with its type; refuse texts it can never be."""
        if isinstance(node, Literal) and node.type == TEXT and isinstance(to, Enum | SetOf):
            return self.one_of(raw, node, to.values, to if isinstance(to, Enum) else Enum(to.values))
        if isinstance(node, Listing) and isinstance(to, SetOf | Enum) and node.element == TEXT:
            assert isinstance(raw, RawGroup)
            element = Enum(to.values)
            pairs = zip(raw.parts, node.items, strict=True)
            return Listing(tuple(self.one_of(part, item, to.values, element) for part, item in pairs), element)
        return node

    def one_of(self, raw: Raw, literal: Literal, values: Iterable[str], kind: Enum) -> Literal:
        if literal.value not in kind.values:
            raise self.error(raw, f"'{literal.text}' is not one of {', '.join(values)}", suggest(literal.text, values))
        return replace(literal, type=kind)

    def check_comparable(self, raw: RawGroup, left: Node, right: Node) -> None:
        one, other = type_of(left), type_of(right)
        if isinstance(one, SetOf) and (isinstance(right, Listing) or one == other):
            if raw.kind not in ("==", "!="):
                raise self.error(raw, f"sets have no order for '{raw.kind}'", "use == or !=, or 'in'")
            return
        if isinstance(one, SetOf) and isinstance(right, Literal):
            raise self.error(raw, "cannot compare set with text", f"write '{right.text}' in {_described(left, one)}")
        if one != other or one == LIST:
            raise self.error(raw, _incomparable(one, other))
        if raw.kind not in ("==", "!=") and not (one in _ORDERED or isinstance(one, Enum)):
            raise self.error(raw, f"{type_name(one)} has no order for '{raw.kind}'", "use == or !=")

    def membership(self, raw: RawGroup) -> Node:
        raw_item, raw_among = raw.parts
        item, among = self.node(raw_item), self.node(raw_among)
        kind, within = type_of(item), type_of(among)
        if isinstance(within, SetOf):
            item = self.fitted(raw_item, item, within)
            if type_of(item) != Enum(within.values):
                what = f"this set holds {', '.join(within.values)}, not {_described(item, type_of(item))}"
                raise self.error(raw, what)
            return In(item, among)
        if not isinstance(among, Listing):
            raise self.error(raw_among, f"'in' needs a list or a set on its right, not {_described(among, within)}")
        if not among.items:
            raise self.error(raw_among, "nothing is in an empty list")
        among = self.fitted(raw_among, among, kind)
        assert isinstance(among, Listing)
        if among.element != kind or kind == BOOL:
            raise self.error(raw, f"{type_name(kind)} cannot be in a list of {type_name(among.element)}")
        return In(item, among)


def _is_constant(node: Node) -> bool:
    return isinstance(node, Literal | Listing)


def _incomparable(one: Type, other: Type) -> str:
    if isinstance(one, Enum) and isinstance(other, Enum):
        return f"cannot compare {type_name(one)} with {type_name(other)}"
    shown = ["text" if isinstance(kind, Enum) else type_name(kind) for kind in (one, other)]
    return f"cannot compare {shown[0]} with {shown[1]}"


def _described(node: Node, kind: Type) -> str:
    """Return what a node is, for an error: its name if it has one, else its type."""
    if isinstance(node, Variable | Call | Defined):
        return node.name
    return f"a {'text' if isinstance(kind, Enum) else type_name(kind)}"
