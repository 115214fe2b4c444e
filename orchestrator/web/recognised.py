"""What does a finished English sentence say in the reader's language? Known sentences are found again in the catalogue.

Refusals are sealed with the record and errors are raised where nobody knows of languages: both come as plain text. The
catalogue holds the sentences of which they are made, with gaps, under the context REFUSAL; the one that fits says what
stood in the gaps, and those are said in turn. A text that fits none stays as it is.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from babel.support import NullTranslations

REFUSAL = "refusal"
"""The context of sentences with gaps that are found again; one without gaps needs none."""
_GAP = re.compile(r"%\((\w+)\)s")
_DEEPEST = 4


class Sentence(NamedTuple):
    """A sentence that can be found again. said: in the reader's language."""

    fits: re.Pattern[str]
    said: str


def recognised(text: str, words: NullTranslations, depth: int = 0) -> str:
    """Return a sentence of the program in the language of a catalogue."""
    known = words.gettext(text) if text else text
    if known != text or depth > _DEEPEST:
        return known
    for sentence in _sentences(words):
        if found := sentence.fits.fullmatch(text):
            return sentence.said % {name: recognised(gap, words, depth + 1) for name, gap in found.groupdict().items()}
    *most, last = text.split(", ")
    return ", ".join(recognised(each, words, depth + 1) for each in (*most, last)) if most else text


@cache
def _sentences(words: NullTranslations) -> tuple[Sentence, ...]:
    """Return the sentences of a catalogue; those with most words of their own come first."""
    messages: Mapping[object, str] = getattr(words, "_catalog", {})
    found = {
        text.removeprefix(f"{REFUSAL}\x04"): said
        for text, said in messages.items()
        if isinstance(text, str) and text.startswith(f"{REFUSAL}\x04")
    }
    order = sorted(found, key=lambda text: (-len(_GAP.sub("", text)), text))
    return tuple(Sentence(_pattern(text), found[text]) for text in order)


def _pattern(text: str) -> re.Pattern[str]:
    parts = _GAP.split(text)
    fixed, names = parts[::2], parts[1::2]
    made = re.escape(fixed[0])
    for name, after in zip(names, fixed[1:], strict=True):
        made += f"(?P<{name}>.*?)" + re.escape(after)
    return re.compile(made, re.DOTALL)
