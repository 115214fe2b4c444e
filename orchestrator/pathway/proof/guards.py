"""What does a guard say of a situation? The same tree that runs, as a pair of formulas: when true, when false.

What neither is true nor false is unknown. A function of the host that tells of times, or compares when things were
recorded, may be either: a proof then holds whatever it answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import z3

from orchestrator.pathway.language.tree import (
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
    SetOf,
    Variable,
)
from orchestrator.pathway.model import Guard, Pathway, Selector
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.world import Choose, Names, Situation, all_of, any_of

TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)


@dataclass(frozen=True, slots=True)
class Tri:
    """A condition with three values. true, false: when it is; neither: it is unknown."""

    true: z3.BoolRef
    false: z3.BoolRef

    @property
    def unknown(self) -> z3.BoolRef:
        """Return when the condition is unknown."""
        return z3.Not(z3.Or(self.true, self.false))


def sure(condition: z3.BoolRef) -> Tri:
    """Return a condition that is never unknown."""
    return Tri(condition, z3.Not(condition))


@dataclass(frozen=True, slots=True)
class Signals:
    """What happens in this very moment. confirmed: by regimen; falling: by check; taper_ending."""

    confirmed: Mapping[str, z3.BoolRef]
    falling: Mapping[str, z3.BoolRef]
    taper_ending: z3.BoolRef = FALSE


QUIET = Signals({}, {})


@dataclass(frozen=True, slots=True)
class Moment:
    """A situation, what happens in it, and how what is left open is chosen."""

    now: Situation
    choose: Choose
    signals: Signals = QUIET


class Reader:
    """Reads the guards of one pathway."""

    def __init__(self, pathway: Pathway, names: Names) -> None:
        self.pathway, self.names = pathway, names

    def guard(self, guard: Guard, at: Moment) -> z3.BoolRef:
        """Return when a guard lets pass."""
        holds = self.tri(guard.when.tree, at).true
        return holds if guard.unless is None else z3.And(holds, z3.Not(self.tri(guard.unless.tree, at).true))

    def tri(self, node: Node, at: Moment) -> Tri:
        """Return when a condition is true and when it is false."""
        if isinstance(node, And | Or | Not | Defined):
            return self._joined(node, at)
        if isinstance(node, Call):
            return _CALLS[node.name](self, node.values, at)
        if isinstance(node, Compare):
            return self._compare(node, at)
        if isinstance(node, In):
            return self._in(node, at)
        if isinstance(node, Variable):
            return Tri(at.now[world.value(node.name, "true")], at.now[world.value(node.name, "false")])
        assert isinstance(node, Literal)
        return sure(z3.BoolVal(bool(node.value)))

    def _joined(self, node: And | Or | Not | Defined, at: Moment) -> Tri:
        """Return a condition that is made of others, after Kleene."""
        if isinstance(node, Defined):
            return self.tri(node.body, at)
        if isinstance(node, Not):
            found = self.tri(node.part, at)
            return Tri(found.false, found.true)
        read = [self.tri(part, at) for part in node.parts]
        true, false = (each.true for each in read), (each.false for each in read)
        return Tri(all_of(true), any_of(false)) if isinstance(node, And) else Tri(any_of(true), all_of(false))

    def _values(self, variable: Variable, fits: Callable[[str], bool], at: Moment) -> Tri:
        """Return the condition that an enum has one of the values that fit."""
        assert isinstance(variable.type, Enum)
        name = world.stage if variable.hosted else (lambda text: world.value(variable.name, text))
        values = [each for each in variable.type.values if name(each) in at.now]
        return Tri(
            any_of(at.now[name(each)] for each in values if fits(each)),
            any_of(at.now[name(each)] for each in values if not fits(each)),
        )

    def _compare(self, node: Compare, at: Moment) -> Tri:
        left, right = node.left, node.right
        if isinstance(left, Variable) and isinstance(right, Literal):
            if isinstance(left.type, Enum):
                order, wanted = left.type.values, left.type.values.index(str(right.value))
                return self._values(left, lambda each: _holds(node.operator, order.index(each), wanted), at)
            if isinstance(left.type, SetOf):
                raise AssertionError("a set is compared with a listing")
            if isinstance(right.value, bool):
                same = Tri(at.now[world.value(left.name, "true")], at.now[world.value(left.name, "false")])
                return same if right.value is (node.operator == "==") else Tri(same.false, same.true)
            return self._number(left, node.operator, right, at)
        text = f"{node}"
        return (
            Tri(at.choose(f"{text} holds"), FALSE) if not isinstance(left, Variable) else self._either(left, text, at)
        )

    def _number(self, left: Variable, operator: str, right: Literal, at: Moment) -> Tri:
        regions = self.names.regions[left.name]
        if not regions:
            return self._either(left, f"{left.name} {operator} {right.text}", at)
        fact = self.pathway.facts[left.name]
        fits = {each.text: _holds(operator, each.example(fact), right.value) for each in regions}
        return Tri(
            any_of(at.now[world.value(left.name, text)] for text, holds in fits.items() if holds),
            any_of(at.now[world.value(left.name, text)] for text, holds in fits.items() if not holds),
        )

    def _either(self, variable: Variable, text: str, at: Moment) -> Tri:
        """Return a condition on a known fact of which the model does not know more."""
        there, holds = self.names.is_known(variable.name, at.now), at.choose(text)
        return Tri(z3.And(there, holds), z3.And(there, z3.Not(holds)))

    def _in(self, node: In, at: Moment) -> Tri:
        if isinstance(node.item, Literal) and isinstance(node.among, Variable):
            there, member = (
                self.names.is_known(node.among.name, at.now),
                at.now[world.value(node.among.name, node.item.text)],
            )
            return Tri(z3.And(there, member), z3.And(there, z3.Not(member)))
        assert isinstance(node.item, Variable)
        assert isinstance(node.among, Listing)
        wanted = {str(each.value) for each in node.among.items}
        return self._values(node.item, lambda each: each in wanted, at)

    # what the host answers

    def some(self, what: str, at: Moment, fits: Callable[[str], bool]) -> Tri:
        """Return 'some regimen that fits is …'."""
        regimens = self.pathway.regimens
        return sure(
            any_of(
                at.now[world.course(what, each)]
                for each in regimens
                if fits(each) and world.course(what, each) in at.now
            )
        )

    def kind(self, kind: str) -> Callable[[str], bool]:
        """Return whether a regimen is of this kind."""
        return lambda regimen: self.pathway.regimens[regimen].kind == kind

    def treats(self, regimen: str) -> bool:
        """Return whether a regimen is a treatment."""
        return self.pathway.regimens[regimen].treats


def _holds(operator: str, left: Any, right: Any) -> bool:  # noqa: ANN401 - two of one ordered type
    return {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right}[operator]  # fmt: skip


def taken(reader: "Reader", fits: Callable[[str], bool], at: Moment) -> z3.BoolRef:
    """Return 'one that fits was taken and is still to be answered': the response belongs to it, it was not stopped."""
    parts = []
    for each in reader.pathway.regimens:
        unanswered, running = world.course("unanswered", each), world.course("in force", each)
        if fits(each) and unanswered in at.now:
            parts.append(z3.And(at.now[unanswered], z3.Or(at.now[running], at.choose(f"{each} was not stopped"))))
    return any_of(parts)


def to_come(reader: "Reader", at: Moment) -> z3.BoolRef:
    """Return 'a dose of a treatment, its taper's end or a check is still to come'.

    A course in force has doses to come, save one that lasts until its taper, which may have none. Monthly doses come
    for ever, so that nobody waits for their end.
    """
    pathway, checks = reader.pathway, reader.pathway.checks.values()
    doses = []
    for each in pathway.regimens.values():
        name = world.course("in force", each.name)
        ends = each.schedule is not None and each.schedule.kind != "monthly"
        if each.treats and ends and name in at.now:
            lasts = each.name in pathway.lasting
            doses.append(
                z3.And(at.now[name], at.choose(f"doses of {each.name} are to come")) if lasts else at.now[name]
            )
    first = any_of(z3.Not(at.now[world.due(each.name)]) for each in checks if each.selector is None)
    own = []
    for check in checks:
        if check.selector is not None:
            fallen = z3.And(at.now[world.due(check.name)], z3.Not(at.choose(f"{check.name} is to come")))
            own.append(z3.And(_not_replaced(reader, check.selector, at), z3.Not(fallen)))
    return any_of((*doses, z3.And(taken(reader, reader.treats, at), first), *own))


def _not_replaced(reader: "Reader", selector: Selector, at: Moment) -> z3.BoolRef:
    """Return 'the response belongs to a course of these, and none has taken its place': then no check would come."""
    rows = [row for row in reader.pathway.replaces if row.at == "confirmation"]
    parts = []
    for each in reader.pathway.regimens:
        unanswered, running = world.course("unanswered", each), world.course("in force", each)
        if each in selector and unanswered in at.now:
            may_be = any(each in row.what for row in rows)
            there = z3.Or(at.now[running], at.choose(f"{each} was not replaced")) if may_be else TRUE
            parts.append(z3.And(at.now[unanswered], there))
    return any_of(parts)


Answer = Callable[[Reader, tuple[Any, ...], Moment], Tri]


def _about(what: str) -> Answer:
    return lambda _, args, at: sure(at.now[world.course(what, args[0])])


def _about_kind(what: str) -> Answer:
    return lambda reader, args, at: reader.some(what, at, reader.kind(args[0]))


def _only(reader: Reader, args: tuple[Any, ...], at: Moment) -> Tri:
    others = reader.some("given", at, lambda each: each != args[0] and reader.treats(each))
    return sure(z3.And(at.now[world.course("given", args[0])], z3.Not(others.true)))


def _deciding(reader: Reader, args: tuple[Any, ...], at: Moment) -> Tri:
    there, spent = reader.names.is_known(args[0], at.now), at.now[world.spent(args[0])]
    return Tri(z3.And(there, z3.Not(spent)), z3.And(there, spent))


def _confirming(reader: Reader, args: tuple[Any, ...], at: Moment) -> Tri:
    line = (each for each, stage in reader.pathway.lines.items() if stage == args[0])
    return sure(any_of(at.signals.confirmed[each] for each in line if each in at.signals.confirmed))


def _treating(reader: Reader, _: tuple[Any, ...], at: Moment) -> Tri:
    return sure(any_of(each for regimen, each in at.signals.confirmed.items() if reader.treats(regimen)))


def _open(name: str) -> Answer:
    """Return the answer of a function that may say either."""
    return lambda _, args, at: sure(at.choose(f"{name}({', '.join(map(str, args))})"))


def _confirmed_after(reader: Reader, args: tuple[Any, ...], at: Moment) -> Tri:
    ever, there = at.now[world.course("confirmed", args[0])], reader.names.is_known(args[1], at.now)
    late = at.choose(f"confirmed_after{args}")
    return Tri(z3.And(ever, there, late), z3.Or(z3.Not(ever), z3.And(there, z3.Not(late))))


_CALLS: dict[str, Answer] = {
    "in_force": _about("in force"),
    "in_force_kind": _about_kind("in force"),
    "given": _about("given"),
    "given_kind": _about_kind("given"),
    "belongs": _about("unanswered"),
    "belongs_kind": _about_kind("unanswered"),
    "belongs_any": lambda reader, _, at: reader.some("unanswered", at, reader.treats),
    "ever_given": lambda reader, args, at: reader.some(
        "ever", at, lambda each: reader.pathway.lines.get(each) == args[0]
    ),
    "ever_given_kind": _about_kind("ever"),
    "failed": _about("failed"),
    "failed_kind": _about_kind("failed"),
    "only": _only,
    "answered": lambda _, args, at: sure(at.now[world.answered(*args)]),
    "known": lambda reader, args, at: sure(reader.names.is_known(args[0], at.now)),
    "deciding": _deciding,
    "completed": lambda _, args, at: sure(at.now[f"completed {args[0]}"]),
    "reached": lambda _, args, at: sure(at.now[f"reached {args[0]}"]),
    "relapsed": lambda _, __, at: sure(at.now[world.RELAPSED]),
    "improved": lambda _, __, at: sure(at.now[world.IMPROVED]),
    "tapered": lambda _, __, at: sure(at.now[world.TAPERED]),
    "due": lambda _, args, at: sure(at.now[world.due(args[0])]),
    "falling_due": lambda _, args, at: sure(at.signals.falling.get(args[0], FALSE)),
    "taper_ending": lambda _, __, at: sure(at.signals.taper_ending),
    "confirming": _confirming,
    "treating": _treating,
    "treated": lambda reader, _, at: sure(to_come(reader, at)),
    "taken": lambda reader, args, at: sure(taken(reader, lambda each: each == args[0], at)),
    "taken_kind": lambda reader, args, at: sure(taken(reader, reader.kind(args[0]), at)),
    "begun": lambda _, args, at: sure(z3.And(at.now[world.course("given", args[0])], at.choose(f"begun({args[0]})"))),
    "began_within": lambda _, args, at: sure(
        z3.And(at.now[world.course("in force", args[0])], at.choose(f"began_within{args}"))
    ),
    "confirmed_after": _confirmed_after,
    "recorded_since": _open("recorded_since"),
    "raised": _open("raised"),
    "newer": _open("newer"),
}
