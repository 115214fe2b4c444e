"""How is a fact called, how is its value said to a person, and how is a regimen called?"""

from collections.abc import Iterable

from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.language.grammar import is_clause, listed, opposite
from orchestrator.pathway.model import Pathway, Selector
from orchestrator.saying import Said, joined, said


def fact_label(pathway: Pathway, name: str) -> str:
    """Return what a fact is called; its name when this version does not know it."""
    found = pathway.facts.get(name)
    return found.label if found else name


def fact_value(pathway: Pathway, name: str, value: object) -> str:
    """Return a fact's value in words, with its unit; None is unknown."""
    if value is None:
        return said("unknown")
    if isinstance(value, bool):
        return said("yes") if value else said("no")
    if isinstance(value, frozenset | set | list | tuple):
        return ", ".join(sorted(str(each) for each in value)) or said("nothing found")
    return joined(" ", filter(None, (str(value), unit_words(pathway.facts.get(name)))))


def unit_words(fact: Fact | None) -> str:
    """Return a fact's unit in words; empty for none."""
    unit = "" if fact is None or fact.unit is None else fact.unit
    return "" if unit.startswith("{") else said("years") if unit == "a" else unit  # UCUM: {…} is no unit, a is a year


def fact_is(pathway: Pathway, name: str, value: object) -> str:
    """Return a fact with its value in words: ``weight 70 kg``; a statement as itself, or as its opposite."""
    label = fact_label(pathway, name)
    if isinstance(value, bool) and is_clause(label):
        return label if value else Said(opposite(label), "%(what)s: no", {"what": label})
    return joined(" ", (label, fact_value(pathway, name, value)))


def not_recorded(pathway: Pathway, names: Iterable[str]) -> str:
    """Return what was not recorded, as a clause: ``response was not recorded``; empty for nothing."""
    labels = [fact_label(pathway, name) for name in names]
    told = [each for each in labels if not is_clause(each)] + [f"whether {each}" for each in labels if is_clause(each)]
    if not told:
        return ""
    text = f"{told[0]} was not recorded"
    if len(told) > 1:
        text = f"{len(told)} facts were not recorded: {listed(told, 'and')}"
    return Said(text, "not recorded: %(what)s", {"what": ", ".join(labels)})


def regimen_title(pathway: Pathway, name: str) -> str:
    """Return what people call a regimen; its name when this version does not know it, or gives it no title."""
    found = pathway.regimens.get(name)
    return found.called if found else name


def regimen_called(pathway: Pathway, name: str) -> dict[str, str]:
    """Return a regimen as JSON has it wherever it is told of: the name that commands take, the title for people."""
    return {"regimen": name, "title": regimen_title(pathway, name)}


def selected(pathway: Pathway, selector: Selector) -> str:
    """Return the regimens that an element speaks of, by title where it names them: ``every immunotherapy``."""
    if not selector.named:
        return selector.text
    return ", ".join(regimen_title(pathway, name) for name in pathway.regimens if name in selector)
