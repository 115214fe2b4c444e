"""How is the text of an expression divided? CEL's syntax to an untyped tree in which every node knows its place."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.errors import PathwayError

MAX_LENGTH = 2000
MAX_DEPTH = 20
QUOTES = "'\""
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
    (?P<number>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?![A-Za-z0-9_.]))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>'[^'"\\\r\n]*'|"[^'"\\\r\n]*")
  | (?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\],])
  | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_LIKELY_MEANT = {"=": "==", "&": "&&", "|": "||"}
_WORDS_MEANT = {"and": "&&", "or": "||", "not": "!"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an expression stands: its text, file, first line and column (from 1; 0 when not known)."""

    text: str
    file: str = ""
    line: int = 0
    column: int = 0

    def error(self, what: str, at: int, hint: str = "") -> PathwayError:
        """Return (not raise) an error about the character at offset ``at``."""
        before = self.text[:at]
        rows = before.count("\n")
        column = at - before.rfind("\n") if rows else max(self.column, 1) + at
        line = self.line + rows if self.line else 0
        return PathwayError(f"{what} at column {column}", file=self.file, line=line, hint=hint)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: kind is number, name, text, sign or end; ``at`` its offset."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class RawWord:
    """A number, text or name as written (texts without quotes)."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class RawGroup:
    """A list (kind ``[]``), a call (the function's name) or an operator over its parts."""

    kind: str
    parts: tuple["Raw", ...]
    at: int
    call: bool = False


Raw: TypeAlias = RawWord | RawGroup


def parse_raw(origin: Origin) -> Raw:
    """Return the untyped tree of an expression; raises PathwayError. Bounds: MAX_LENGTH characters, MAX_DEPTH deep."""
    if len(origin.text) > MAX_LENGTH:
        raise origin.error(f"an expression of more than {MAX_LENGTH} characters", 0, "name parts of it as definitions")
    parser = _Parser(origin, _tokens(origin))
    tree = parser.disjunction()
    if parser.token.kind != "end":
        raise parser.unexpected()
    return tree


def _tokens(origin: Origin) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(origin.text, at)
        if match is None or match.lastgroup is None:
            raise _unreadable(origin, at)
        kind = match.lastgroup
        tokens.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return tokens


def _unreadable(origin: Origin, at: int) -> PathwayError:
    rest = origin.text[at:].lstrip(" \t\r\n")
    at = len(origin.text) - len(rest)
    sign = rest[0]
    if sign in QUOTES:
        return origin.error("a text without end, or with a quote or a backslash in it", at)
    hint = f"did you mean '{_LIKELY_MEANT[sign]}'?" if sign in _LIKELY_MEANT else ""
    what = "is no number" if sign.isdigit() else "has no meaning here"
    shown = re.match(r"[\w.]+|.", rest, re.DOTALL)
    return origin.error(f"{(shown[0] if shown else sign)[:40]!r} {what}", at, hint)


class _Parser:
    """Recursive descent, one method a level of precedence: ``||``, ``&&``, comparison, ``!``, operand."""

    def __init__(self, origin: Origin, tokens: list[Token]) -> None:
        self.origin, self.tokens = origin, tokens
        self.next, self.depth = 0, 0

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.token
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def sees(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def expect(self, sign: str) -> None:
        if not self.sees(sign):
            raise self.unexpected(f"expected '{sign}'")
        self.take()

    def unexpected(self, hint: str = "") -> PathwayError:
        token = self.token
        meant = _WORDS_MEANT.get(token.text) if token.kind == "name" else None
        what = "the expression ends too early" if token.kind == "end" else f"unexpected '{token.text.strip(QUOTES)}'"
        return self.origin.error(what, token.at, f"did you mean '{meant}'?" if meant else hint)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            hint = "name parts of it as definitions"
            raise self.origin.error(f"nested more than {MAX_DEPTH} deep", self.token.at, hint)

    def disjunction(self) -> Raw:
        self.deeper()
        result = self.chain("||", lambda: self.chain("&&", self.comparison))
        self.depth -= 1
        return result

    def chain(self, sign: str, part: Callable[[], Raw]) -> Raw:
        first = part()
        if not self.sees(sign):
            return first
        at, parts = self.token.at, [first]
        while self.sees(sign):
            self.take()
            parts.append(part())
        return RawGroup(sign, tuple(parts), at)

    def comparison(self) -> Raw:
        left = self.negation()
        operator = self.operator()
        if operator is None:
            return left
        result = RawGroup(operator.text, (left, self.negation()), operator.at)
        if (second := self.operator()) is not None:
            hint = "put parentheses around one of them"
            raise self.origin.error(f"a second '{second.text}' in one comparison", second.at, hint)
        return result

    def operator(self) -> Token | None:
        if self.sees(*COMPARISONS) or (self.token.kind == "name" and self.token.text == "in"):
            return self.take()
        return None

    def negation(self) -> Raw:
        if not self.sees("!"):
            return self.operand()
        at = self.take().at
        if self.sees("!"):
            raise self.origin.error("'!!' means nothing more than what follows it", at, "remove both")
        return RawGroup("!", (self.operand(),), at)

    def operand(self) -> Raw:
        token = self.token
        if self.sees("("):
            self.take()
            inner = self.disjunction()
            self.expect(")")
            return inner
        if self.sees("["):
            self.take()
            return RawGroup("[]", self.items("]"), token.at)
        if token.kind in ("number", "text") or (token.kind == "name" and token.text not in ("in", *_WORDS_MEANT)):
            return self.word()
        raise self.unexpected()

    def word(self) -> Raw:
        token = self.take()
        if token.kind == "name" and self.sees("("):
            self.take()
            return RawGroup(token.text, self.items(")"), token.at, call=True)
        return RawWord(token.kind, token.text[1:-1] if token.kind == "text" else token.text, token.at)

    def items(self, end: str) -> tuple[Raw, ...]:
        parts: list[Raw] = []
        self.deeper()
        while not self.sees(end):
            if parts:
                self.expect(",")
            parts.append(self.operand())
        self.take()
        self.depth -= 1
        return tuple(parts)
