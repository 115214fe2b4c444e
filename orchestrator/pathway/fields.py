"""How is a mapping read strictly? Every key is taken with its type; what is left over is an error with a suggestion."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, TypeVar, cast, overload

from orchestrator.errors import PathwayError, PathwayErrors
from orchestrator.pathway.faults import STRICT, Faults
from orchestrator.pathway.reader import Map, Seq

T = TypeVar("T")
D = TypeVar("D")


class _Required:
    """The default of a key that has none."""


REQUIRED: Final = _Required()

_KIND_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    bool: "true or false",
    type(None): "nothing",
    Map: "a mapping",
    Seq: "a list",
}


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the closest of ``known``, or an empty text when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def kind_name(value: object) -> str:
    """Return what a value that was read is, in words for an error."""
    if isinstance(value, Decimal) and not value.is_finite():
        return ".nan" if value.is_nan() else ".inf"
    return _KIND_NAMES.get(type(value), type(value).__name__)


def fits(value: object, kind: type) -> bool:
    """Return whether a value is of ``kind``; true and false are no numbers, a whole number does for a Decimal."""
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, Decimal) and not value.is_finite():
        return False
    return isinstance(value, kind) or (kind is Decimal and isinstance(value, int))


class Fields:
    """Consumes one mapping: ``take`` each key, then ``done``. Raises PathwayError with the line of the key.

    values: what was read; anything else than a Map is refused.   what: how errors call it, e.g. ``regimen 'name'``.
    faults: where whoever reads its elements notes what is wrong with one; without it the first fault ends reading.
    """

    def __init__(self, values: object, file: str, what: str, *, line: int = 0, faults: Faults = STRICT) -> None:
        if not isinstance(values, Map):
            raise PathwayError(f"{what} must be a mapping, not {kind_name(values)}", file=file, line=line)
        self.values, self.file, self.what, self.faults = values, file, what, faults
        self.known: list[str] = []

    @overload
    def take(self, key: str, kind: type[T], default: _Required = ...) -> T: ...

    @overload
    def take(self, key: str, kind: type[T], default: None) -> T | None: ...

    @overload
    def take(self, key: str, kind: type[T], default: D) -> T | D: ...

    @overload
    def take(self, key: str, kind: tuple[type, ...], default: object = ...) -> Any: ...  # noqa: ANN401

    def take(self, key: str, kind: type | tuple[type, ...], default: object = REQUIRED) -> Any:  # noqa: ANN401
        """Return the value of ``key``, which must be of ``kind`` (one of, for a tuple), or ``default`` without it.

        kind: str, int, Decimal (takes whole numbers too and returns a Decimal), bool, Map, Seq, type(None).
        """
        self.known.append(key)
        if key not in self.values:
            if default is REQUIRED:
                raise self.error(f"{self.what} has no '{key}'", hint=self._near(key))
            return default
        value = self.values[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not any(fits(value, each) for each in kinds):
            wanted = " or ".join(_KIND_NAMES.get(each, each.__name__) for each in kinds)
            raise self.error(f"'{key}' of {self.what} must be {wanted}, not {kind_name(value)}", key)
        return Decimal(value) if Decimal in kinds and fits(value, int) and int not in kinds else value

    def texts(self, key: str, default: object = REQUIRED) -> tuple[str, ...]:
        """Return the texts of a list, or of one text alone; an empty tuple is a fit default."""
        value = self.take(key, (str, Seq), default)
        if isinstance(value, str):
            return (value,)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                line = value.line_of(index) if isinstance(value, Seq) else self.line_of(key)
                what = f"'{key}' of {self.what} must hold texts, not {kind_name(item)}"
                raise PathwayError(what, file=self.file, line=line)
        return tuple(cast(Iterable[str], value))

    def nested(self, key: str, what: str = "") -> "Fields":
        """Return the mapping under ``key`` as Fields of its own."""
        return Fields(self.take(key, Map), self.file, what or f"'{key}' of {self.what}", faults=self.faults)

    def entries(self, key: str, what: str) -> Iterator[tuple[str, "Fields"]]:
        """Yield the named mappings under ``key``; there may be none."""
        table = self.take(key, Map, None)
        for name, value in (table or {}).items():
            line = table.line_of(name) if table is not None else 0
            with self.faults.noting(key, name):
                yield name, Fields(value, self.file, f"{what} '{name}'", line=line, faults=self.faults)

    def each(self, key: str, what: str, read: Callable[[str, "Fields"], T]) -> dict[str, T]:
        """Return ``read`` of every mapping under ``key``, by name; one that is faulty is noted and left out."""
        found: dict[str, T] = {}
        for name, entry in self.entries(key, what):
            with self.faults.noting(key, name):
                found[name] = read(name, entry)
        return found

    def line_of(self, key: str) -> int:
        """Return the line of ``key``, or that of the mapping."""
        return self.values.line_of(key)

    def error(self, what: str, key: str = "", hint: str = "") -> PathwayError:
        """Return (not raise) an error at the line of ``key``."""
        return PathwayError(what, file=self.file, line=self.line_of(key), hint=hint)

    def done(self) -> None:
        """Raise PathwayErrors for the keys that nobody took."""
        unknown = [self._unknown(key) for key in self.values if key not in self.known]
        if unknown:
            raise PathwayErrors(unknown)

    def _unknown(self, key: str) -> PathwayError:
        absent = [name for name in self.known if name not in self.values]
        hint = suggest(key, absent) or suggest(key, self.known) or f"known are {', '.join(self.known)}"
        return self.error(f"unknown key '{key}' in {self.what}", key, hint)

    def _near(self, key: str) -> str:
        """Return a hint when the missing key seems to be there, misspelt."""
        untaken = [name for name in self.values if name not in self.known]
        close = difflib.get_close_matches(key, untaken, n=1, cutoff=0.75)
        return f"'{close[0]}' on line {self.line_of(close[0])} may be meant for it" if close else ""
