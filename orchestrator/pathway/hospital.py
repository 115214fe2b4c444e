"""Which local values did a hospital set, who answers for them, and since when? Its one file, read strictly."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.pathway.fields import Fields
from orchestrator.pathway.reader import Map, read_text

LOCAL = "local.yaml"
"""What the file is called in the effective text, and by default in the folder of pathways."""
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Given:
    """A value that the hospital sets, as it was read, and the line on which it stands."""

    value: object
    line: int


@dataclass(frozen=True, slots=True)
class Hospital:
    """The hospital's file. author, approver: ``name, role``.   approved: a date as text.

    values: by address, for every pathway that has it.   own: by the pathway's name, for that one alone.
    """

    name: str
    revision: str
    author: str
    approver: str
    approved: str
    reason: str
    values: Mapping[str, Given]
    own: Mapping[str, Mapping[str, Given]]
    file: str
    lines: Mapping[str, int]
    """Where each pathway's own values begin."""

    def of(self, pathway: str) -> dict[str, Given]:
        """Return the values for one pathway; its own win."""
        return {**self.values, **self.own.get(pathway, {})}


def read_hospital(text: str, file: str) -> Hospital:
    """Return what a hospital's file says; raises PathwayError with file and line."""
    fields = Fields(read_text(text, file), file, "the hospital's file", line=1)
    name, revision = _text(fields, "hospital"), _revision(fields)
    author, approver = _person(fields, "author"), _person(fields, "approver")
    if author[0].casefold() == approver[0].casefold():
        raise fields.error("author and approver are the same person", "approver", "somebody else must approve")
    approved, reason = _date(fields, "approved"), _text(fields, "reason")
    values = _values(fields, "values", "'values'")
    table = fields.take("pathways", Map, None)
    own = Fields(table, file, "'pathways'") if table is not None else None
    each = {} if own is None else {pathway: _values(own, pathway, f"'{pathway}'") for pathway in own.values}
    lines = {} if own is None else {pathway: own.line_of(pathway) for pathway in own.values}
    fields.done()
    if not values and not any(each.values()):
        raise fields.error("the hospital's file sets no value", "values", "set one, or do without the file")
    return Hospital(name, revision, ", ".join(author), ", ".join(approver), approved, reason, values, each, file, lines)


def _values(fields: Fields, key: str, what: str) -> dict[str, Given]:
    table = fields.take(key, Map, None)
    if table is None:
        return {}
    found = Fields(table, fields.file, what)
    return {address: Given(value, found.line_of(address)) for address, value in found.values.items()}


def _text(fields: Fields, key: str) -> str:
    text = " ".join(fields.take(key, str).split())
    if not 1 <= len(text) <= _LONGEST:
        raise fields.error(f"'{key}' of {fields.what} must be text of 1 to {_LONGEST} characters", key)
    return text


def _revision(fields: Fields) -> str:
    revision = str(fields.take("revision", (int, str)))
    if not _REVISION.fullmatch(revision):
        what = f"'revision' of {fields.what} must be a whole number, or letters, digits, dots and hyphens"
        raise fields.error(what, "revision", "such as 1, then 2 with the next change")
    return revision


def _person(fields: Fields, key: str) -> tuple[str, str]:
    person = fields.nested(key)
    found = _text(person, "name"), _text(person, "role")
    person.done()
    return found


def _date(fields: Fields, key: str) -> str:
    text = fields.take(key, str)
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007  a day, in no zone
    except ValueError:
        raise fields.error(f"'{key}' of {fields.what} must be a date, YYYY-MM-DD", key) from None
