"""Does a guard mean what it says: its truth with unknowns, its words, what it waits for, and its errors?"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.expression import (
    BOOL,
    DATE,
    DURATION,
    MAX_LENGTH,
    NUMBER,
    And,
    Clause,
    Compare,
    Defined,
    Enum,
    Expression,
    Function,
    In,
    Listing,
    Literal,
    Not,
    Scope,
    SetOf,
    Type,
    Variable,
    Vocabulary,
    durations,
    is_name,
    parse,
    parse_duration,
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
    "in_force": Function((Vocabulary("regimen", frozenset({"ivig", "plex"})),), BOOL, "{0} is in force"),
    "given": Function((), BOOL, "something was given", negated="nothing was given"),
    "since": Function((Vocabulary("fact", frozenset(VARIABLES)),), DURATION, "time since {0}", facts=frozenset),
    "within": Function((Vocabulary("event", frozenset({"dose"})), DURATION), BOOL, "a {0} was given within {1}"),
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


@pytest.mark.parametrize(
    ("text", "facts", "outcome"),
    [
        ("true", {}, True),
        ("!false", {}, True),
        ("agitated", {"agitated": False}, False),
        ("agitated", {}, None),
        ("agitated", {"agitated": None}, None),
        ("!agitated", {"agitated": False}, True),
        ("!agitated", {}, None),
        ("agitated && progressing", {"agitated": False}, False),
        ("agitated && progressing", {"progressing": False}, False),
        ("agitated && progressing", {"agitated": True}, None),
        ("agitated || progressing", {"progressing": True}, True),
        ("agitated || progressing", {"agitated": False}, None),
        ("agitated || progressing && true", {"agitated": True}, True),
        ("!agitated == progressing", {"agitated": True, "progressing": False}, True),
        ("severity == 'severe'", {"severity": "severe"}, True),
        ("severity != 'severe'", {"severity": "mild"}, True),
        ("severity != 'severe'", {}, None),
        ("severity < 'severe'", {"severity": "moderate"}, True),
        ("severity > 'moderate'", {"severity": "moderate"}, False),
        ("severity <= 'moderate'", {"severity": "moderate"}, True),
        ("'moderate' <= severity", {"severity": "severe"}, True),
        ("severity > severity_before", {"severity": "severe", "severity_before": "mild"}, True),
        ("severity > severity_before", {"severity": "severe"}, None),
        ("severity in ['mild', 'moderate']", {"severity": "mild"}, True),
        ("severity in ['mild']", {}, None),
        ("'gad' in antibodies", {"antibodies": frozenset({"gad"})}, True),
        ("'gad' in antibodies", {"antibodies": []}, False),
        ("'gad' in antibodies", {}, None),
        ("antibodies == []", {"antibodies": ()}, True),
        ("antibodies == ['hu', 'gad']", {"antibodies": ["gad", "hu"]}, True),
        ("antibodies != antibodies_before", {"antibodies": ["gad"], "antibodies_before": ("gad",)}, False),
        ("icars >= 10.5", {"icars": Decimal("10.5")}, True),
        ("icars >= 10.5", {"icars": 10}, False),
        ("10 < icars", {"icars": 11}, True),
        ("icars > -1", {"icars": 0}, True),
        ("icars in [1, 2.5]", {"icars": Decimal("2.50")}, True),
        ("icars == age_years", {"icars": 5, "age_years": Decimal("5.0")}, True),
        ("onset < seen_on", {"onset": date(2024, 1, 1), "seen_on": date(2024, 1, 2)}, True),
        ("stage == 'workup'", {}, True),
        ("stage in ['first-line']", {}, False),
        ("in_force('ivig')", {}, True),
        ('in_force("plex")', {}, False),
        ("given()", {}, False),
        ("since('severity') >= duration('3d')", {}, None),
        ("within('dose', duration('2d'))", {}, True),
        ("within('dose', duration('24h'))", {}, False),
        ("(agitated || true) == true", {}, True),
        ("bad && !grave", {"severity": "moderate"}, True),
        ("bad", {"agitated": True}, True),
        ("1 < 2", {}, True),
        ("agitated\n  && progressing", {"agitated": False}, False),
    ],
)
def test_truth(text: str, facts: dict[str, Any], outcome: bool | None) -> None:
    assert parsed(text).test(facts, Host()) is outcome


def test_an_unknown_answer_of_the_host_is_unknown() -> None:
    expression = parsed("in_force('ivig') || agitated")
    assert expression.test({"agitated": False}, Host(in_force=None)) is None
    assert expression.test({"agitated": True}, Host(in_force=None)) is True
    assert parsed("since('onset') >= duration('72h')").test({}, Host(since=timedelta(days=3))) is True


def test_a_value_that_the_enum_does_not_have_raises_nothing() -> None:
    assert parsed("severity >= 'mild'").test({"severity": "other"}, Host()) is False


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("severty == 'mild'", "unknown fact 'severty' at column 1; did you mean 'severity'?"),
        ("severity == 'sever'", "'sever' is not one of mild, moderate, severe at column 13; did you mean 'severe'?"),
        ("severity in ['mild', 'xx']", "'xx' is not one of mild, moderate, severe at column 22"),
        ("'xx' in antibodies", "'xx' is not one of gad, hu, yo at column 1"),
        ("antibodies == ['xx']", "'xx' is not one of gad, hu, yo at column 16"),
        ("icars == 'x'", "cannot compare number with text at column 7"),
        ("icars == antibodies", "cannot compare number with set at column 7"),
        ("icars == severity", "cannot compare number with text at column 7"),
        ("onset > icars", "cannot compare date with number at column 7"),
        ("severity == response", "cannot compare one of mild, moderate, severe with one of none, partial at column 10"),
        ("antibodies == 'gad'", "cannot compare set with text at column 12; write 'gad' in antibodies"),
        ("antibodies < []", "sets have no order for '<' at column 12; use == or !=, or 'in'"),
        ("agitated < true", "bool has no order for '<' at column 10; use == or !="),
        ("'a' < 'b'", "text has no order for '<' at column 5; use == or !="),
        ("severity == ['mild']", "cannot compare text with list at column 10"),
        ("[] == []", "cannot compare list with list at column 4"),
        ("icars", "a condition is needed here, not icars at column 1; compare it with something"),
        ("agitated && 'x'", "a condition is needed here, not a text at column 13; compare it with something"),
        ("icars in severity", "'in' needs a list or a set on its right, not severity at column 10"),
        ("icars in 5", "'in' needs a list or a set on its right, not a number at column 10"),
        ("icars in antibodies", "this set holds gad, hu, yo, not icars at column 7"),
        ("icars in []", "nothing is in an empty list at column 10"),
        ("icars in ['a']", "number cannot be in a list of text at column 7"),
        ("icars in [1, 'a']", "a list cannot hold both number and text at column 14"),
        ("icars in [1, 1.0]", "'1' is listed twice at column 11"),
        (
            "icars in [age_years]",
            "only constants may stand here, not 'age_years' at column 11; did you mean the text 'age_years'?",
        ),
        ("icars in [[1]]", "only constants may stand here at column 11"),
        ("in_force('ivgi')", "'ivgi' is not a regimen at column 10; did you mean 'ivig'?"),
        ("within('x', duration('1h'))", "'x' is not an event at column 8"),
        ("within('dose', 5)", "a duration is needed here, not a number at column 16"),
        ("in_force(ivig)", "only constants may stand here, not 'ivig' at column 10; did you mean the text 'ivig'?"),
        ("in_force()", "'in_force' takes 1 argument, not 0 at column 1"),
        ("given('x')", "'given' takes 0 arguments, not 1 at column 1"),
        ("inforce('ivig')", "unknown function 'inforce' at column 1; did you mean 'in_force'?"),
        ("in_force", "'in_force' is a function at column 1; call it: in_force('…')"),
        ("duration('3w') == duration('1h')", "'3w' is no duration at column 10; write it like"),
        ("duration('') == duration('1h')", "'' is no duration at column 10"),
        ("duration(3) == duration('1h')", "'duration' takes one text at column 1"),
        ("severity = 'mild'", "'=' has no meaning here at column 10; did you mean '=='?"),
        ("agitated & progressing", "'&' has no meaning here at column 10; did you mean '&&'?"),
        ("agitated and progressing", "unexpected 'and' at column 10; did you mean '&&'?"),
        ("not agitated", "unexpected 'not' at column 1; did you mean '!'?"),
        ("agitated &&", "the expression ends too early at column 12"),
        ("", "the expression ends too early at column 1"),
        ("(agitated", "the expression ends too early at column 10; expected ')'"),
        ("in_force('ivig' 'plex')", "unexpected 'plex' at column 17; expected ','"),
        ("agitated)", "unexpected ')' at column 9"),
        ("severity == 'mild", "a text without end, or with a quote or a backslash in it at column 13"),
        (r"severity == 'mi\x6cd'", "a text without end, or with a quote or a backslash in it at column 13"),
        ("icars > 12abc", "'12abc' is no number at column 9"),
        ("icars > 1e5", "'1e5' is no number at column 9"),
        ("icars - 1 > 2", "'-' has no meaning here at column 7"),
        ("icars < 1 < 2", "a second '<' in one comparison at column 11; put parentheses around one of them"),
        ("!!agitated", "'!!' means nothing more than what follows it at column 1; remove both"),
        ("agitated.__class__", "'.__class__' has no meaning here at column 9"),
        ("__import__('os')", "unknown function '__import__' at column 1"),
        ("icars in [1,]", "unexpected ']' at column 13"),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_would_mend_it(text: str, what: str) -> None:
    with pytest.raises(PathwayError) as caught:
        parsed(text)
    assert str(caught.value).startswith(what)
    assert "\n" not in str(caught.value)


def test_a_fault_in_a_file_is_named_with_its_line() -> None:
    with pytest.raises(PathwayError, match=r"^p\.yaml:7: unknown fact 'x' at column 15$"):
        parse("5 > x", PLAIN, file="p.yaml", line=7, column=11)
    with pytest.raises(PathwayError, match=r"^p\.yaml:8: unknown fact 'x' at column 4$"):
        parse("agitated &&\n   x", PLAIN, file="p.yaml", line=7, column=11)


def chain(length: int) -> Scope:
    """Definitions of definitions: each is the negation of the one before."""
    found = {"d0": parse("agitated", PLAIN)}
    for step in range(1, length):
        found[f"d{step}"] = parse(f"!d{step - 1}", scope(**found))
    return scope(**found)


def tower(height: int) -> Scope:
    """Definitions of definitions: each uses the one before ten times."""
    found = {"d0": parse("agitated", PLAIN)}
    for step in range(1, height):
        found[f"d{step}"] = parse(" && ".join([f"d{step - 1}"] * 10), scope(**found))
    return scope(**found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (" " * MAX_LENGTH + "x", "an expression of more than 2000 characters"),
        ("(" * 21 + "agitated" + ")" * 21, "nested more than 20 deep"),
        ("[" * 1500, "nested more than 20 deep"),
        ("f(" * 900, "nested more than 20 deep"),
        ("!(" * 900, "nested more than 20 deep"),
        ("||".join(["true"] * 200), "an expression of more than 200 parts"),
    ],
)
def test_an_expression_is_bounded(text: str, what: str) -> None:
    with pytest.raises(PathwayError, match=what):
        parsed(text)


def test_definitions_of_definitions_are_bounded() -> None:
    with pytest.raises(PathwayError, match="more than 40 levels, definitions written out"):
        chain(30)
    with pytest.raises(PathwayError, match="more than 1000 parts, definitions written out"):
        tower(5)


def test_the_largest_expressions_run() -> None:
    deepest = chain(20)
    assert parse("d19", deepest).test({"agitated": True}, Host()) is False
    assert parse("||".join(["agitated"] * 199), PLAIN).test({"agitated": False}, Host()) is False
    nested = "!(agitated && " * 18 + "agitated" + ")" * 18
    assert parse(nested, PLAIN).test({}, Host()) is None


@pytest.mark.parametrize(
    ("text", "facts", "missing"),
    [
        ("agitated && progressing", {}, {"agitated", "progressing"}),
        ("agitated && progressing", {"agitated": False}, set()),
        ("agitated && progressing", {"agitated": True}, {"progressing"}),
        ("agitated || (progressing && icars > 5)", {"progressing": False}, {"agitated"}),
        ("severity > severity_before", {"severity": "mild"}, {"severity_before"}),
        ("!(severity == 'mild')", {}, {"severity"}),
        ("severity in ['mild']", {}, {"severity"}),
        ("'gad' in antibodies", {}, {"antibodies"}),
        ("since('onset') > duration('1h')", {}, {"onset"}),
        ("since('onset') > duration('1h')", {"onset": date(2024, 1, 1)}, set()),
        ("bad", {"severity": "mild"}, {"agitated"}),
        ("agitated == false || true", {}, set()),
    ],
)
def test_what_is_missing_are_the_facts_of_undetermined_branches(
    text: str, facts: dict[str, Any], missing: set[str]
) -> None:
    assert parsed(text).missing(facts, Host()) == missing


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("severity == 'severe' && !progressing", "severity is severe and progressing is not present"),
        (
            "agitated && (progressing || icars < 5)",
            "agitated is present and (progressing is present or icars is below 5)",
        ),
        ("severity >= 'moderate'", "severity is at least moderate"),
        ("!(severity < 'moderate')", "severity is at least moderate"),
        ("severity < 'moderate' || severity > 'mild'", "severity is less than moderate or severity is more than mild"),
        ("severity in ['mild', 'moderate'] && agitated", "(severity is mild or moderate) and agitated is present"),
        (
            "!(severity in ['mild', 'moderate']) || agitated",
            "(severity is neither mild nor moderate) or agitated is present",
        ),
        ("severity in ['mild']", "severity is mild"),
        ("!(severity in ['mild'])", "severity is not mild"),
        ("'gad' in antibodies", "antibodies include gad"),
        ("!('gad' in antibodies)", "antibodies do not include gad"),
        ("antibodies == []", "antibodies are empty"),
        ("antibodies != []", "antibodies are not empty"),
        ("antibodies == ['gad', 'hu'] || agitated", "(antibodies are exactly gad and hu) or agitated is present"),
        ("antibodies == antibodies_before", "antibodies is antibodies before"),
        ("age_years <= 17.5", "age years is at most 17.5"),
        ("onset > seen_on", "first symptoms is above seen on"),
        ("!(agitated || progressing)", "not (agitated is present or progressing is present)"),
        ("agitated == false", "agitated is not present"),
        ("agitated != false", "agitated is present"),
        ("agitated == progressing", "(agitated is present) exactly when (progressing is present)"),
        ("true && (agitated != progressing)", "always and ((agitated is present) or else (progressing is present))"),
        ("((agitated || progressing) == true) && true", "(agitated is present or progressing is present) and always"),
        ("in_force('ivig') && !in_force('plex')", "ivig is in force and plex is not in force"),
        ("given() || !given()", "something was given or nothing was given"),
        ("since('onset') >= duration('72h')", "time since first symptoms is at least 72 hours"),
        ("within('dose', duration('2d4h'))", "a dose was given within 52 hours"),
        ("stage == 'workup'", "the stage is workup"),
        ("bad && agitated", "(severity is at least moderate or agitated is present) and agitated is present"),
        ("!bad", "not (severity is at least moderate or agitated is present)"),
        ("grave && !grave", "the patient is gravely ill and the patient is not gravely ill"),
        ("!true", "never"),
        ("!(false)", "always"),
        ("1 < 2", "1 is below 2"),
    ],
)
def test_words_are_plain_and_unambiguous(text: str, words: str) -> None:
    assert parsed(text).words == words


def test_the_words_of_a_definition_may_be_given_later() -> None:
    grave = replace(parse("severity == 'severe'", PLAIN), own_words="gravely ill")
    assert parse("grave", scope(grave=grave)).words == "gravely ill"
    labelled = Scope(VARIABLES, definitions={"bad": RICH.definitions["bad"]}, labels={"bad": "in a bad way"})
    assert parse("!bad", labelled).words == "not (in a bad way)"


def test_an_explanation_gives_each_clause_its_truth_and_its_facts() -> None:
    expression = parsed("grave && !(bad) && (stage == 'workup' || since('onset') > duration('1h'))")
    found = expression.explain({"severity": "mild"}, Host())
    severe = Clause("severity is severe", False, (("severity", "mild"),), ())
    worse = Clause("severity is at least moderate", False, (("severity", "mild"),), ())
    restless = Clause("agitated is present", None, (("agitated", None),), ())
    either = "severity is at least moderate or agitated is present"
    assert (found.words, found.value, found.facts) == (expression.words, False, ())
    assert found.clauses == (
        Clause("the patient is gravely ill", False, (), (severe,)),
        Clause(f"not ({either})", None, (), (Clause(either, None, (), (worse, restless)),)),
        Clause(
            "the stage is workup or time since first symptoms is above 1 hour",
            True,
            (),
            (
                Clause("the stage is workup", True, (), ()),
                Clause("time since first symptoms is above 1 hour", None, (("onset", None),), ()),
            ),
        ),
    )
    assert parsed("!agitated").explain({"agitated": True}, Host()) == Clause(
        "agitated is not present", False, (("agitated", True),), ()
    )
    assert RICH.definitions["grave"].explain({}, Host()).words == "the patient is gravely ill"
    assert parsed("true").explain({}, Host()) == Clause("always", True, (), ())


def test_an_expression_knows_the_facts_and_durations_that_it_reads() -> None:
    expression = parsed("grave || since('onset') > duration('2d4h30m') || stage == 'workup'")
    assert expression.facts == {"severity", "onset"}
    assert durations(expression.tree) == {timedelta(days=2, hours=4, minutes=30)}


def test_the_tree_is_plain_data() -> None:
    mild = Literal("mild", SEVERITY, "mild")
    body = RICH.definitions["grave"].tree
    assert parsed("!(severity in ['mild']) && 'mild' == severity && grave").tree == And(
        (
            Not(In(Variable("severity", SEVERITY), Listing((mild,), SEVERITY))),
            Compare("==", Variable("severity", SEVERITY), mild),
            Defined("grave", body),
        )
    )
    assert parsed("stage == 'workup'") == parsed("stage == 'workup'")
    assert hash(parsed("bad && in_force('ivig')"))


@pytest.mark.parametrize("name", ["true", "in", "duration", "_x", "a-b", "é", "", "a.b", "1a", "a\n"])
def test_a_scope_takes_only_names_that_can_be_spelt(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(PathwayError, match="cannot be a name"):
        Scope({name: BOOL})


def test_a_name_means_one_thing() -> None:
    with pytest.raises(PathwayError, match="'agitated' names two things"):
        Scope(VARIABLES, definitions={"agitated": RICH.definitions["bad"]})


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("72h", 72),
        ("3d", 72),
        ("2d4h", 52),
        ("90m", 1.5),
        ("0h", 0),
        ("", None),
        ("3", None),
        ("h", None),
        ("4h2d", None),
    ],
)
def test_durations_are_elapsed_time(text: str, hours: float | None) -> None:
    assert parse_duration(text) == (None if hours is None else timedelta(hours=hours))
