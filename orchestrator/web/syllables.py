"""Where may a long word be broken? Between syllables, by a hyphen that shows only there, where a column is narrower.

Browsers have no dictionary for the words of neurology, if they have any, and break what does not fit in its middle. A
rule does for words that come from Greek and Latin, and for German ones: a consonant belongs to the vowel after it, of
several consonants those with which a word can begin. It knows no word, so that it does for a hospital's own too.
"""

import re
from functools import lru_cache

LONGEST = 12
"""Letters of the longest word that is left whole: the columns of a board are as wide as that."""
_LEAST = 4
"""Letters that stand at least on either side."""
_SOFT = "\N{SOFT HYPHEN}"
_WORD = re.compile(rf"[^\W\d_]{{{LONGEST + 1},}}")
_VOWEL = "[aeiouyäöü]"
_BETWEEN = re.compile(rf"(?<={_VOWEL})[^\W\d_aeiouyäöü]+(?={_VOWEL})", re.IGNORECASE)
_BEGINS = re.compile(
    "(?:sch|str|bl|br|ch|ck|cl|cr|dr|fl|fr|gl|gr|kl|kr|ph|pf|pl|pr|qu|rh|sh|sp|st|th|thr|tr|.)$", re.IGNORECASE
)
_JOINT = re.compile(rf"o(?=[ae][dmn](?!{_VOWEL}))", re.IGNORECASE)
"""Where the first part of a word ends in the vowel that joins it to the second: auto-antibody, leuko-encephalitis."""


@lru_cache(maxsize=4096)
def hyphenated(text: str) -> str:
    """Return a text whose words over `LONGEST` letters have soft hyphens between syllables. Nothing else is changed.

    Remembered, for a board says the same few titles again and again.
    """
    return _WORD.sub(lambda found: _broken(found[0]), text)


def _broken(word: str) -> str:
    places = sorted([*_syllables(word), *(each.end() for each in _JOINT.finditer(word))])
    kept = [0, *(place for place in places if _LEAST <= place <= len(word) - _LEAST), len(word)]
    return _SOFT.join(word[begin:end] for begin, end in zip(kept, kept[1:], strict=False))


def _syllables(word: str) -> list[int]:
    """Return where a syllable begins with a consonant."""
    return [each.end() - len(_begins(each[0])) for each in _BETWEEN.finditer(word)]


def _begins(consonants: str) -> str:
    found = _BEGINS.search(consonants)
    assert found is not None, "any one letter begins a syllable"
    return found[0]
