"""How are the small things of a pathway file read: durations, marks, names? Used by the builders."""

import datetime as dt
import re
from collections.abc import Collection

from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.reader import Map, Seq

_DURATION = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?")
_RULE = re.compile(r"[A-Z]-\d{2}")


def duration(text: str) -> dt.timedelta:
    """Return ``2d4h`` or ``72h30m`` as elapsed time, a day being 24 hours; raises ValueError."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"'{text}' is no duration such as 72h, 14d or 2d4h30m")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes)


def take_duration(fields: Fields, key: str) -> dt.timedelta | None:
    """Return the duration under ``key``, or None when it is not there."""
    text = fields.take(key, str, None)
    return None if text is None else _duration_at(fields, key, text)


def take_durations(fields: Fields, key: str) -> tuple[dt.timedelta, ...]:
    """Return the list of durations (or the one) under ``key``."""
    return tuple(_duration_at(fields, key, text) for text in fields.texts(key, ()))


def _duration_at(fields: Fields, key: str, text: str) -> dt.timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise fields.error(str(error), key) from None


def name_in(fields: Fields, key: str, name: str, known: Collection[str], what: str) -> str:
    """Return ``name`` if it is known; else raise PathwayError with a suggestion."""
    if name not in known:
        raise fields.error(f"unknown {what} '{name}' in {fields.what}", key, suggest(name, known))
    return name


def names_in(fields: Fields, key: str, known: Collection[str], what: str) -> tuple[str, ...]:
    """Return the list of known names under ``key``; there may be none."""
    return tuple(name_in(fields, key, name, known, what) for name in fields.texts(key, ()))


def take_mark(
    fields: Fields, sources: Collection[str], *, number: bool = False, rule: bool = True, settable: Collection[str] = ()
) -> Mark:
    """Return rule, source and local of an element.

    number: the element holds a clinical number, which must have a source or be local; rule: it must name its rule;
    settable: the keys of such an element that ``local`` may give a range in which a hospital sets them.
    """
    rules = fields.texts("rule", ())
    found = names_in(fields, "source", sources, "source")
    given = fields.take("local", (bool, Map), False)
    keys = () if isinstance(given, bool) else _settable(fields, given, settable)
    local = given if isinstance(given, bool) else not found
    for each in rules:
        if not _RULE.fullmatch(each):
            raise fields.error(f"'{each}' is no rule such as P-08", "rule")
    if rule and not rules:
        raise fields.error(f"{fields.what} names no rule", hint="add rule: X-00")
    if number and not found and not local:
        raise fields.error(f"a number in {fields.what} has neither source nor local", hint="add source: or local: true")
    return Mark(rules, found, local, fields.values.line, fields.file, keys)


def _settable(fields: Fields, ranges: Map, known: Collection[str]) -> tuple[str, ...]:
    """Return the keys to which ``local`` gives a range; ``pathway.local`` has read the ranges themselves."""
    if not ranges:
        raise fields.error(
            f"local of {fields.what} names no value", "local", "write local: true, or KEY: [LEAST, MOST]"
        )
    for key in ranges:
        if key not in known:
            hint = f"of it may be set: {', '.join(known)}" if known else "write local: true"
            raise fields.error(f"no hospital may set '{key}' of {fields.what}", "local", hint)
        if key not in fields.values:
            raise fields.error(f"local gives a range for '{key}', which {fields.what} does not state", "local")
    return tuple(ranges)


def take_range(fields: Fields, key: str) -> tuple[int, int]:
    """Return the range under ``key``: one whole number, or a list of two in order."""
    value = fields.take(key, (int, Seq))
    low, high = (value, value) if isinstance(value, int) else _pair(fields, key, value)
    if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high):
        raise fields.error(f"'{key}' of {fields.what} must be a whole number from 1, or two in order", key)
    return low, high


def _pair(fields: Fields, key: str, value: Seq) -> tuple[object, object]:
    if len(value) != 2:
        raise fields.error(f"'{key}' of {fields.what} must hold two numbers", key)
    return value[0], value[1]
