"""How do words of the command line become values? Facts as YAML 1.2 has them, steps, identifiers; all strictly."""

import re
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InvalidCommand

if TYPE_CHECKING:
    from orchestrator.service.enrolment import Identifier

_STEP = re.compile(r"([0-9]{1,4}):([0-9]{1,7}(?:\.[0-9]{1,6})?)")
_LONGEST_NAME = 60
MAX_NAME, MAX_TEXT, MAX_VALUES = 200, 4_000, 200
"""What is refused goes on the record too: it must have a bound."""


def facts(words: Iterable[str], file: str | None) -> dict[str, Any]:
    """Return facts from NAME=VALUE words and from a file of `NAME: VALUE` lines (`-`: standard input).

    Values are YAML 1.2 core scalars or a [list]; null takes a value back to unknown. Raises InvalidCommand.
    """
    found: dict[str, Any] = {} if file is None else _from_file(file)
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise InvalidCommand(f"'{_short(word)}' is no fact: write NAME=VALUE, such as NAME=3 or NAME=[a,b]")
        if name in found:
            raise InvalidCommand(f"the fact '{_short(name)}' is given twice")
        found[name] = _value(name, text)
    if not found:
        raise InvalidCommand("there is nothing to record: name facts as NAME=VALUE, or a file with --from")
    return found


def steps(text: str) -> list[dict[str, Any]]:
    """Return the steps of a taper from DAYS:DOSE,DAYS:DOSE. Raises InvalidCommand."""
    found = [_STEP.fullmatch(part.strip()) for part in text.split(",")]
    if len(found) > 200 or not all(found):
        raise InvalidCommand("--steps must be DAYS:DOSE,DAYS:DOSE, such as 7:60,7:40")
    return [{"days": int(match[1]), "dose": Decimal(match[2])} for match in found if match]


def bounded(name: str, *values: object) -> None:
    """Raise InvalidCommand for a parameter's text that is longer than any that could be meant."""
    if any(isinstance(each, str) and len(each) > MAX_NAME for each in values):
        raise InvalidCommand(f"{name} is longer than {MAX_NAME} characters")


def identifier(word: str) -> "Identifier":
    """Return a patient's identifier from SYSTEM=VALUE. Raises InvalidCommand."""
    from orchestrator.service.enrolment import Identifier  # noqa: PLC0415  not for --help

    system, equals, value = word.partition("=")
    if not equals:
        raise InvalidCommand("a patient is named by SYSTEM=NUMBER, such as hospital-number=0000001")
    return Identifier(system, value)


def _from_file(file: str) -> dict[str, Any]:
    from orchestrator.pathway.reader import MAX_BYTES, Map, read_file, read_text  # noqa: PLC0415

    given = file == "-"
    content = read_text(sys.stdin.read(MAX_BYTES + 1), "standard input") if given else read_file(Path(file))
    if not isinstance(content, Map):
        raise InvalidCommand("the facts must be given as NAME: VALUE, one a line")
    return {name: _plain(name, value) for name, value in content.items()}


def _value(name: str, text: str) -> Any:  # noqa: ANN401  what YAML says
    from orchestrator.errors import PathwayError  # noqa: PLC0415
    from orchestrator.pathway.reader import read_text  # noqa: PLC0415

    if not text.strip():
        raise InvalidCommand(f"{_short(name)} has no value: write {_short(name)}=null to take it back to unknown")
    try:
        return _plain(name, read_text(text, ""))
    except PathwayError as error:
        raise InvalidCommand(f"{_short(name)} cannot be read: {error.what}") from None


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401
    from orchestrator.pathway.reader import Map, Seq  # noqa: PLC0415

    listed = value if isinstance(value, Seq) else [value]
    if len(name) > MAX_NAME:
        raise InvalidCommand(f"the name '{_short(name)}' is longer than {MAX_NAME} characters")
    if len(listed) > MAX_VALUES:
        raise InvalidCommand(f"{_short(name)} has more than {MAX_VALUES} values")
    if any(isinstance(each, str) and len(each) > MAX_TEXT for each in listed):
        raise InvalidCommand(f"{_short(name)} is longer than {MAX_TEXT} characters")
    if any(isinstance(each, Map | Seq) for each in listed):
        raise InvalidCommand(f"{_short(name)} must be a text, a number, true, false, null or a [list] of texts")
    return list(value) if isinstance(value, Seq) else value


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
