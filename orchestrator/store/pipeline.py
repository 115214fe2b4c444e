"""How do several statements travel in one round trip? On libpq's own pipeline: prepared once, every value in binary.

The driver's cursors do the same, at four times the processor time. A statement is sent for each row, whose plan the
server finds ready; or, for many rows, once with an array for each column, which the server plans anew each time: by
the key too, since the connection leaves it no other way.
"""

import hashlib
import select
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, NamedTuple

from psycopg import Error, OperationalError
from psycopg.errors import InFailedSqlTransaction, InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import Integer, LargeBinary, Table, Text

from orchestrator.store.faults import legible
from orchestrator.store.silence import Patience
from orchestrator.store.types import EPOCH, LAST, Flag, Instant, Until

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST, _LATEST = ((each - _EPOCH) // _MICROSECOND for each in (EPOCH, LAST))
_INT, _LONG = Struct(">i"), Struct(">q")
_BINARY = 1


class Kind(NamedTuple):
    """How a value that is not None goes out and comes in. type, oid: what the server calls it, and its number there."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    type: str
    oid: int


def _to_micros(moment: datetime) -> bytes:
    return _LONG.pack((moment - _EPOCH) // _MICROSECOND)


def _from_micros(content: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=_LONG.unpack(content)[0])


def _from_any_micros(content: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=min(max(_LONG.unpack(content)[0], _EARLIEST), _LATEST))


TEXT = Kind(str.encode, bytes.decode, "text", 25)
BYTES = Kind(bytes, bytes, "bytea", 17)
INTEGER = Kind(_INT.pack, lambda content: _INT.unpack(content)[0], "int4", 23)
FLAG = Kind(lambda value: b"\x01" if value else b"\x00", b"\x01".__eq__, "bool", 16)
INSTANT = Kind(_to_micros, _from_micros, "timestamptz", 1184)
UNTIL = INSTANT._replace(decode=_from_any_micros)
_KINDS: dict[type, Kind] = {
    Text: TEXT,
    LargeBinary: BYTES,
    Integer: INTEGER,
    Flag: FLAG,
    Instant: INSTANT,
    Until: UNTIL,
}


def kinds(table: Table, names: Sequence[str]) -> tuple[Kind, ...]:
    """Return the kinds of columns."""
    return tuple(_KINDS[type(table.columns[name].type)] for name in names)


class Statement:
    """A prepared statement.   text: with $1, $2 …   takes, gives: the kinds of its parameters and of its columns.

    tag: how the server must say that it is done; empty where any way will do.
    """

    __slots__ = ("_formats", "_takes", "gives", "name", "tag", "text")

    def __init__(self, text: str, takes: Sequence[Kind] = (), gives: Sequence[Kind] = (), *, tag: bytes = b"") -> None:
        self.tag = tag
        self.text = text.encode()
        self.name = b"cp_" + hashlib.sha256(self.text).hexdigest()[:16].encode()  # no two texts share a name
        self.gives = tuple(kind.decode for kind in gives)
        self._takes = tuple(kind.encode for kind in takes)
        self._formats = [_BINARY] * len(self._takes)

    def send(self, libpq: PGconn, values: Sequence[Any]) -> None:
        """Send it with values for its parameters."""
        packed = [None if value is None else encode(value) for encode, value in zip(self._takes, values, strict=True)]
        libpq.send_query_prepared(self.name, packed, self._formats, _BINARY)

    def rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        """Return what it gave."""
        value, columns = result.get_value, tuple(enumerate(self.gives))
        return [
            tuple([None if (held := value(row, place)) is None else read(held) for place, read in columns])
            for row in range(result.ntuples)
        ]


Call = tuple[Statement, Sequence[Any]]
_ARRAY, _LENGTH = Struct(">iiiii"), Struct(">i").pack
_NOTHING = _LENGTH(-1)


def array(kind: Kind) -> Kind:
    """Return the kind of a whole column of values, which goes out alone."""
    encode = kind.encode

    def column(values: Sequence[Any]) -> bytes:
        parts = [_ARRAY.pack(1, 1, kind.oid, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(_NOTHING)
            else:
                content = encode(value)
                parts += (_LENGTH(len(content)), content)
        return b"".join(parts)

    return Kind(column, kind.decode, f"{kind.type}[]", 0)


def columns(held: Sequence[Kind]) -> str:
    """Return the SQL of a table made of the parameters: a column of values for each kind, from $1 on."""
    return f"unnest({', '.join(f'${number}::{kind.type}[]' for number, kind in enumerate(held, start=1))})"


def insert_many(table: Table, names: Sequence[str], more: str = "") -> Statement:
    """Return the statement that inserts rows, given as a column of values for each name. more: as for `insert`.

    No plan of it can turn: it looks nothing up.
    """
    held = kinds(table, names)
    text = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM {columns(held)}{more}"
    return Statement(text, [array(kind) for kind in held])


def insert(table: Table, names: Sequence[str], more: str = "") -> Statement:
    """Return the statement that inserts one row of so many columns; more: what follows the values."""
    values = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    return Statement(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}){more}", kinds(table, names))


def _read(given: Sequence[tuple[Statement, PGresult]]) -> list[list[tuple[Any, ...]]]:
    with legible():
        return [statement.rows(result) for statement, result in given]


class Pipeline:
    """Sends statements on one connection of libpq. prepared: the names of those that this connection knows.

    patience_s: for how long the server may say nothing; None: for ever.
    """

    def __init__(self, libpq: PGconn, prepared: set[bytes], patience_s: float | None) -> None:
        self._libpq = libpq
        self._prepared = prepared
        self._patience_s = patience_s

    def run(self, calls: Sequence[Call]) -> list[list[tuple[Any, ...]]]:
        """Send all of them, and return the rows of each.

        Raises the driver's error for the first that fails; those behind it were not carried out. Raises Silent when the
        server does not answer: what became of them is not known, and the connection is closed.
        """
        libpq = self._libpq
        libpq.enter_pipeline_mode()
        awaited: list[Statement | bytes] = []  # a statement for its rows, a name for its preparation
        for statement, values in calls:
            if statement.name not in self._prepared and statement.name not in awaited:
                libpq.send_prepare(statement.name, statement.text)
                awaited.append(statement.name)
            statement.send(libpq, values)
            awaited.append(statement)
        libpq.pipeline_sync()
        results = self._results()
        if libpq.status == ConnStatus.OK:
            libpq.exit_pipeline_mode()
        return self._taken(awaited, results)

    def _results(self) -> list[PGresult]:
        """Read one result for each message, up to the one that tells that the server is through."""
        libpq, found = self._libpq, []
        patience, door = Patience(libpq, self._patience_s), select.poll()
        door.register(libpq.socket, select.POLLIN | select.POLLOUT)
        while libpq.flush():  # much to send, and the server may have to be listened to before it takes more
            if any(event & select.POLLIN for _, event in patience.wait(door)):
                libpq.consume_input()
        door.modify(libpq.socket, select.POLLIN)
        while True:
            while libpq.is_busy():
                patience.wait(door)
                libpq.consume_input()
            result = libpq.get_result()
            if result is not None and result.status != ExecStatus.PIPELINE_SYNC:
                found.append(result)
            elif result is not None or libpq.status != ConnStatus.OK:  # None ends one statement's results
                return found

    def _taken(self, awaited: list[Statement | bytes], results: list[PGresult]) -> list[list[tuple[Any, ...]]]:
        given = []
        for each, result in zip(awaited, results, strict=False):
            if result.status == ExecStatus.FATAL_ERROR:
                raise self._failure(result)
            if isinstance(each, Statement):
                if each.tag and result.command_status != each.tag:
                    raise InFailedSqlTransaction("the transaction had failed before")
                given.append((each, result))
            else:
                self._prepared.add(each)
        if len(results) < len(awaited):
            raise OperationalError("the connection was lost")
        return _read(given)  # last: by now it is known which statements the server keeps

    def _failure(self, result: PGresult) -> Error:
        error = error_from_result(result)
        if isinstance(error, InvalidSqlStatementName):  # whatever made the server forget it forgot the others too
            self._prepared.clear()
        return error
