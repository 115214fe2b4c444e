"""Which questions may a guard ask about an episode?

The functions of the guard language, with the words a clinician reads. Their answers are in ``episode/host.py``. Each
takes names of the pathway's own vocabulary and answers true or false; only facts can be unknown.
"""

from collections.abc import Mapping

from orchestrator.pathway.expression import (
    BOOL,
    DATE,
    DURATION,
    NUMBER,
    Enum,
    Expression,
    Function,
    Literal,
    OneOf,
    Scope,
    SetOf,
    Type,
)
from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.language.tree import Simple

_FACT_TYPES: dict[str, Type] = {"number": NUMBER, "bool": BOOL, "date": DATE}

# name -> (what each parameter names, words)
_FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "in_force": (("regimen",), "{0} is in force"),
    "in_force_kind": (("kind",), "a {0} course is in force"),
    "given": (("regimen",), "{0} was given"),
    "given_kind": (("kind",), "a {0} course was given"),
    "ever_given": (("stage",), "a {0} course was given before"),
    "ever_given_kind": (("kind",), "a {0} course was ever given"),
    "begun": (("regimen",), "{0} has begun"),
    "confirmed_after": (("regimen", "fact", "duration"), "{0} was first confirmed over {2} after {1}"),
    "belongs": (("regimen",), "the response is to {0}"),
    "belongs_kind": (("kind",), "the response is to {0}"),
    "belongs_any": ((), "the response is to a treatment"),
    "only": (("regimen",), "only {0} was given"),
    "taken": (("regimen",), "{0} was taken and is still to be answered"),
    "taken_kind": (("kind",), "{0} was taken and is still to be answered"),
    "improved": ((), "a treatment has brought meaningful improvement"),
    "failed": (("regimen",), "{0} brought no meaningful improvement"),
    "failed_kind": (("kind",), "{0} brought no meaningful improvement"),
    "answered": (("regimen", "response"), "the response to {0} was {1}"),
    "recorded_since": (("fact", "regimen"), "{0} was recorded after {1} was confirmed"),
    "raised": (("fact", "regimen"), "{0} is higher than when {1} was confirmed"),
    "newer": (("fact", "fact"), "{0} was recorded after {1}"),
    "known": (("fact",), "something is recorded for {0}"),
    "deciding": (("fact",), "a {0} not yet acted on is recorded"),
    "completed": (("task",), "the task {0} is completed"),
    "reached": (("stage",), "the stage {0} was reached before"),
    "relapsed": ((), "the patient has relapsed"),
    "due": (("check",), "the check {0} has fallen due"),
    "falling_due": (("check",), "the check {0} falls due"),
    "confirming": (("stage",), "a {0} regimen is confirmed"),
    "treating": ((), "a treatment is confirmed"),
    "treated": ((), "something of a treatment is still to come"),
    "tapered": ((), "the steroid's taper is complete"),
    "taper_ending": ((), "a taper is completed"),
    "began_within": (("regimen", "kind", "duration"), "{0} began within {2} after a dose of {1}"),
}


def fact_type(fact: Fact) -> Type:
    """Return the type of a fact in the guard language."""
    if fact.kind == "enum":
        return Enum(fact.values)
    return SetOf(fact.values) if fact.kind == "set" else _FACT_TYPES[fact.kind]


def scope(
    facts: Mapping[str, Fact],
    names: Mapping[str, tuple[str, ...]],
    definitions: Mapping[str, Expression],
    constants: Mapping[str, Literal] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Scope:
    """Return the names that a pathway's guards may use.

    names: by what they name: regimen, kind, fact, task, stage, check and response.   constants: named values.
    titles: of regimens, by name.
    """
    variables = {name: fact_type(fact) for name, fact in facts.items()}
    functions = {
        name: Function(tuple(_parameter(each, names) for each in parameters), BOOL, words)
        for name, (parameters, words) in _FUNCTIONS.items()
    }
    labels = {name: fact.label for name, fact in facts.items()} | regimen_labels(titles or {})
    return Scope(variables, functions, definitions, {"stage": Enum(names["stage"])}, labels, constants or {})


def regimen_labels(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the words for regimens in guards; a kind that goes by a regimen's name is called as that regimen."""
    return {f"{what} {name}": title for what in ("regimen", "kind") for name, title in titles.items() if title}


def _parameter(what: str, names: Mapping[str, tuple[str, ...]]) -> OneOf | Simple:
    return DURATION if what == "duration" else OneOf(what, frozenset(names[what]))
