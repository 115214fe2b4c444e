"""How do plain words bend? The opposite of a clause, what needs brackets, a list, a length of time."""

import datetime as dt
import re
from collections.abc import Sequence

from orchestrator.saying import counted

_VERB = re.compile(r" (is|are|was|were|has|have) ")
_QUOTED = re.compile(r"‘[^’]*’")
_NEGATIVE = re.compile(r"\b(?:no|not|never|neither|nothing|only)\b", re.IGNORECASE)
_JOINS = (" and ", " or ", " nor ", " exactly when ")
HOURS_SAID = dt.timedelta(hours=72)
"""Up to here a length of time is said in hours: 72 hours, but 4 days."""


def is_clause(text: str) -> bool:
    """Return whether a label is a statement of its own ('a tumour is found') rather than a name."""
    return _VERB.search(_unquoted(text)) is not None


def be(name: str) -> str:
    """Return 'is' or 'are', as the name of a fact with values asks for: the lesions are, the lesion is."""
    word = name.rpartition(" ")[2]
    return "are" if word.islower() and word.endswith("s") and not word.endswith(("ss", "is", "us")) else "is"


def opposite(text: str) -> str:
    """Return the words of the contrary; ``not (…)`` where it cannot be said more plainly without doubt."""
    plain = _unquoted(text)
    verb = _VERB.search(plain)
    if verb is None or _NEGATIVE.search(plain) or is_divided(text):
        return f"not ({text})"
    for begin, contrary in (("there is ", "there is no "), ("there are ", "there are no "), ("something ", "nothing ")):
        if text.startswith(begin):
            return contrary + re.sub("^(?:a|an) ", "", text[len(begin) :])
    if text.startswith(("a ", "an ")):
        return f"no {text.partition(' ')[2]}"
    return f"{text[: verb.end()]}not {text[verb.end() :]}"


def is_divided(text: str) -> bool:
    """Return whether a text holds an 'and' or 'or' of its own, which its neighbours' would run into."""
    if text.startswith("not (") and text.endswith(")"):
        return False
    return any(join in _unquoted(text) for join in _JOINS)


def enclosed(text: str, divided: bool) -> str:
    """Return a text in brackets where it is divided."""
    return f"({text})" if divided else text


def together(parts: Sequence[str]) -> str:
    """Return conditions that must hold together as one text, those in brackets that would run into their neighbours."""
    return " and ".join(enclosed(part, len(parts) > 1 and is_divided(part)) for part in parts)


def listed(texts: Sequence[str], last: str) -> str:
    """Return texts as one enumerates them: ``a, b or c``."""
    *most, end = texts
    return f"{', '.join(most)} {last} {end}" if most else end


def span(length: dt.timedelta) -> str:
    """Return an elapsed time in words: ``72 hours``, ``14 days``, ``2 days 4 hours``; ``at once`` for none.

    A day is 24 hours; up to HOURS_SAID whole days are said in hours, as clinicians do.
    """
    if not length:
        return "at once"
    minutes = length // dt.timedelta(minutes=1)
    if length <= HOURS_SAID and minutes % 60 == 0:
        return counted(minutes // 60, "hour")
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    return " ".join(counted(count, unit) for count, unit in parts if count)


def _unquoted(text: str) -> str:
    """Return a text with what stands in quotes blotted out, every letter in its place."""
    return _QUOTED.sub(lambda found: "x" * len(found[0]), text)
