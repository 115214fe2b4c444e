"""How do events, commands and the episode become JSON and come back? By their annotations, once per class.

Only strings, whole numbers, booleans, null, lists and objects come out, and moments, which orjson writes as ISO 8601 in
UTC: a Decimal becomes its text, a set a sorted list. A dataclass (an event) becomes an object, fields that have their
default left out; a named tuple (a part of the episode) a list, defaults at its end left out, so that documents stay
small and quick: fields of a named tuple are only ever added at its end, with a default.
"""

import dataclasses
import datetime as dt
import types
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]
_PLAIN = (str, int, bool, type(None))


def plain(value: Any) -> Any:  # noqa: ANN401 - a value of no fixed type
    """Return a value of no fixed type (a fact's, a parameter's) as JSON: Decimals, dates and sets carry a tag."""
    if isinstance(value, _PLAIN):
        return value
    for kind, tag, write in _TAGS:
        if isinstance(value, kind):
            return {tag: write(value)}
    return [plain(each) for each in value]


def rich(value: Any) -> Any:  # noqa: ANN401 - a value of no fixed type
    """Return the value that ``plain`` made JSON of."""
    if isinstance(value, list):
        return tuple(rich(each) for each in value)
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    return _READ[tag](content)


def _plain_items(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain(each) for key, each in value.items()}


def _rich_items(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: rich(each) for key, each in value.items()}


# A moment is a date too, so it comes first.
_TAGS: tuple[tuple[type, str, Convert], ...] = (
    (Decimal, "d", str),
    (dt.datetime, "at", dt.datetime.isoformat),
    (dt.date, "t", dt.date.isoformat),
    (frozenset, "s", sorted),
    (Mapping, "m", _plain_items),
)
_READ: dict[str, Convert] = {
    "d": Decimal,
    "at": dt.datetime.fromisoformat,
    "t": dt.date.fromisoformat,
    "s": frozenset,
    "m": _rich_items,
}


def _same(value: Any) -> Any:  # noqa: ANN401 - any value passes
    return value


_PAIRS: dict[Any, tuple[Convert, Convert]] = {
    Any: (plain, rich),
    dt.datetime: (_same, dt.datetime.fromisoformat),  # orjson writes it, ten times as fast
    Decimal: (str, Decimal),
}


def _pair(hint: Any) -> tuple[Convert, Convert]:  # noqa: ANN401 - an annotation is of no type
    """Return how to encode and decode a value annotated with ``hint``; a field that is None is passed over."""
    if hint in _PAIRS:
        return _PAIRS[hint]
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        shape = _shape(hint)
        return shape.encode, shape.decode
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        (inner,) = (each for each in args if each is not type(None))
        return _pair(inner)
    return _container(origin, args)


def _container(origin: Any, args: tuple[Any, ...]) -> tuple[Convert, Convert]:  # noqa: ANN401 - as for _pair
    if origin is tuple:
        return _sequence(args[0], homogeneous=Ellipsis in args)
    if origin is frozenset:
        return sorted, frozenset
    if origin is not None and issubclass(origin, Mapping):
        to, back = _pair_within(args[1])
        return (
            lambda value: {key: to(each) for key, each in value.items()},
            lambda value: {key: back(each) for key, each in value.items()},
        )
    return _same, _same


def _sequence(hint: Any, *, homogeneous: bool) -> tuple[Convert, Convert]:  # noqa: ANN401 - as for _pair
    to, back = _pair_within(hint)
    if back is _same or not homogeneous:
        return list, tuple
    return (lambda value: [to(each) for each in value]), (lambda value: tuple([back(each) for each in value]))


def _pair_within(hint: Any) -> tuple[Convert, Convert]:  # noqa: ANN401 - as for _pair
    """Return how to encode and decode what a container holds. Raises TypeError where None may be among it."""
    if get_origin(hint) in {Union, types.UnionType}:
        raise TypeError(f"{hint}: None is passed over in a field alone")
    return _pair(hint)


class _Shape:
    """How one class is encoded: its fields with their defaults, and what converts those that are not plain already."""

    def __init__(self, cls: type) -> None:
        hints = get_type_hints(cls)
        self._cls, self._fields = cls, _defaults(cls)
        pairs = {name: _pair(hints[name]) for name in self._fields}
        self._to = {name: to for name, (to, _) in pairs.items() if to is not _same}
        self._back = {name: back for name, (_, back) in pairs.items() if back is not _same}
        if hasattr(cls, "_fields"):
            self.encode, self.decode = self._tuple_writer(), self._tuple_reader()
        else:
            self.encode, self.decode = self._object, self._from_object

    def _tuple_writer(self) -> Convert:
        """Return what makes a list of a named tuple. Most of a document is named tuples: this is written for speed."""
        defaults = tuple(self._fields.values())
        writers = [(place, self._to[name]) for place, name in enumerate(self._fields) if name in self._to]

        def write(value: tuple[Any, ...]) -> list[Any]:
            end = len(value)
            while end and value[end - 1] == defaults[end - 1]:
                end -= 1
            made = list(value[:end])
            for place, to in writers:
                if place >= end:
                    break
                if (held := made[place]) is not None:
                    made[place] = to(held)
            return made

        return write

    def _tuple_reader(self) -> Convert:
        """Return what makes a named tuple of a list, which it uses up."""
        cls, readers = self._cls, [(at, self._back[name]) for at, name in enumerate(self._fields) if name in self._back]

        def read(values: list[Any]) -> Any:  # noqa: ANN401 - of the class
            end = len(values)
            for place, back in readers:
                if place >= end:
                    break
                if (held := values[place]) is not None:
                    values[place] = back(held)
            return cls(*values)

        return read

    def _object(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - of the class
        made: dict[str, Any] = {}
        for name, default in self._fields.items():
            content = getattr(value, name)
            if content is not default and content != default:
                to = self._to.get(name)
                made[name] = content if to is None or content is None else to(content)
        return made

    def _from_object(self, value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of the class
        back = self._back
        return self._cls(
            **{
                name: content if content is None or name not in back else back[name](content)
                for name, content in value.items()
            }
        )


_SHAPES: dict[type, _Shape] = {}
_NONE = object()


def _shape(cls: type) -> _Shape:
    found = _SHAPES.get(cls)
    if found is None:
        found = _SHAPES[cls] = _Shape(cls)
    return found


def _defaults(cls: type) -> dict[str, Any]:
    """Return the fields of a named tuple or dataclass, each with its default or a mark for none."""
    if hasattr(cls, "_fields"):
        return {name: getattr(cls, "_field_defaults", {}).get(name, _NONE) for name in cls._fields}
    return {each.name: _default(each) for each in dataclasses.fields(cls)}


def _default(each: "dataclasses.Field[Any]") -> Any:  # noqa: ANN401 - a default is of any type
    if each.default_factory is not dataclasses.MISSING:
        return each.default_factory()
    return _NONE if each.default is dataclasses.MISSING else each.default


def encode(value: Any) -> Any:  # noqa: ANN401 - any class of ours
    """Return a named tuple as a list, a dataclass as an object."""
    return _shape(type(value)).encode(value)


def decode(cls: type[T], value: Any) -> T:  # noqa: ANN401 - what encode made
    """Return what ``encode`` made JSON of; a list given is used up."""
    made: T = _shape(cls).decode(value)
    return made
