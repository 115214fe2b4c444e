"""Goal: a body is read exactly or not at all."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.problems import Problem
from orchestrator.api.strict import MAX_DEPTH, MAX_NAME, MAX_TEXT, read_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_is_not_a_broken_number_comes_back_as_it_was(value: object) -> None:
    try:
        assert read_json(json.dumps(value).encode()) == value
    except Problem as problem:
        if "nested" not in problem.detail:
            raise


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_a_broken_number_is_exact_to_the_last_digit(number: Decimal) -> None:
    read = read_json(str(number).encode())
    assert isinstance(read, Decimal)
    assert str(read) == str(number)


@given(st.binary(max_size=60))
def test_no_bytes_bring_it_down(body: bytes) -> None:
    try:
        read_json(body)
    except Problem as problem:
        if problem.status_code not in {400, 422}:
            raise


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"NaN", b"[Infinity]", b"-Infinity", b'{"a": 1, "a": 1}', b'"\\ud83d"', b'"a\\u0000"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b"[" * 500_000, b'{"a":' * 200_000, b"1" * 41,
        b"0." + b"1" * 40, b"\xef\xbb\xbf{}",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_what_is_not_plain_json_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_json(body)
    assert caught.value.status_code == 400


@pytest.mark.parametrize("body", [{"a": "x" * (MAX_TEXT + 1)}, {"x" * (MAX_NAME + 1): 1}, ["x" * (MAX_TEXT + 1)]])
def test_long_texts_are_refused(body: object) -> None:
    with pytest.raises(Problem) as caught:
        read_json(json.dumps(body).encode())
    assert caught.value.status_code == 422
