"""The facts, functions and definitions that the tests of guards speak of."""

from datetime import timedelta

from orchestrator.pathway.expression import (
    BOOL,
    DATE,
    DURATION,
    NUMBER,
    Enum,
    Expression,
    Function,
    OneOf,
    Scope,
    SetOf,
    Type,
    parse,
)

SEVERITY = Enum(("mild", "moderate", "severe"))
VARIABLES: dict[str, Type] = {
    "severity": SEVERITY,
    "severity_before": SEVERITY,
    "response": Enum(("none", "partial")),
    "agitated": BOOL,
    "progressing": BOOL,
    "icars": NUMBER,
    "age_years": NUMBER,
    "antibodies": SetOf(("gad", "hu", "yo")),
    "antibodies_before": SetOf(("gad", "hu", "yo")),
    "onset": DATE,
    "seen_on": DATE,
}
HOSTED: dict[str, Type] = {"stage": Enum(("workup", "first-line"))}
FUNCTIONS = {
    "in_force": Function((OneOf("regimen", frozenset({"ivig", "plex"})),), BOOL, "{0} is in force"),
    "given": Function((), BOOL, "something was given", negated="nothing was given"),
    "since": Function((OneOf("fact", frozenset(VARIABLES)),), DURATION, "time since {0}", facts=frozenset),
    "within": Function((OneOf("event", frozenset({"dose"})), DURATION), BOOL, "a {0} was given within {1}"),
}


class Host:
    """Answers what it was made with; None is unknown."""

    stage = "workup"

    def __init__(self, *, in_force: bool | None = True, since: timedelta | None = None) -> None:
        self.answer, self.elapsed = in_force, since

    def in_force(self, regimen: str) -> bool | None:
        return self.answer and regimen == "ivig"

    def given(self) -> bool:
        return False

    def since(self, _fact: str) -> timedelta | None:
        return self.elapsed

    def within(self, _event: str, limit: timedelta) -> bool:
        return limit > timedelta(hours=24)


def scope(**definitions: Expression) -> Scope:
    return Scope(VARIABLES, FUNCTIONS, definitions, host_variables=HOSTED, labels={"onset": "first symptoms"})


PLAIN = scope()
RICH = scope(
    bad=parse("severity >= 'moderate' || agitated", PLAIN),
    grave=parse("severity == 'severe'", PLAIN, words="the patient is gravely ill"),
)


def parsed(text: str) -> Expression:
    return parse(text, RICH)
