"""Goal: a guard that means nothing, or too much, is refused, with its place and what would mend it."""

import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.expression import (
    BOOL,
    MAX_LENGTH,
    Scope,
    is_name,
    parse,
)
from tests.unit.guards import PLAIN, RICH, VARIABLES, Host, parsed, scope


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


@pytest.mark.parametrize("name", ["true", "in", "duration", "_x", "a-b", "é", "", "a.b", "1a", "a\n"])
def test_a_scope_takes_only_names_that_can_be_spelt(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(PathwayError, match="cannot be a name"):
        Scope({name: BOOL})


def test_a_name_means_one_thing() -> None:
    with pytest.raises(PathwayError, match="'agitated' names two things"):
        Scope(VARIABLES, definitions={"agitated": RICH.definitions["bad"]})
