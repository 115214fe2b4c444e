"""What does a pathway promise? Its properties, read from the files; ``proof`` proves them.

    never: confirmed     regimens are not confirmed when a condition holds, or unless one does
    never: planned       a taper is not planned in fewer days
    never: stopped       courses are neither stopped nor closed while they are in force
    never: state         no patient who has come to rest is in a situation
    always: told         whoever waits, somebody is told: a dose, a check, a rhythm or a reminder is to come
    always: one-move     no two moves are enabled at once
    always: offered      regimens are recommended or acceptable when a condition holds
    always: shown        where a choice is due an option, a missing fact or a warning is shown
    within: CHECK        what `holds` says is so once the check has fallen due
    leads-to: GUARD      `when` a situation has come about, the moves that follow lead to another before anything else
    possible: closed     from everywhere the episode can be closed with one of the outcomes
    possible: reached    some patient comes to every state, move, standing, task and reminder; its stories show it

``never`` holds unless an override is on the record: a gate's, or a choice that needed a reason and has it.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from orchestrator.errors import InvalidCommand
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.model import Property
from orchestrator.pathway.reader import Seq
from orchestrator.pathway.sections import Sections
from orchestrator.pathway.terms import name_in, names_in

KINDS = {
    "never": ("confirmed", "planned", "stopped", "state"),
    "always": ("told", "one-move", "shown", "offered"),
    "possible": ("closed", "reached"),
}
WITHIN, LEADS_TO, CLOSED, REACHED = "within", "leads to", "possible closed", "possible reached"
_MODALS = (*KINDS, "within", "leads-to")
_OF_REGIMENS = ("never confirmed", "never planned", "never stopped", "always offered")
_SOME_DAY = dt.date(2100, 1, 1)
"""A day that no fact lies after: dates are only looked at for their form."""


def properties(sections: Sections) -> tuple[Property, ...]:
    """Return the promises, shared ones first, each replaced by the pathway's own of its name."""
    found = sections.each("properties", "property", lambda name, entry: _property(sections, name, entry))
    return tuple(found.values())


def _property(sections: Sections, name: str, entry: Fields) -> Property:
    given = [each for each in _MODALS if each in entry.values]
    if len(given) != 1:
        raise entry.error(f"{entry.what} must be one of {', '.join(_MODALS)}")
    kind, made = _READ.get(given[0], _of_kind)(sections, given[0], entry)
    selector = sections.nested_selector(entry, "regimens") if kind in _OF_REGIMENS else None
    when, unless = sections.optional(entry, "when"), sections.optional(entry, "unless")
    days = entry.take("fewer_than_days", int, 0)
    outcomes = frozenset(names_in(entry, "outcomes", sections.words.outcomes, "outcome"))
    if kind in {"never state", LEADS_TO} and when is None:
        raise entry.error(f"{entry.what} says nothing of the situation", hint="add when: <guard>")
    if kind == "never planned" and days < 1:
        raise entry.error(f"{entry.what} says nothing of the days", hint="add fewer_than_days:")
    if kind in {"never stopped", CLOSED} and not outcomes:
        raise entry.error(f"{entry.what} names no outcomes", hint="add outcomes:")
    saved, words = sections.save_taper(entry), entry.take("words", str)
    mark = sections.mark(entry)
    return Property(name, words, kind, mark, selector, when, unless, saved, days, outcomes, **made)


def _of_kind(sections: Sections, modal: str, entry: Fields) -> tuple[str, dict[str, Any]]:
    kind = f"{modal} {name_in(entry, modal, entry.take(modal, str), KINDS[modal], 'promise')}"
    return kind, {"ways": tuple(_ways(sections, entry))} if kind == CLOSED else {}


def _within(sections: Sections, modal: str, entry: Fields) -> tuple[str, dict[str, Any]]:
    check = name_in(entry, modal, entry.take(modal, str), sections.names["check"], "check")
    return WITHIN, {"check": check, "target": sections.expression(entry, "holds")}


def _leads_to(sections: Sections, modal: str, entry: Fields) -> tuple[str, dict[str, Any]]:
    return LEADS_TO, {"target": sections.expression(entry, modal)}


_READ: dict[str, Callable[[Sections, str, Fields], tuple[str, dict[str, Any]]]] = {
    "within": _within,
    "leads-to": _leads_to,
}


def _ways(sections: Sections, entry: Fields) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """Yield the ways to an end: each a list of facts to record, one time after the other."""
    ways = entry.take("ways", Seq, None)
    for index, way in enumerate(ways or ()):
        line = ways.line_of(index) if ways is not None else 0
        steps = way if isinstance(way, Seq) else (way,)
        yield tuple(_recorded(sections, Fields(each, entry.file, "a way", line=line)) for each in steps)


def _recorded(sections: Sections, step: Fields) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name in step.values:
        fact = sections.words.facts[name_in(step, name, name, sections.words.facts, "fact")]
        value = step.take(name, (str, bool, Decimal, Seq))
        found[name] = list(value) if isinstance(value, Seq) else value
        try:
            fact.parse(found[name], _SOME_DAY)
        except InvalidCommand as error:
            raise step.error(str(error), name) from None
    step.done()
    if not found:
        raise step.error("a way records nothing")
    return found
