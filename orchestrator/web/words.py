"""In which language does a page speak? One catalogue a language, in the form that translators' tools read (.po).

What a pathway calls its facts, regimens and tasks is the pathway's own text, and stays in its language.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from orchestrator.saying import Said

FOLDER = Path(__file__).parent / "words"
OWN = "en"
"""The language of the source, which needs no catalogue."""


@cache
def languages() -> dict[str, str]:
    """Return the languages by code, each by its own name."""
    codes = [OWN, *sorted(path.stem for path in FOLDER.glob("*.po"))]
    return {code: (Locale.parse(code).get_display_name() or code).capitalize() for code in codes}


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the words of a language; those of the source for one that has no catalogue."""
    file = FOLDER / f"{language}.po"
    if language == OWN or language not in languages():
        return NullTranslations()
    with file.open("rb") as source:
        read = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


def say(text: str, words: NullTranslations) -> str:
    """Return a text in the language of a catalogue: one that the program put together is put together anew."""
    if not isinstance(text, Said):
        return text
    if type(words) is NullTranslations:
        return str(text)
    if not text.gaps:
        found = words.gettext(text.template) if text else ""
        return str(text) if found == text.template else found
    found = words.gettext(text.template)
    if found == text.template and text.template % text.gaps != text:
        return str(text)
    return found % {name: say(gap, words) if isinstance(gap, str) else gap for name, gap in text.gaps.items()}


def chosen(person: str, accepted: str) -> str:
    """Return the language of a page: what the person chose, else the first that the browser asks for and we have."""
    known = languages()
    if person in known:
        return person
    return next((code for code in _accepted(accepted) if code in known), OWN)


def _accepted(header: str) -> Iterable[str]:
    """Yield the languages of an Accept-Language header in its order, without regions."""
    for part in header[:200].split(","):
        yield part.partition(";")[0].strip().lower().partition("-")[0]
