"""How can a sentence that was put together here be said in another language there? It remembers how it was made.

A `Said` is the English text, to whoever wants no more; who speaks another language takes its template and its gaps and
puts it together anew. So nothing below the faces knows of languages, and nothing is guessed from a finished text. Once
it is sealed or sent it is plain text: what is to be read back is recognised by `web.recognised`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


class Said(str):
    """A text of the program. template: with `%(name)s` where a gap is; gaps: what stood there, Said or plain."""

    template: str
    gaps: Mapping[str, Any]

    def __new__(cls, text: str, template: str, gaps: Mapping[str, Any]) -> "Said":
        """Make one whose English is not its template filled in."""
        made = super().__new__(cls, text)
        made.template, made.gaps = template, gaps
        return made

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Any]]:  # type: ignore[override]
        """Return what a copy is made from."""
        return str(self), self.template, self.gaps


Say = Callable[[str], str]
"""Says a text in a language; `str` in that of the source."""


def said(template: str, **gaps: object) -> Said:
    """Return a sentence, or a word, of the program."""
    return Said(template % gaps if gaps else template, template, gaps)


def counted(count: int, unit: str) -> str:
    """Return a number with what it counts, in English alone: ``1 month``, ``6 months``, ``45 entries``."""
    if count == 1:
        return f"{count} {unit}"
    many = f"{unit[:-1]}ies" if unit.endswith("y") and unit[-2] not in "aeiou" else f"{unit}s"
    return f"{count} {many}"


def joined(separator: str, parts: Iterable[str]) -> str:
    """Return texts one after the other, each of which can be said anew; empty for none."""
    texts = list(parts)
    if len(texts) <= 1:
        return texts[0] if texts else ""
    gaps = {f"n{number}": text for number, text in enumerate(texts)}
    return Said(separator.join(texts), separator.replace("%", "%%").join(f"%({name})s" for name in gaps), gaps)
