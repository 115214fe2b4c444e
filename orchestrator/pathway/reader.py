"""What does a YAML file say, and on which line? YAML 1.2 core, read strictly; every refusal is a ``PathwayError``.

Built from the parser's events, not from PyYAML's constructors, which read YAML 1.1 (there ``on`` and ``no`` are
booleans and ``12:30`` is a number). Anchors, aliases, tags, directives (but for ``%YAML 1.2``, which is how some
programs begin what they write), duplicate keys and second documents are refused.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from orchestrator.errors import PathwayError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NUMBER_LENGTH = 40
_VERSIONS = (None, (1, 2))
"""The versions of YAML that a file may say it is written in; most say none."""

Scalar: TypeAlias = "str | int | Decimal | bool | None"
Value: TypeAlias = "Map | Seq | Scalar"

# The C parser is ten times as fast, but not built everywhere.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What may not stand in a YAML file at all."""
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Map(dict[str, Any]):
    """A mapping that remembers lines; keys are always text, as written."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Return the line (from 1) on which ``key`` stands; the mapping's own line if it has no such key."""
        return self.lines.get(key, self.line)


class Seq(list[Any]):
    """A sequence that remembers lines."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def line_of(self, index: int) -> int:
        """Return the line (from 1) on which the item at ``index`` (from 0) begins; the sequence's own without one."""
        return self.lines[index] if -len(self.lines) <= index < len(self.lines) else self.line


def read_file(path: Path) -> Value:
    """Return what the UTF-8 file at ``path`` says; raises PathwayError, also when it cannot be opened."""
    return read_text(file_text(path), str(path))


def file_text(path: Path) -> str:
    """Return the text of the UTF-8 file at ``path`` as it stands there; raises PathwayError. Bound: MAX_BYTES."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PathwayError(f"cannot be read: {error.strerror or type(error).__name__}", file=file) from error
    if len(raw) > MAX_BYTES:
        raise _too_long(file)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PathwayError("is not UTF-8", file=file, line=line, hint="save the file as UTF-8") from error


def read_text(text: str, file: str) -> Value:
    """Return what ``text`` says; ``file`` is for errors. Raises PathwayError. Bounds: MAX_BYTES, MAX_DEPTH levels."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _too_long(file)
    try:
        return _Builder(text, file).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"is not well-formed YAML: {error.problem or error.context or 'syntax error'}"
        raise PathwayError(what, file=file, line=mark.line + 1 if mark else 0, hint=_hint(text, what, mark)) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _not_allowed(text, file) from error


def _hint(text: str, what: str, mark: Any) -> str:  # noqa: ANN401  a mark of either parser
    """Return what mends the slips that people make most; empty for others."""
    lines = text.splitlines()
    rest = lines[mark.line][mark.column :] if mark and mark.line < len(lines) else ""
    if rest.startswith("\t"):
        return "indent with spaces, not with tabs"
    if "cannot start any token" in what:
        return f"quote a text that begins with '{rest[:1]}'"
    return "quote a text that holds ': ', or mend the indentation" if "mapping values" in what else ""


def _not_allowed(text: str, file: str) -> PathwayError:
    found = _FORBIDDEN.search(text)
    at = found.start() if found else 0
    line = len(f"{text[:at]}.".splitlines())
    what = f"is not well-formed YAML: the character U+{ord(text[at]):04X} is not allowed"
    return PathwayError(what, file=file, line=line, hint="take it out, or save the file as UTF-8")


def _too_long(file: str) -> PathwayError:
    return PathwayError(f"is longer than {MAX_BYTES:,} bytes", file=file, hint="split it")


def _line(event: Event) -> int:
    assert event.start_mark is not None  # a parser gives every event its mark
    return event.start_mark.line + 1


class _Builder:
    """Builds values from one document's events; its own recursion, so that depth is bounded before anything nests."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Value:
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            return None
        if isinstance(event, DocumentStartEvent) and (event.tags or event.version not in _VERSIONS):
            hint = "only '%YAML 1.2' may stand there; remove the line that begins with '%'"
            raise self.refusal(event, "this YAML directive is not allowed", hint)
        value = self.value(next(self.events), 0)
        next(self.events)  # the document's end
        event = next(self.events)
        if not isinstance(event, StreamEndEvent):
            raise self.refusal(event, "a second document is not allowed", "one file holds one document; remove '---'")
        return value

    def value(self, event: Event, depth: int) -> Value:
        if isinstance(event, AliasEvent):
            raise self.refusal(event, f"alias '*{event.anchor}' is not allowed", "write the value out")
        self.check_plain(event)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if depth >= MAX_DEPTH:
            raise self.refusal(event, f"nested more than {MAX_DEPTH} deep")
        return self.mapping(event, depth) if isinstance(event, MappingStartEvent) else self.sequence(event, depth)

    def check_plain(self, event: Event) -> None:
        if anchor := getattr(event, "anchor", None):
            raise self.refusal(event, f"anchor '&{anchor}' is not allowed", "write the value out where it is used")
        if tag := getattr(event, "tag", None):
            raise self.refusal(event, f"tag '{tag}' is not allowed", "quote the value to make it text")

    def mapping(self, start: Event, depth: int) -> Map:
        result = Map(_line(start))
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.key(event)
            if key in result:
                raise self.refusal(event, f"key '{key}' is given twice", f"first on line {result.lines[key]}")
            result.lines[key] = _line(event)
            result[key] = self.value(next(self.events), depth + 1)
        return result

    def key(self, event: Event) -> str:
        if not isinstance(event, ScalarEvent | AliasEvent):
            raise self.refusal(event, "a key must be text", "quote a text that begins with '[' or '{'")
        if isinstance(event, AliasEvent):
            raise self.refusal(event, f"alias '*{event.anchor}' is not allowed", "write the key out")
        self.check_plain(event)
        return str(event.value)

    def sequence(self, start: Event, depth: int) -> Seq:
        result = Seq(_line(start))
        assert isinstance(start, SequenceStartEvent)
        while not isinstance(event := next(self.events), SequenceEndEvent):
            result.lines.append(_line(event))
            result.append(self.value(event, depth + 1))
        return result

    def scalar(self, event: ScalarEvent) -> Scalar:
        text = str(event.value)
        if event.style:  # quoted or a block: text, whatever it looks like
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            return Decimal(text.lower().replace(".", ""))  # read as it is written; whoever wants a number refuses it
        if _INTEGER.fullmatch(text) or _BASED.fullmatch(text) or _DECIMAL.fullmatch(text):
            return _number(text) if len(text) <= MAX_NUMBER_LENGTH else text
        return text

    def refusal(self, event: Event, what: str, hint: str = "") -> PathwayError:
        return PathwayError(what, file=self.file, line=_line(event), hint=hint)


def _number(text: str) -> int | Decimal:
    if _INTEGER.fullmatch(text):
        return int(text)
    return int(text, 0) if _BASED.fullmatch(text) else Decimal(text)
