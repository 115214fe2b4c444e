"""Goal: what goes out in one round trip comes back as it was, however much it is; a failure spoils nothing after it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import DivisionByZero

from orchestrator.store.pipeline import BYTES, FLAG, INSTANT, INTEGER, TEXT, UNTIL, Pipeline, Statement, array, columns
from orchestrator.store.types import EPOCH, LAST
from tests.factories import T0

ECHO = Statement("SELECT $1::text", (TEXT,), (TEXT,))
KINDS = (TEXT, BYTES, INTEGER, FLAG, INSTANT)
ROWS = [("", b"", 0, False, T0), ("é", b"\x00", -1, True, EPOCH), (None,) * 5]


@pytest.fixture
def line(postgres_database: str) -> Iterator[Pipeline]:
    with psycopg.connect(postgres_database.replace("+psycopg", ""), autocommit=True) as connection:
        yield Pipeline(connection.pgconn, set(), 10.0)


def test_more_than_the_way_holds_goes_out_and_comes_back(line: Pipeline) -> None:
    texts = [str(number) * 50_000 for number in range(100, 200)]
    assert line.run([(ECHO, (text,)) for text in texts]) == [[(text,)] for text in texts]


def test_what_a_failure_kept_from_being_prepared_is_prepared_the_next_time(line: Pipeline) -> None:
    with pytest.raises(DivisionByZero):
        line.run([(Statement("SELECT 1 / 0"), ()), (ECHO, ("a",))])
    assert line.run([(ECHO, ("a",))]) == [[("a",)]]


def test_what_is_empty_or_nought_is_not_nothing(line: Pipeline) -> None:
    one = Statement(f"SELECT {', '.join(f'${n}::{each.type}' for n, each in enumerate(KINDS, 1))}", KINDS, KINDS)
    assert line.run([(one, row) for row in ROWS]) == [[row] for row in ROWS]
    many = Statement(f"SELECT * FROM {columns(KINDS)}", [array(each) for each in KINDS], KINDS)
    assert line.run([(many, tuple(zip(*ROWS, strict=True)))]) == [ROWS]


def test_a_moment_without_end_is_the_last_there_is(line: Pipeline) -> None:
    ends = Statement("SELECT 'infinity'::timestamptz, '-infinity'::timestamptz", (), (UNTIL, UNTIL))
    assert line.run([(ends, ())]) == [[(LAST, EPOCH)]]
