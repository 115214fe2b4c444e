"""What does a pathway promise? Its properties, read from the files; ``proof`` proves them.

    never: confirmed     regimens are not confirmed when a condition holds, or unless one does
    never: planned       a taper is not planned in fewer days
    never: stopped       courses are neither stopped nor closed while they are in force
    never: state         no patient who has come to rest is in a situation
    always: told         whoever waits, somebody is told: a dose, a check, a rhythm or a reminder is to come
    always: one-move     no two moves are enabled at once
    always: offered      regimens are recommended or acceptable when a condition holds
    always: shown        where a choice is due an option, a missing fact or a warning is shown

``never`` holds unless an override is on the record: a gate's, or a choice that needed a reason and has it.
"""

from orchestrator.pathway.fields import Fields
from orchestrator.pathway.model import Property
from orchestrator.pathway.sections import Sections
from orchestrator.pathway.terms import name_in, names_in

KINDS = {
    "never": ("confirmed", "planned", "stopped", "state"),
    "always": ("told", "one-move", "shown", "offered"),
}
_OF_REGIMENS = ("never confirmed", "never planned", "never stopped", "always offered")


def properties(sections: Sections) -> tuple[Property, ...]:
    """Return the promises, shared ones first, each replaced by the pathway's own of its name."""
    found = sections.each("properties", "property", lambda name, entry: _property(sections, name, entry))
    return tuple(found.values())


def _property(sections: Sections, name: str, entry: Fields) -> Property:
    given = [each for each in KINDS if each in entry.values]
    if len(given) != 1:
        raise entry.error(f"{entry.what} must be one of {', '.join(KINDS)}")
    modal = given[0]
    kind = f"{modal} {name_in(entry, modal, entry.take(modal, str), KINDS[modal], 'promise')}"
    selector = sections.nested_selector(entry, "regimens") if kind in _OF_REGIMENS else None
    when, unless = sections.optional(entry, "when"), sections.optional(entry, "unless")
    days = entry.take("fewer_than_days", int, 0)
    outcomes = frozenset(names_in(entry, "outcomes", sections.words.outcomes, "outcome"))
    if kind == "never state" and when is None:
        raise entry.error(f"{entry.what} says nothing of the situation", hint="add when: <guard>")
    if kind == "never planned" and days < 1:
        raise entry.error(f"{entry.what} says nothing of the days", hint="add fewer_than_days:")
    if kind == "never stopped" and not outcomes:
        raise entry.error(f"{entry.what} names no outcomes", hint="add outcomes:")
    saved, words = sections.save_taper(entry), entry.take("words", str)
    return Property(name, words, kind, sections.mark(entry), selector, when, unless, saved, days, outcomes)
