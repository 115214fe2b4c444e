"""Can this guard ever hold, and for which values of one fact? Found without trying patients.

A condition is followed for every value of one *subject* (a fact, the stage, an answer of the host) at once; whatever
else it reads counts as free. So more may look possible than is: what is found never to hold never does, and a value
that is found without an answer has none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import eq, ge, gt, le, lt, ne, or_
from typing import Any, NamedTuple

from orchestrator.pathway.expression import (
    BOOL,
    And,
    Call,
    Compare,
    Defined,
    Enum,
    In,
    Listing,
    Literal,
    Node,
    Not,
    Or,
    Type,
    Variable,
    walk,
)
from orchestrator.pathway.model import Guard

UNKNOWN = None
STAGE = "stage"
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class Way(NamedTuple):
    """One way in which a condition can turn out: for which values of the subject it is true, for which false.

    Sets of values as bits, the first value being 1; for a value in neither the condition is unknown.
    """

    true: int
    false: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at: a fact by its name, the stage, or an answer of the host by its call.

    values: all that it can be; None among them is unknown.   order: of an enum's values, for ``<``.
    """

    key: Variable | Call
    values: tuple[Any, ...]
    order: tuple[str, ...] = ()

    @property
    def every(self) -> int:
        """Return the set of all its values."""
        return (1 << len(self.values)) - 1


def fact_subject(variable: Variable) -> Subject | None:
    """Return an enum's or a bool's values and unknown; None for a fact whose values cannot be counted."""
    if isinstance(variable.type, Enum):
        return Subject(variable, (*variable.type.values, UNKNOWN), variable.type.values)
    return Subject(variable, (True, False, UNKNOWN)) if variable.type == BOOL else None


def stage_subject(kind: Type, stages: frozenset[str]) -> Subject:
    """Return the stage, which is one of these."""
    order = kind.values if isinstance(kind, Enum) else ()
    return Subject(Variable(STAGE, kind, hosted=True), tuple(each for each in order if each in stages), order)


def can_hold(guard: Guard, stages: frozenset[str] = frozenset()) -> bool:
    """Return whether some patient could make the guard hold; stages: those in which it is asked, any if none."""
    return all(any(holds(guard, subject)) for subject in _subjects(guard, stages))


def answered(guard: Guard, subject: Subject) -> frozenset[Any]:
    """Return the values of the subject for which the guard can hold while for another value it would not."""
    found = 0
    for each in holds(guard, subject):
        found |= each if each != subject.every else 0
    return frozenset(value for index, value in enumerate(subject.values) if found >> index & 1)


def together(guards: Sequence[Guard]) -> bool:
    """Return whether the same facts could make each of the guards hold, whatever the host answers in between."""
    subjects = {name: subject for guard in guards for name, subject in subjects_of(guard).items()}
    return all(_common(guards, subject) for subject in subjects.values())


def _common(guards: Sequence[Guard], subject: Subject) -> int:
    """Return the values of the subject for which each of the guards can hold."""
    found = subject.every
    for guard in guards:
        found &= reduce(or_, holds(guard, subject), 0)
    return found


def holds(guard: Guard, subject: Subject) -> frozenset[int]:
    """Return the sets of the subject's values for which the guard can hold together."""
    when = ways(guard.when.tree, subject)
    unless = ways(guard.unless.tree, subject) if guard.unless is not None else frozenset({Way(0, 0)})
    return frozenset(yes.true & ~no.true for yes, no in product(when, unless))


def ways(node: Node, subject: Subject) -> frozenset[Way]:
    """Return in which ways a condition can turn out."""
    match node:
        case Defined(body=body):
            return ways(body, subject)
        case Not(part):
            return frozenset(Way(each.false, each.true) for each in ways(part, subject))
        case And(parts):
            return _joined(parts, subject, lambda one, other: Way(one.true & other.true, one.false | other.false))
        case Or(parts):
            return _joined(parts, subject, lambda one, other: Way(one.true | other.true, one.false & other.false))
        case Literal(value=bool(truth)):
            return frozenset({Way(subject.every, 0) if truth else Way(0, subject.every)})
        case _:
            return _leaf(node, subject)


def _joined(parts: tuple[Node, ...], subject: Subject, join: Callable[[Way, Way], Way]) -> frozenset[Way]:
    """Return the ways of parts that are taken to be independent of each other but for the subject."""
    found = ways(parts[0], subject)
    for part in parts[1:]:
        found = frozenset(join(one, other) for one, other in product(found, ways(part, subject)))
    return found


def _leaf(node: Node, subject: Subject) -> frozenset[Way]:
    """Return the ways of a condition that is not made of others: free where it does not hang on the subject alone."""
    truths = _truths(node, subject)
    if truths is None:
        return frozenset({Way(subject.every, 0), Way(0, subject.every)})
    true = sum(1 << index for index, each in enumerate(truths) if each is True)
    false = sum(1 << index for index, each in enumerate(truths) if each is False)
    return frozenset({Way(true, false)})


def _truths(node: Node, subject: Subject) -> tuple[bool | None, ...] | None:
    """Return the truth of a leaf for each value, where it hangs on the subject alone, or None."""
    key, values = subject.key, subject.values
    match node:
        case Compare(operator=sign, left=left, right=Literal(value=value)) if left == key:
            return tuple(None if each is None else _compare(sign, each, value, subject.order) for each in values)
        case In(item=item, among=Listing(items=items)) if item == key:
            among = {each.value for each in items}
            return tuple(None if each is None else each in among for each in values)
        case Variable() | Call() if node == key:
            return values
        case _:
            return None


def _compare(sign: str, one: Any, other: Any, order: tuple[str, ...]) -> bool:  # noqa: ANN401  texts or truths
    if order:
        one, other = order.index(one), order.index(other)
    return _OPERATORS[sign](one, other)


def subjects_of(guard: Guard) -> dict[str, Subject]:
    """Return the facts of a guard whose values can be counted, by name."""
    found: dict[str, Subject] = {}
    for node in _leaves(guard):
        if isinstance(node, Variable) and not node.hosted and node.name not in found:
            subject = fact_subject(node)
            if subject is not None:
                found[node.name] = subject
    return found


def stages_of(guard: Guard) -> frozenset[str]:
    """Return the stages for which the guard holds because of the stage; none where it does not ask for it."""
    for node in _leaves(guard):
        if isinstance(node, Variable) and node.hosted and node.name == STAGE:
            return answered(guard, stage_subject(node.type, frozenset(getattr(node.type, "values", ()))))
    return frozenset()


def _subjects(guard: Guard, stages: frozenset[str]) -> Iterator[Subject]:
    """Yield what a guard may contradict itself about: each fact and answer that it reads twice or more, its stage."""
    nodes = _leaves(guard)
    if any(isinstance(node, Literal) and node.type == BOOL for node in nodes):
        yield Subject(Variable("", BOOL), (True,))
    seen: dict[tuple[object, ...], int] = {}
    for node in nodes:
        if isinstance(node, Literal):
            continue
        key = (node.name, *node.values) if isinstance(node, Call) else (node.name,)
        times = seen[key] = seen.get(key, 0) + 1
        if isinstance(node, Call):
            subject = Subject(node, (True, False)) if times == 2 else None
        elif node.hosted:
            every = frozenset(getattr(node.type, "values", ()))
            subject = stage_subject(node.type, stages or every) if node.name == STAGE and times == 1 else None
        else:
            subject = fact_subject(node) if times == 2 else None
        if subject is not None:
            yield subject


def _leaves(guard: Guard) -> list[Variable | Call | Literal]:
    parts = (guard.when, guard.unless)
    nodes = (node for part in parts if part is not None for node in walk(part.tree))
    return [node for node in nodes if isinstance(node, Variable | Call | Literal)]
