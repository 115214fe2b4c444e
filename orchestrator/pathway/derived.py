"""How do facts follow from others, what is looked at before one is recorded, and which are shown over time?"""

from collections.abc import Iterator

from orchestrator.pathway.fields import Fields
from orchestrator.pathway.model import Derivation, DerivedRow, Form, Plot
from orchestrator.pathway.reader import Seq
from orchestrator.pathway.sections import Sections
from orchestrator.pathway.terms import name_in, names_in


def derivations(sections: Sections) -> dict[str, Derivation]:
    """Return the derived facts of the pathway's own file, by fact."""
    return sections.own.each("derived", "derived fact", lambda name, entry: _derivation(sections, name, entry))


def _derivation(sections: Sections, name: str, entry: Fields) -> Derivation:
    facts = sections.words.facts
    if name not in facts or facts[name].kind != "enum":
        raise entry.error(f"{entry.what} must be a fact with values")
    sources = names_in(entry, "recorded", facts, "fact")
    since = entry.take("since_treatment", str, "")
    if since:
        name_in(entry, "since_treatment", since, sources, "fact that it is derived from")
    rows = tuple(_rows(sections, name, entry))
    if not sources or not rows:
        raise entry.error(
            f"{entry.what} needs the facts that it is derived from, and rows", hint="add recorded: and rows:"
        )
    return Derivation(name, sources, since, rows, sections.mark(entry))


def _rows(sections: Sections, name: str, entry: Fields) -> Iterator[DerivedRow]:
    table = entry.take("rows", Seq)
    for index, value in enumerate(table):
        row = Fields(value, entry.file, f"a row of {entry.what}", line=table.line_of(index))
        given = name_in(row, "value", row.take("value", str), sections.words.facts[name].values, "value")
        yield DerivedRow(given, sections.guard(row), sections.mark(row))


def forms(sections: Sections) -> dict[str, Form]:
    """Return what is looked at before a fact is recorded, by fact."""
    return sections.own.each("forms", "form", lambda name, entry: _form(sections, name, entry))


def _form(sections: Sections, name: str, entry: Fields) -> Form:
    if name not in sections.words.facts:
        raise entry.error(f"{entry.what} belongs to no fact")
    return Form(name, entry.texts("lists"), entry.texts("optional", ()), sections.mark(entry))


def plots(sections: Sections) -> tuple[Plot, ...]:
    """Return the numbers that a report shows over time."""
    return sections.every("plots", "plot", lambda entry: _plot(sections, entry))


def _plot(sections: Sections, entry: Fields) -> Plot:
    fact = name_in(entry, "fact", entry.take("fact", str), sections.words.facts, "fact")
    if sections.words.facts[fact].kind != "number":
        raise entry.error(f"only a number can be shown over time, and '{fact}' is none", "fact")
    return Plot(fact, sections.mark(entry))
