"""What are the exact bytes of a value? One value has one form, on every machine and in every release.

Strings, integers within ±(2^53 - 1), booleans, null, lists and objects with ASCII keys, keys sorted, no blanks,
UTF-8: there this equals RFC 8785. A decimal travels as a string; a float is refused, for its digits depend on who
writes it.
"""

import orjson

from orchestrator.errors import NotCanonical

_LARGEST = 2**53 - 1
_PLAIN = frozenset({str, bool, type(None)})
_OPTIONS = orjson.OPT_SORT_KEYS


def canonical(value: object) -> bytes:
    """Return the canonical bytes of a value of strings, integers, booleans, None, lists and dicts.

    Raises NotCanonical, which names the place and never the value.
    """
    _check(value, "")
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, RecursionError):  # a lone surrogate, or nesting beyond what the writer takes
        raise NotCanonical("a text is not valid Unicode, or is nested too deeply") from None


def _check(value: object, place: str) -> None:
    kind = type(value)  # exactly these: a subclass (an enum, a date) would be written in a form of its own
    if kind in _PLAIN:
        return
    if isinstance(value, dict):
        _check_object(value, place)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, place)
    elif kind is not int or not isinstance(value, int):
        raise NotCanonical(f"{place or 'the value'} is of the type {kind.__name__}, which has no exact form")
    elif not -_LARGEST <= value <= _LARGEST:
        raise NotCanonical(f"{place or 'the value'} is an integer beyond 2^53")


def _check_object(value: dict[object, object], place: str) -> None:
    for key, inner in value.items():
        if type(key) is not str or not key.isascii():
            raise NotCanonical(f"a key in {place or 'the value'} is not ASCII text")
        if type(inner) not in _PLAIN:  # most are: a call for each would cost more than the writing
            _check(inner, key)
