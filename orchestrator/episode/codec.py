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
    """Return how to encode and decode a value annotated with ``hint``."""
    if hint in _PAIRS:
        return _PAIRS[hint]
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        return encode, lambda value: decode(hint, value)
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _optional(*(each for each in args if each is not type(None)))
    return _container(origin, args)


def _container(origin: Any, args: tuple[Any, ...]) -> tuple[Convert, Convert]:  # noqa: ANN401 - as for _pair
    if origin is tuple:
        return _sequence(args[0], tuple, homogeneous=Ellipsis in args)
    if origin is frozenset:
        return sorted, frozenset
    if origin is not None and issubclass(origin, Mapping):
        to, back = _pair(args[1])
        return (
            lambda value: {key: to(each) for key, each in value.items()},
            lambda value: {key: back(each) for key, each in value.items()},
        )
    return _same, _same


def _optional(hint: Any) -> tuple[Convert, Convert]:  # noqa: ANN401 - as for _pair
    to, back = _pair(hint)
    if back is _same:
        return _same, _same
    return (to if to is _same else lambda value: None if value is None else to(value)), (
        lambda value: None if value is None else back(value)
    )


def _sequence(
    hint: Any,  # noqa: ANN401 - as for _pair
    made: Convert,
    *,
    homogeneous: bool,
) -> tuple[Convert, Convert]:
    to, back = _pair(hint)
    if back is _same or not homogeneous:
        return list, made
    return (lambda value: [to(each) for each in value]), (lambda value: made([back(each) for each in value]))


class _Shape:
    """How one class is encoded: its fields with their defaults, and what converts those that are not plain already."""

    def __init__(self, cls: type) -> None:
        hints = get_type_hints(cls)
        defaults = _defaults(cls)
        self.fields = [(name, default, *_pair(hints[name])) for name, default in defaults.items()]
        self.back = {name: back for name, _, __, back in self.fields if back is not _same}
        self.positional = hasattr(cls, "_fields")
        self.writers = [(place, to) for place, (_, __, to, ___) in enumerate(self.fields) if to is not _same]
        self.readers = [(place, back) for place, (_, __, ___, back) in enumerate(self.fields) if back is not _same]
        self.defaults = tuple(defaults.values())


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
    shape = _shape(type(value))
    if shape.positional:
        return _encode_tuple(shape, value)
    made: dict[str, Any] = {}
    for name, default, to, _ in shape.fields:
        content = getattr(value, name)
        if content is not default and content != default:
            made[name] = content if to is _same else to(content)
    return made


def _encode_tuple(shape: _Shape, value: tuple[Any, ...]) -> list[Any]:
    end = len(value)
    while end and value[end - 1] == shape.defaults[end - 1]:
        end -= 1
    made = list(value[:end])
    for place, to in shape.writers:
        if place >= end:
            break
        made[place] = to(made[place])
    return made


def _decode_tuple(cls: Any, shape: _Shape, values: list[Any]) -> Any:  # noqa: ANN401 - any class of ours
    end = len(values)
    for place, back in shape.readers:
        if place >= end:
            break
        values[place] = back(values[place])
    return cls(*values)


def decode(cls: type[T], value: Any) -> T:  # noqa: ANN401 - what encode made
    """Return what ``encode`` made JSON of; a list given is used up."""
    shape = _shape(cls)
    if shape.positional:
        made: T = _decode_tuple(cls, shape, value)
        return made
    back = shape.back
    return cls(**{name: back[name](content) if name in back else content for name, content in value.items()})
