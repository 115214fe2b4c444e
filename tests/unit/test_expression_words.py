"""Goal: a guard is said in words that are plain and mean one thing, and is explained clause by clause."""

from dataclasses import replace

import pytest

from orchestrator.pathway.expression import (
    Clause,
    Scope,
    parse,
)
from tests.unit.guards import PLAIN, RICH, VARIABLES, Host, parsed, scope


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
