"""What did a patient go through? The solver's way, told as deeds: what people did, and what time brought.

Of a step that records facts only what changes is told; a number is one of its region. A move that follows by itself is
no deed: it belongs to the one before it. When a deed happens the solver does not say: whoever plays it finds out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.choosing import LEAD, OVERRIDE, REASON

RECORD, CONFIRM, COMPLETE, STOP, RETRACT, CLOSE, END = (
    "record", "confirm", "complete", "stop", "retract", "close", "end",
)  # fmt: skip
DUE, ENDS, OVER, NOT_GIVEN, GIVES_WAY = "due", "ends", "is over", "was not given", "gives way"
SOME_DAY = "some day"
"""Stands for a date of which the solver knows no more than that it is recorded."""
_MOVE = "move"
_SAVED = "transferred or deceased"
_SHORT = ("{} is planned too short", "a taper is planned in too few days: {}")


class Step(Protocol):
    """One step of the solver's way, whoever made it."""

    @property
    def option(self) -> str:
        """What happens; empty in the last step."""

    @property
    def chosen(self) -> frozenset[str]:
        """Which open choices are made so."""

    @property
    def true(self) -> frozenset[str]:
        """What is so before it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happened. names: of regimens, a task or a check.   facts: name to value, None for unknown again.

    lead, reason, override: by whom and past which gates.   short: regimens planned in too few days; days: in how many,
    0 where it is not said.   saved: the outcome is one for which no gate asks.   after: what is so once the patient has
    come to rest; None: nobody knows.
    """

    kind: str
    names: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    lead: bool = False
    reason: bool = False
    override: tuple[str, ...] = ()
    short: frozenset[str] = frozenset()
    days: int = 0
    saved: bool = False
    after: frozenset[str] | None = None


def deeds(pathway: Pathway, promise: Property, trace: Sequence[Step]) -> tuple[Deed, ...]:
    """Return what happened, in order; the last one may be the deed itself that breaks the promise."""
    found = []
    for place, step in enumerate(trace[:-1]):
        if not step.option.startswith(f"{_MOVE} "):
            rest = next((each for each in trace[place + 1 :] if not each.option.startswith(f"{_MOVE} ")), trace[-1])
            found.append(_deed(pathway, step, trace[place + 1].true, rest.true))
    return (*found, *_breaking(pathway, promise, trace[-1]))


def _deed(pathway: Pathway, step: Step, then: frozenset[str], rest: frozenset[str]) -> Deed:
    option = step.option
    if option == RECORD:
        return Deed(RECORD, facts=_recorded(pathway, step, then), after=rest)
    if option == CONFIRM:
        return _confirmation(pathway, step, rest)
    if option in {RETRACT, CLOSE}:
        return _by_whom(step, Deed(option, saved=_SAVED in step.chosen, after=rest))
    first, _, name = option.partition(" ")
    if first in {COMPLETE, STOP, DUE}:
        return _by_whom(step, Deed(first, (name,), after=rest))
    for kind in (ENDS, OVER, NOT_GIVEN, GIVES_WAY):
        if option.endswith(f" {kind}"):
            return Deed(kind, (option.removesuffix(f" {kind}"),), after=rest)
    raise AssertionError(f"nobody knows how to tell '{option}'")


def _breaking(pathway: Pathway, promise: Property, last: Step) -> Iterator[Deed]:
    """Yield the deed that breaks the promise, where a situation alone does not."""
    if promise.kind in {"never confirmed", "never planned"}:
        yield replace(_confirmation(pathway, last, None), days=max(promise.days - 1, 0))
    elif promise.kind == "never stopped":
        running = (each for each in pathway.regimens if world.course("in force", each) in last.true)
        yield Deed(END, tuple(each for each in running if promise.selector is None or each in promise.selector))


def _confirmation(pathway: Pathway, step: Step, after: frozenset[str] | None) -> Deed:
    names = tuple(each for each in pathway.regimens if f"{each} is confirmed" in step.chosen)
    short = frozenset(each for each in names if any(words.format(each) in step.chosen for words in _SHORT))
    return _by_whom(step, Deed(CONFIRM, names, short=short, after=after))


def _by_whom(step: Step, deed: Deed) -> Deed:
    prefix = f"{OVERRIDE}: "
    override = tuple(sorted(each.removeprefix(prefix) for each in step.chosen if each.startswith(prefix)))
    lead, reason = bool(override) or LEAD in step.chosen, bool(override) or REASON in step.chosen
    return replace(deed, lead=lead, reason=reason, override=override)


# facts


def _recorded(pathway: Pathway, step: Step, then: frozenset[str]) -> dict[str, Any]:
    """Return the facts that were recorded anew, and those of courses even if they stay as they were."""
    found: dict[str, Any] = {}
    for name, fact in pathway.facts.items():
        if f"{name} is recorded" in step.chosen:
            before, after = _of(name, step.true), _of(name, then)
            if before != after or (fact.of_courses and after):
                found[name] = _value(fact, after)
    return found


def _of(fact: str, names: frozenset[str]) -> frozenset[str]:
    """Return the names of a fact's values among all that are so."""
    return frozenset(each for each in names if each.startswith(f"{fact} = ") or each == world.known(fact))


def _value(fact: Fact, names: frozenset[str]) -> Any:  # noqa: ANN401 - each fact has its own kind of value
    """Return the value in the form in which a story has it; None for unknown."""
    values = sorted(each.removeprefix(f"{fact.name} = ") for each in names if each != world.known(fact.name))
    if not names:
        return None
    if fact.kind == "set":
        return values
    if fact.kind == "date":
        return SOME_DAY
    if fact.kind == "bool":
        return values == ["true"]
    if fact.kind == "number":
        return _number(fact, values[0] if values else "..")
    return values[0]


def _number(fact: Fact, text: str) -> Decimal:
    """Return a number of a region such as ``5..10``, ``..5`` or ``5``."""
    low, dots, high = text.partition("..")
    ends = (Decimal(low) if low else None), (Decimal(high) if high else None)
    return world.Region(ends[0], ends[1] if dots else ends[0]).example(fact)
