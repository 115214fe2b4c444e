"""How does an expression run? Its tree becomes one Python function over three truth values; None is unknown.

The source that is executed is put together from fixed pieces, generated names (``c0``, ``t0``) and a dictionary of
constants; no character of a pathway file reaches it, and it sees no builtins.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, methodcaller
from typing import Any, TypeAlias

from orchestrator.pathway.language.tree import (
    And,
    Call,
    Compare,
    Defined,
    Enum,
    In,
    Listing,
    Literal,
    Node,
    Not,
    Or,
    SetOf,
    Variable,
    children,
    type_of,
)

Facts: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Facts, Any], "bool | None"]


@dataclass(frozen=True, slots=True)
class Trace:
    """Every node of a tree with its value for given facts: ``run`` answers in the order of ``nodes``."""

    nodes: tuple[Node, ...]
    run: Callable[[Facts, Any], tuple[Any, ...]]

    def values(self, facts: Facts, host: object) -> dict[int, Any]:
        """Return the value of each node by its ``id``; None is unknown."""
        return dict(zip(map(id, self.nodes), self.run(facts, host), strict=True))


def compile_test(tree: Node) -> Test:
    """Return the function that decides ``tree``: true, false or None."""
    writer = _Writer()
    return writer.function([f"return {writer.code(tree)}"])


def compile_trace(tree: Node) -> Trace:
    """Return the function that values every node of ``tree`` without short cuts, of the pieces of ``compile_test``."""
    writer = _TracingWriter()
    writer.trace(tree)
    names = "".join(f"{name}, " for name in writer.names.values())
    return Trace(tuple(writer.nodes), writer.function([*writer.lines, f"return ({names})"]))


class _Writer:
    """Writes the Python expression of a node; ``part`` writes that of a child."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.temporaries = 0

    def function(self, lines: Sequence[str]) -> Callable[[Facts, Any], Any]:
        source = "\n    ".join(["def run(facts, host):", "get = facts.get", *lines])
        namespace: dict[str, Any] = {"__builtins__": {}, **self.constants}
        exec(compile(source, "<guard>", "exec"), namespace)
        run: Callable[[Facts, Any], Any] = namespace["run"]
        return run

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def part(self, node: Node) -> str:
        return self.code(node)

    def code(self, node: Node) -> str:
        write: Callable[[Any], str] = getattr(self, f"_{type(node).__name__.lower()}")
        return write(node)

    def _literal(self, node: Literal) -> str:
        return self.constant(node.value)

    def _listing(self, node: Listing) -> str:
        return self.constant(frozenset(item.value for item in node.items))

    def _variable(self, node: Variable) -> str:
        return f"{self.constant(attrgetter(node.name))}(host)" if node.hosted else f"get({self.constant(node.name)})"

    def _call(self, node: Call) -> str:
        return f"{self.constant(methodcaller(node.name, *node.values))}(host)"

    def _defined(self, node: Defined) -> str:
        return self.part(node.body)

    def _not(self, node: Not) -> str:
        name = self.temporary()
        return f"(None if ({name} := {self.part(node.part)}) is None else not {name})"

    def _and(self, node: And) -> str:
        names, tests = self.steps(node.parts, " is False")
        return f"(False if {' or '.join(tests)} else {' and '.join(names)})"  # none is false: None if one is, else true

    def _or(self, node: Or) -> str:
        names, tests = self.steps(node.parts, "")
        unknown = " or ".join(f"{name} is None" for name in names)
        return f"({' or '.join(tests)} or (None if {unknown} else False))"

    def steps(self, parts: Sequence[Node], suffix: str) -> tuple[list[str], list[str]]:
        names = [self.temporary() for _ in parts]
        return names, [f"({name} := {self.part(part)}){suffix}" for name, part in zip(names, parts, strict=True)]

    def _in(self, node: In) -> str:
        return self.when_known((node.item, node.among), lambda item, among: f"{item} in {among}")

    def _compare(self, node: Compare) -> str:
        kind = type_of(node.left)
        if isinstance(kind, SetOf):
            collect = self.constant(frozenset)
            return self.when_known(
                (node.left, node.right), lambda left, right: f"{collect}({left}) {node.operator} {collect}({right})"
            )
        if isinstance(kind, Enum) and node.operator not in ("==", "!="):
            return self.ordered(node, kind)
        return self.when_known((node.left, node.right), lambda left, right: f"{left} {node.operator} {right}")

    def ordered(self, node: Compare, kind: Enum) -> str:
        """Write the order of an enum: an extension of CEL, where texts compare by their letters.

        A value that the enum does not have (no fact that was checked has one) ranks below all, so that nothing raises.
        """
        ranks = {value: place for place, value in enumerate(kind.values)}
        rank = self.constant(ranks.get)
        if isinstance(node.right, Literal):
            bound = self.constant(ranks[str(node.right.value)])
            return self.when_known((node.left,), lambda left: f"{rank}({left}, -1) {node.operator} {bound}")
        return self.when_known(
            (node.left, node.right), lambda left, right: f"{rank}({left}, -1) {node.operator} {rank}({right}, -1)"
        )

    def when_known(self, operands: Sequence[Node], body: Callable[..., str]) -> str:
        """Write a body over operands that is unknown as soon as one of them is."""
        names, tests = [], []
        for operand in operands:
            if isinstance(operand, Literal | Listing):
                names.append(self.code(operand))
                continue
            name = self.temporary()
            names.append(name)
            tests.append(f"({name} := {self.part(operand)}) is None")
        return f"(None if {' or '.join(tests)} else {body(*names)})" if tests else f"({body(*names)})"


class _TracingWriter(_Writer):
    """Writes one assignment a node, children first, so that each value can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.nodes: list[Node] = []
        self.names: dict[int, str] = {}

    def part(self, node: Node) -> str:
        return self.names[id(node)]

    def trace(self, node: Node) -> None:
        if id(node) in self.names or isinstance(node, Literal | Listing) and not self._is_condition(node):
            return
        for child in children(node):
            self.trace(child)
        name = f"v{len(self.nodes)}"
        self.lines.append(f"{name} = {self.code(node)}")
        self.nodes.append(node)
        self.names[id(node)] = name

    @staticmethod
    def _is_condition(node: Node) -> bool:
        return isinstance(node, Literal) and isinstance(node.value, bool)
