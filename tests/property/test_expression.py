"""For any guard and any facts: does the compiled function agree with a plain reading of the tree, and with CEL?"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import cel
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import PathwayError
from orchestrator.pathway.expression import (
    BOOL,
    DURATION,
    NUMBER,
    Clause,
    Enum,
    Function,
    OneOf,
    Scope,
    SetOf,
    parse,
)

LEVELS = ("mild", "moderate", "severe")
FOUND = ("gad", "hu", "yo")
HOSTED = ("ivig", "plex")
SCOPE = Scope(
    {
        "severity": Enum(LEVELS),
        "agitated": BOOL,
        "seizures": BOOL,
        "icars": NUMBER,
        "antibodies": SetOf(FOUND),
    },
    {"in_force": Function((OneOf("regimen", frozenset(HOSTED)),), BOOL, "{0} is in force")},
    host_variables={"waited": DURATION},
)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
World = Mapping[str, Any]
"""Facts and what the host knows, by name; None is unknown."""


@dataclass(frozen=True)
class Guard:
    """A guard as text, and its meaning read by a second, plain hand."""

    text: str
    meaning: Callable[[World], bool | None]
    cel: bool = True
    """Whether CEL can say the same."""


@dataclass(frozen=True)
class Host:
    world: World

    @property
    def waited(self) -> timedelta | None:
        found: timedelta | None = self.world["waited"]
        return found

    def in_force(self, regimen: str) -> bool | None:
        found: bool | None = self.world[regimen]
        return found


def lifted(name: str, test: Callable[[Any], bool]) -> Callable[[World], bool | None]:
    return lambda world: None if world[name] is None else test(world[name])


def level(sign: str, value: str) -> Guard:
    meaning = lifted("severity", lambda found: OPERATORS[sign](LEVELS.index(found), LEVELS.index(value)))
    return Guard(f"severity {sign} '{value}'", meaning, sign in ("==", "!="))


def score(sign: str, value: int) -> Guard:
    return Guard(f"icars {sign} {value}", lifted("icars", lambda found: OPERATORS[sign](found, value)))


def score_reversed(sign: str, value: int) -> Guard:
    return Guard(f"{value} {sign} icars", lifted("icars", lambda found: OPERATORS[sign](value, found)))


def elapsed(sign: str, hours: int) -> Guard:
    limit = timedelta(hours=hours)
    return Guard(f"waited {sign} duration('{hours}h')", lifted("waited", lambda found: OPERATORS[sign](found, limit)))


def among(values: list[str]) -> Guard:
    return Guard(f"severity in {values}", lifted("severity", lambda found: found in values))


def includes(value: str) -> Guard:
    return Guard(f"'{value}' in antibodies", lifted("antibodies", lambda found: value in found))


def negation(part: Guard) -> Guard:
    def meaning(world: World) -> bool | None:
        value = part.meaning(world)
        return None if value is None else not value

    return Guard(f"!({part.text})", meaning, part.cel)


def conjunction(parts: list[Guard]) -> Guard:
    def meaning(world: World) -> bool | None:
        values = [part.meaning(world) for part in parts]
        return False if False in values else None if None in values else True

    return Guard(" && ".join(f"({part.text})" for part in parts), meaning, all(part.cel for part in parts))


def disjunction(parts: list[Guard]) -> Guard:
    def meaning(world: World) -> bool | None:
        values = [part.meaning(world) for part in parts]
        return True if True in values else None if None in values else False

    return Guard(" || ".join(f"({part.text})" for part in parts), meaning, all(part.cel for part in parts))


def agreement(sign: str, one: Guard, other: Guard) -> Guard:
    def meaning(world: World) -> bool | None:
        values = one.meaning(world), other.meaning(world)
        return None if None in values else OPERATORS[sign](*values)

    return Guard(f"({one.text}) {sign} ({other.text})", meaning, one.cel and other.cel)


def loose(one: Guard, other: Guard, third: Guard) -> Guard:
    """``a || b && c`` without parentheses around the conjunction: precedence."""
    both = conjunction([other, third])
    meaning = disjunction([one, both]).meaning
    return Guard(f"({one.text}) || ({other.text}) && ({third.text})", meaning, one.cel and both.cel)


signs = st.sampled_from(sorted(OPERATORS))
atoms = st.one_of(
    st.sampled_from(["agitated", "seizures"]).map(lambda name: Guard(name, lambda world: world[name])),
    st.sampled_from(HOSTED).map(lambda name: Guard(f"in_force('{name}')", lambda world: world[name])),
    st.booleans().map(lambda value: Guard(str(value).lower(), lambda _: value)),
    st.builds(level, signs, st.sampled_from(LEVELS)),
    st.builds(score, signs, st.integers(-2, 4)),
    st.builds(score_reversed, signs, st.integers(-2, 4)),
    st.builds(elapsed, signs, st.integers(0, 3)),
    st.lists(st.sampled_from(LEVELS), min_size=1, unique=True).map(among),
    st.sampled_from(FOUND).map(includes),
    st.sampled_from(["==", "!="]).map(
        lambda sign: Guard(f"antibodies {sign} []", lifted("antibodies", lambda found: bool(found) is (sign == "!=")))
    ),
)
guards = st.recursive(
    atoms,
    lambda parts: st.one_of(
        parts.map(negation),
        st.lists(parts, min_size=2, max_size=4).map(conjunction),
        st.lists(parts, min_size=2, max_size=4).map(disjunction),
        st.builds(agreement, st.sampled_from(["==", "!="]), parts, parts),
        st.builds(loose, parts, parts, parts),
    ),
    max_leaves=8,
)
known: dict[str, st.SearchStrategy[Any]] = {
    "severity": st.sampled_from(LEVELS),
    "agitated": st.booleans(),
    "seizures": st.booleans(),
    "icars": st.integers(-3, 5),
    "antibodies": st.frozensets(st.sampled_from(FOUND)),
    "waited": st.integers(0, 4).map(lambda hours: timedelta(hours=hours)),
    "ivig": st.booleans(),
    "plex": st.booleans(),
}
worlds = st.fixed_dictionaries({name: st.none() | values for name, values in known.items()})
known_worlds = st.fixed_dictionaries(known)
FACTS = frozenset(known) - {"waited", *HOSTED}


def facts_of(world: World) -> dict[str, Any]:
    return {name: world[name] for name in FACTS if world[name] is not None}


@given(guards, worlds)
def test_the_compiled_function_agrees_with_a_plain_reading(guard: Guard, world: World) -> None:
    assert parse(guard.text, SCOPE).test(facts_of(world), Host(world)) is guard.meaning(world)


@given(guards, worlds, known_worlds)
def test_learning_a_fact_never_changes_what_was_decided(guard: Guard, world: World, rest: World) -> None:
    expression = parse(guard.text, SCOPE)
    before = expression.test(facts_of(world), Host(world))
    learnt = {name: rest[name] if value is None else value for name, value in world.items()}
    after = expression.test(facts_of(learnt), Host(learnt))
    assert after is not None
    assert before in (None, after)


@given(guards, worlds, known_worlds)
def test_what_is_missing_decides(guard: Guard, world: World, rest: World) -> None:
    """A decided guard misses nothing; an undecided one is decided by the facts it names, the host knowing its part."""
    expression = parse(guard.text, SCOPE)
    world = {name: rest[name] if name not in FACTS else value for name, value in world.items()}
    missing = expression.missing(facts_of(world), Host(world))
    assert missing <= {name for name in expression.facts if world[name] is None}
    assert bool(missing) is (expression.test(facts_of(world), Host(world)) is None)
    told = {name: rest[name] if name in missing else value for name, value in world.items()}
    assert expression.test(facts_of(told), Host(told)) is not None


@given(guards, worlds)
def test_an_undecided_guard_misses_a_fact_or_waits_for_the_host(guard: Guard, world: World) -> None:
    expression = parse(guard.text, SCOPE)
    missing = expression.missing(facts_of(world), Host(world))
    if guard.meaning(world) is None and not missing:
        assert None in (world["waited"], world["ivig"], world["plex"])


@given(guards, worlds)
def test_an_explanation_agrees_with_the_outcome_in_every_clause(guard: Guard, world: World) -> None:
    expression = parse(guard.text, SCOPE)
    clause = expression.explain(facts_of(world), Host(world))
    assert (clause.words, clause.value) == (expression.words, guard.meaning(world))
    assert_told(clause, world)


def assert_told(clause: Clause, world: World) -> None:
    assert clause.words
    assert all(world[name] == value for name, value in clause.facts)
    for part in clause.clauses:
        assert_told(part, world)


@given(guards.filter(lambda guard: guard.cel), known_worlds)
def test_with_all_known_it_is_cel(guard: Guard, world: World) -> None:
    context = cel.Context()
    for name, value in world.items():
        if name not in HOSTED:
            context.add_variable(name, sorted(value) if name == "antibodies" else value)
    context.add_function("in_force", lambda regimen: world[regimen])
    assert parse(guard.text, SCOPE).test(facts_of(world), Host(world)) is cel.evaluate(guard.text, context)


@given(st.decimals(-99, 99, places=2), st.decimals(0, 99, places=2), signs)
def test_decimals_compare_exactly(found: Decimal, written: Decimal, sign: str) -> None:
    guard = parse(f"icars {sign} {written}", SCOPE)
    assert guard.test({"icars": found}, None) is OPERATORS[sign](found, written)


@given(st.text(alphabet="agitated seizures'\"()[]!&|=<>,.5_\n\\é") | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        outcome = parse(text, SCOPE).test({}, None)
    except PathwayError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert outcome in (True, False, None)
