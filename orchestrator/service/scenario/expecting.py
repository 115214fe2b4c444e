"""What does an entry of a story expect? Reads it strictly; raises PathwayError with line and what was expected."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Any

from orchestrator.pathway.fields import Fields, kind_name
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import Seq
from orchestrator.service.scenario.measured import offset

EXPECTATIONS = (
    "stage", "state", "passed", "although", "courses", "proposed", "reasons", "missing", "not_missing", "warnings",
    "no_warnings", "offers", "no_offers", "tasks", "no_tasks", "asks", "fired", "not_fired", "told", "upcoming",
    "doses", "audit",
)  # fmt: skip
_LISTS = {
    "passed", "although", "courses", "missing", "not_missing", "warnings", "no_warnings", "offers", "no_offers",
    "tasks", "no_tasks", "fired", "not_fired",
}  # fmt: skip
_NAMING = {
    "no_warnings": "warning", "no_offers": "outcome", "no_tasks": "task", "asks": "task", "not_missing": "fact",
    "not_fired": "reminder", "told": "reminder", "upcoming": "reminder", "proposed": "regimen", "reasons": "regimen",
    "doses": "regimen",
}  # fmt: skip
"""What is named where a name that does not exist would hold: it never shows, fires or is given."""
_KNOWN: dict[str, Callable[[Pathway], Iterable[str]]] = {
    "warning": lambda pathway: pathway.warning_texts,
    "outcome": lambda pathway: pathway.outcomes,
    "task": lambda pathway: pathway.tasks,
    "fact": lambda pathway: pathway.facts,
    "reminder": lambda pathway: pathway.reminders,
    "regimen": lambda pathway: pathway.regimens,
}


def read_offset(fields: Fields, key: str, value: object) -> dt.timedelta:
    """Return the offset that stands at ``key``; raises PathwayError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        what = f"'{key}' must be an offset such as 76h, 2d4h or 72h30m, not {kind_name(value)}"
        raise fields.error(what, key)
    try:
        return offset(str(value))
    except ValueError as error:
        raise fields.error(str(error), key) from None


def read_expect(fields: Fields) -> dict[str, Any]:
    """Return what the entry expects, in the order of ``EXPECTATIONS``; empty where it expects nothing."""
    if "expect" not in fields.values:
        return {}
    expect = fields.nested("expect", "expect")
    expect.known.extend(EXPECTATIONS)
    expect.done()
    return {name: _expected(expect, name) for name in EXPECTATIONS if name in expect.values}


def named_by(expect: Iterable[str], pathways: Collection[Pathway]) -> dict[str, tuple[str, set[str]]]:
    """Return of each of these expectations that would hold of a name that is none: what it names, and the names."""
    return {
        name: (_NAMING[name], {each for pathway in pathways for each in _KNOWN[_NAMING[name]](pathway)})
        for name in expect
        if name in _NAMING
    }


def _expected(expect: Fields, name: str) -> object:
    if name in _LISTS:
        return list(expect.texts(name))
    if name not in _READ:
        return expect.take(name, str)
    named = expect.nested(name, name)
    return {key: _READ[name](named, key, value) for key, value in named.values.items()}


def _wrong(named: Fields, key: str, wanted: str) -> Exception:
    return named.error(f"'{key}' of {named.what} must be {wanted}, not {kind_name(named.values[key])}", key)


def _one_text(named: Fields, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(named, key, "a word, such as recommended")
    return value


def _several_texts(named: Fields, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(named, key, f"a list, such as {_SUCH[named.what]}")
    return list(value)


def _one_offset(named: Fields, key: str, value: object) -> str | None:
    if value is not None:
        read_offset(named, key, value)
    return None if value is None else str(value)


def _several_doses(named: Fields, key: str, value: object) -> list[dict[str, Any]]:
    if not isinstance(value, Seq):
        raise _wrong(named, key, "a list of {at, amount, unit}")
    return [_dose(Fields(each, named.file, "a dose", line=value.line_of(index))) for index, each in enumerate(value)]


def _dose(fields: Fields) -> dict[str, str | Decimal]:
    kinds: dict[str, tuple[type, ...]] = {"at": (str, int), "amount": (Decimal, str), "unit": (str,)}
    fields.known.extend(kinds)
    fields.done()
    if "at" in fields.values:
        read_offset(fields, "at", fields.values["at"])
    taken = {key: fields.take(key, kind) for key, kind in kinds.items() if key in fields.values}
    return {key: value if isinstance(value, Decimal) else str(value) for key, value in taken.items()}


_SUCH = {"told": "[clinician, lead]", "reasons": "[P-05 000]", "asks": "[response]"}
_READ: dict[str, Callable[[Fields, str, Any], Any]] = {
    "proposed": _one_text,
    "reasons": _several_texts,
    "asks": _several_texts,
    "told": _several_texts,
    "upcoming": _one_offset,
    "doses": _several_doses,
}
