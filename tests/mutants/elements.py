"""Of which elements is a pathway file made? Each with its place, a name that lasts, its rules and its guards."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.pathway.reader import Map, Seq, Value
from tests.mutants.trees import Place

_GUARDS = ("when", "unless", "waits", "content", "passes", "refuses")
_SECTIONS = (
    "states", "lines", "values", "definitions", "derived", "standings", "gates", "warnings", "offers", "replaces",
    "lasting", "checks", "transitions", "tasks", "reminders",
)  # fmt: skip


@dataclass(frozen=True)
class Element:
    """One row or one named part of a file.

    name: section and name; rows without a name are called after what they say.   table: what it stands in.
    stages: those of the file.
    """

    section: str
    name: str
    place: Place
    node: Map
    table: Map | Seq
    stages: tuple[str, ...]

    @property
    def rules(self) -> frozenset[str]:
        """The rules that it names."""
        return frozenset(_texts(self.node.get("rule")))

    @property
    def words(self) -> frozenset[str]:
        """Every text that it is made of, its own name among them: what a story about it may speak of."""
        return frozenset({str(self.place[-1]), *_all_texts(self.node)})

    def guards(self) -> Iterator[tuple[Place, str]]:
        """Yield its guards, each with its place."""
        yield from _guards(self.node, self.place)


def _guards(node: Map, place: Place) -> Iterator[tuple[Place, str]]:
    for key in _GUARDS:
        match node.get(key):
            case str(text):
                yield (*place, key), text
            case list(several):
                yield from (((*place, key, index), text) for index, text in enumerate(several))
    for index, each in enumerate(node.get("from", ())):
        if isinstance(each, Map):
            yield from _guards(each, (*place, "from", index))


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    return [] if value is None else [str(value)]


def _all_texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, each in value.items():
                if key not in {"title", "words", "rule", "source"}:
                    yield from _all_texts(each)
        case list():
            for each in value:
                yield from _all_texts(each)
        case str():
            yield value


def elements(tree: Value) -> Iterator[Element]:
    """Yield the elements of a file in the order of the sections; names are made unique by a number."""
    assert isinstance(tree, Map)
    stages = tuple(dict.fromkeys(state.partition("/")[0] for state in tree.get("states", ())))
    for section in _SECTIONS:
        table = tree.get(section)
        if isinstance(table, Map):
            for name, node in table.items():
                yield from _named(section, name, node, table, stages)
        elif isinstance(table, Seq):
            yield from _rows(section, table, (section,), stages)


def _named(section: str, name: str, node: Any, table: Map, stages: tuple[str, ...]) -> Iterator[Element]:  # noqa: ANN401
    if node is None:  # a place that is kept in the order of the gates is no element
        return
    yield Element(
        section, f"{section}.{name}", (section, name), node if isinstance(node, Map) else _as_map(node), table, stages
    )
    if isinstance(node, Map) and isinstance(rows := node.get("rows"), Seq):
        yield from _rows("rows", rows, (section, name, "rows"), stages)


def _as_map(value: object) -> Map:
    """Return a plain list or name, such as the regimens of a line, as an element of one key."""
    found = Map()
    found["items"] = value
    return found


def _rows(section: str, table: Seq, place: Place, stages: tuple[str, ...]) -> Iterator[Element]:
    seen: Counter[str] = Counter()
    for index, node in enumerate(table):
        row = node if isinstance(node, Map) else _as_map(node)
        name = f"{place[0]}.{_called(row)}"
        seen[name] += 1
        name += f" ({seen[name]})" if seen[name] > 1 else ""
        yield Element(section, name, (*place, index), row, table, stages)


def _called(row: Map) -> str:
    """Return what a row without a name is called: what it speaks of, what it says of it, its first rule."""
    if "by" in row:
        return f"{_chosen(row['by'])} for {_chosen(row['what'])}"
    said = [_chosen(row), *(str(row[key]) for key in _SAYING if key in row), *_texts(row.get("rule"))[:1]]
    return " ".join(each for each in said if each)


_SAYING = ("standing", "warning", "outcome", "value", "fact", "items")


def _chosen(row: Map) -> str:
    """Return the regimens that a row selects, as it selects them."""
    for key in ("regimen", "regimens", "kind", "tapers", "immunotherapy"):
        if key in row:
            return key if row[key] is True else "+".join(_texts(row[key]))
    return ""
