"""Is YAML read as 1.2 core, with its lines, and is everything else refused with file, line and hint?"""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.errors import InvalidCommand, PathwayError
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.reader import MAX_BYTES, MAX_DEPTH, Map, Seq, read_file, read_text


def read(text: str) -> Map:
    value = read_text(text, "p.yaml")
    assert isinstance(value, Map)
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("72h", "72h"),
        ("0b11", "0b11"),
        ("tRue", "tRue"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("5.", Decimal("5")),
        ("1e3", Decimal("1000")),
        ("|\n  12", "12\n"),
        (">\n  true", "true\n"),
    ],
)
def test_scalars_are_those_of_yaml_1_2_core(text: str, value: object) -> None:
    found = read(f"key: {text}\n")["key"]
    assert found == value or (found is None and value is None)
    assert type(found) is type(value)


def test_a_decimal_keeps_its_digits() -> None:
    assert str(read("dose: 0.10")["dose"]) == "0.10"


def test_keys_are_text_as_written() -> None:
    assert list(read("on: 1\n1: 2\ntrue: 3\nnull: 4\n")) == ["on", "1", "true", "null"]


def test_every_value_knows_its_line() -> None:
    value = read("# first\na: 1\nb:\n  - x\n  -\n    c: 2\n\n    d: 3\n")
    assert (value.line, value.line_of("a"), value.line_of("b"), value.line_of("z")) == (2, 2, 3, 2)
    items = value["b"]
    assert isinstance(items, Seq)
    assert (items.line, items.line_of(0), items.line_of(-1), items.line_of(7)) == (4, 4, 6, 4)
    assert (items[1].line, items[1].line_of("d")) == (6, 8)


def test_an_empty_file_is_nothing() -> None:
    assert read_text("", "p.yaml") is None
    assert read_text("# only a comment\n", "p.yaml") is None
    assert read_text("--- 5\n", "p.yaml") == 5


def test_a_file_may_say_that_it_is_yaml_1_2() -> None:
    """Programs that write YAML begin with it; the lines are those of the whole file."""
    value = read("%YAML 1.2\n---\na: on\n...\n")
    assert (value, value.line_of("a")) == ({"a": "on"}, 3)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is given twice; first on line 1"),
        ("a:\n  b: {c: 1, c: 2}\n", 2, "key 'c' is given twice"),
        ("a: 1\nb: *x\n", 2, "alias '*x' is not allowed"),
        ("a: &x 1\n", 1, "anchor '&x' is not allowed"),
        ("a: &x [1]\n", 1, "anchor '&x' is not allowed"),
        ("&x a: 1\n", 1, "anchor '&x' is not allowed"),
        ("*x : 1\n", 1, "alias '*x' is not allowed"),
        ("<<: *x\n", 1, "alias '*x' is not allowed"),
        ("a: !!python/object:os.system 1\n", 1, "tag 'tag:yaml.org,2002:python/object:os.system' is not allowed"),
        ("a: !local {}\n", 1, "tag '!local' is not allowed"),
        ("a: ! 1\n", 1, "tag '!' is not allowed"),
        ("--- 1\n--- 2\n", 2, "a second document is not allowed"),
        ("%YAML 1.1\n--- 2\n", 1, "this YAML directive is not allowed"),
        ("%YAML 1.2\n%TAG ! !x\n--- 2\n", 1, "this YAML directive is not allowed"),
        ("[a]: 1\n", 1, "a key must be text"),
        ("? {a: 1}\n: 1\n", 1, "a key must be text"),
        ("a: b: c\n", 1, "is not well-formed YAML: mapping values are not allowed"),
        ("a: 1\nb: [\n", 3, "is not well-formed YAML"),
        ("a: \x01\n", 1, "the character U+0001 is not allowed; take it out, or save the file as UTF-8"),
        ("a: 1\r\nb: 2\rc: x\0\n", 3, "the character U+0000 is not allowed"),
        ("a: 1\nb: \ud800\n", 2, "the character U+D800 is not allowed"),
        ("a: b: c\n", 1, "; quote a text that holds ': '"),
        ("a: @b\n", 1, "; quote a text that begins with '@'"),
        ("a:\n\tb: 1\n", 2, "; indent with spaces, not with tabs"),
        ("a: 1\n\t\n", 2, "; indent with spaces, not with tabs"),
        ("[" * (MAX_DEPTH + 1), 1, f"nested more than {MAX_DEPTH} deep"),
        ("[" * 900_000, 1, f"nested more than {MAX_DEPTH} deep"),
        ("é" * (MAX_BYTES // 2 + 1), 0, "is longer than 1,000,000 bytes"),
        ("x" * (MAX_BYTES + 1), 0, "is longer than 1,000,000 bytes"),
    ],
)
def test_what_is_not_allowed_is_refused_at_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(PathwayError) as caught:
        read_text(text, "p.yaml")
    assert (caught.value.file, caught.value.line) == ("p.yaml", line)
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "-1e-999"])
def test_a_number_of_no_ordinary_size_is_read_as_one_and_no_pathway_takes_it(text: str) -> None:
    """A story that records such a value has it refused, like every value that does not fit."""
    value = read_text(text, "p.yaml")
    assert isinstance(value, Decimal)
    fact = Fact("weight", "number", "weight", low=Decimal("0.5"), high=Decimal(400))
    with pytest.raises(InvalidCommand, match="weight must"):
        fact.parse(value, date(2026, 3, 2))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan"])
def test_what_is_no_finite_number_is_none_in_a_pathway(text: str) -> None:
    fields = Fields(read_text(f"a: {text}\n", "p.yaml"), "p.yaml", "the dose")
    with pytest.raises(PathwayError, match="'a' of the dose must be a number"):
        fields.take("a", Decimal)


def test_more_digits_than_any_number_needs_are_text() -> None:
    assert read_text("9" * 41, "p.yaml") == "9" * 41


def test_depth_is_allowed_up_to_the_bound() -> None:
    value = read_text("[" * MAX_DEPTH + "]" * MAX_DEPTH, "p.yaml")
    for _ in range(MAX_DEPTH - 1):
        assert isinstance(value, Seq)
        value = value[0]
    assert value == []


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes("\ufefftitle: Ménière\n".encode())
    assert read_file(path) == {"title": "Ménière"}


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    with pytest.raises(PathwayError, match=r"p\.yaml: cannot be read: No such file"):
        read_file(path)
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(PathwayError, match=r"p\.yaml:2: is not UTF-8; save the file as UTF-8"):
        read_file(path)
    path.write_bytes("é".encode() * MAX_BYTES)
    with pytest.raises(PathwayError, match="is longer than"):
        read_file(path)
    path.write_bytes(b"x" + "é".encode() * MAX_BYTES)  # the cut falls inside a character
    with pytest.raises(PathwayError, match="is longer than"):
        read_file(path)


def fields(text: str) -> Fields:
    return Fields(read(text), "p.yaml", "regimen 'ivig'")


def test_fields_are_taken_with_their_types() -> None:
    entry = fields(
        "name: ivig\ndays: 5\ndose: 2\nlocal: true\nnested: {a: 1}\nlist: [a, b]\none: a\nnone:\nhalf: 0.5\n"
    )
    assert entry.take("name", str) == "ivig"
    assert entry.take("days", int) == 5
    dose = entry.take("dose", Decimal)
    assert (type(dose), dose) == (Decimal, Decimal(2))
    assert entry.take("half", Decimal) == Decimal("0.5")
    assert entry.take("local", bool) is True
    assert entry.nested("nested").take("a", (str, int)) == 1
    assert (entry.texts("list"), entry.texts("one"), entry.texts("absent", ())) == (("a", "b"), ("a",), ())
    assert entry.take("none", (str, type(None))) is None
    assert entry.take("other", str, None) is None
    entry.done()


@pytest.mark.parametrize(
    ("text", "key", "kind", "message"),
    [
        (
            "a: 1\ndays: true\n",
            "days",
            int,
            "p.yaml:2: 'days' of regimen 'ivig' must be a whole number, not true or false",
        ),
        ("days: 5.0\n", "days", int, "p.yaml:1: 'days' of regimen 'ivig' must be a whole number, not a number"),
        ("days: 5\n", "days", str, "p.yaml:1: 'days' of regimen 'ivig' must be text, not a whole number"),
        ("days:\n", "days", (str, Seq), "p.yaml:1: 'days' of regimen 'ivig' must be text or a list, not nothing"),
        ("days: 5\n", "days", Map, "p.yaml:1: 'days' of regimen 'ivig' must be a mapping, not a whole number"),
        ("a: 5\n", "days", int, "p.yaml:1: regimen 'ivig' has no 'days'"),
        (
            "a: 1\ndasy: 5\n",
            "days",
            int,
            "p.yaml:1: regimen 'ivig' has no 'days'; 'dasy' on line 2 may be meant for it",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(text: str, key: str, kind: type, message: str) -> None:
    with pytest.raises(PathwayError) as caught:
        fields(text).take(key, kind)
    assert str(caught.value) == message


def test_a_text_among_others_must_be_one() -> None:
    with pytest.raises(PathwayError, match=r"p\.yaml:3: 'rule' of regimen 'ivig' must hold texts, not a whole number"):
        fields("rule:\n  - A-01\n  - 2\n").texts("rule")


def test_what_is_no_mapping_has_no_fields() -> None:
    with pytest.raises(PathwayError, match=r"p\.yaml:4: regimen 'ivig' must be a mapping, not text"):
        Fields("text", "p.yaml", "regimen 'ivig'", line=4)


def test_an_unknown_key_is_refused_with_a_suggestion() -> None:
    entry = fields("name: a\ntitel: b\n")
    entry.take("name", str)
    entry.take("title", str, "")
    with pytest.raises(PathwayError, match=r"p\.yaml:2: unknown key 'titel' in regimen 'ivig'; did you mean 'title'\?"):
        entry.done()
    entry = fields("name: a\nxyz: b\n")
    entry.take("name", str)
    with pytest.raises(PathwayError, match=r"unknown key 'xyz' in regimen 'ivig'; known are name"):
        entry.done()


def test_suggestions_are_made_for_what_is_close_only() -> None:
    assert suggest("severty", ["severity", "icars"]) == "did you mean 'severity'?"
    assert suggest("xyz", ["severity", "icars"]) == ""
