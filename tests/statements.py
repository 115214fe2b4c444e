"""What does a face ask of PostgreSQL, and how many rows of what does the server read for it?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
_READS = ("SELECT", "WITH")


class Sent(NamedTuple):
    """One statement that reads, with its parameters."""

    text: str
    parameters: Any


class Plan(NamedTuple):
    """How a statement was carried out. read: rows that were looked at, by table, whether they were wanted or not.

    milliseconds: in the server; buffers: pages of 8 kB that were touched.
    """

    read: Counter[str]
    milliseconds: float
    buffers: int
    tree: Mapping[str, Any]


@contextmanager
def listening(engine: Engine) -> Iterator[list[Sent]]:
    """Give a list to which every reading statement is added that goes out through SQLAlchemy; no lock is one."""
    found: list[Sent] = []

    def keep(_: Any, __: Any, text: str, parameters: Any, *___: Any) -> None:  # noqa: ANN401  SQLAlchemy's own
        if text.lstrip().startswith(_READS) and "pg_advisory" not in text:
            found.append(Sent(text, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def plan(engine: Engine, one: Sent) -> Plan:
    """Carry a statement out once more, as a reader would, and return how that went."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = on; SET enable_bitmapscan = on")
        (told,) = connection.exec_driver_sql(_EXPLAIN + one.text, one.parameters or None).scalar_one()
    tree = told["Plan"]
    return Plan(_read(tree), told["Execution Time"], tree["Shared Hit Blocks"] + tree["Shared Read Blocks"], tree)


def _read(node: Mapping[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    if "Relation Name" in node:
        each = sum(
            node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        )
        found[node["Relation Name"]] = round(each * node["Actual Loops"])
    for inner in node.get("Plans", ()):
        found += _read(inner)
    return found
