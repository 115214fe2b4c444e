"""What does a database's error mean to whoever runs carepath? One line that says what to do; never a value."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from orchestrator.errors import CarepathError, RowHeld, StoreBusy, StoreDamaged, StoreError
from orchestrator.service.ports import Collision

BUSY = "the store is busy: another program holds it; try again"
_FULL = "the disk is full: nothing was written; free some space"
_READ_ONLY = "the store is read-only: nothing was written; make its folder and files writable for this user"
_DAMAGED = "the store's file is damaged: restore it from a backup"
ILLEGIBLE = "a row of the store holds what no program wrote: carepath audit verify --all, and compare with a backup"
_SQLITE = (
    ("is locked", BUSY),
    ("is full", _FULL),
    ("disk I/O error", "the disk is full, or fails: nothing was written; free some space, and see to the disk"),
    ("readonly", _READ_ONLY),
    ("unable to open", "the store cannot be opened: its folder is missing or not writable for this user"),
    ("no such table", "the store has no tables yet: run carepath db upgrade"),
    ("no such column", "the store is of another schema than this program: run carepath db upgrade"),
    ("not a database", "the store's file is no database"),
    ("malformed", _DAMAGED),
    ("decode to UTF-8", _DAMAGED),
)
_GONE = "the database cannot be reached: see that it runs and that its address is right"
_NO_MORE = "the store takes no more connections: raise max_connections or run fewer processes"
_CONNECTING = (
    (
        "certificate",
        "the database does not show a certificate that is trusted: see sslmode and sslrootcert in its address",
    ),
    ("SSL was required", "the database speaks no TLS, and its address asks for it: see sslmode"),
    (
        "no password supplied",
        "the database asks for a password: put it into a file, and name that in CAREPATH_DATABASE_PASSWORD_FILE",
    ),
    (
        "password authentication failed",
        "the database refuses user or password: see its address, and CAREPATH_DATABASE_PASSWORD_FILE",
    ),
    ("no pg_hba.conf entry", "the database does not let this user in from this machine: see its pg_hba.conf"),
    ("does not exist", "there is no such database, or no such user of it: make it, or mend the address"),
    ("connection option", "the store's address holds a parameter that PostgreSQL does not know: mend it"),
    ("too many c", _NO_MORE),  # clients, connections
    ("connection slots are reserved", _NO_MORE),
)
"""Why nobody was let in: of that the driver tells no SQLSTATE, only a text; in another language it says less."""
_SILENT = "the database does not answer: see that it runs, that its disk and its standby answer, and the way to it"
_WITHOUT_A_WORD = {"Silent", "ConnectionTimeout"}
UNKNOWN = (
    "it is not known whether this was recorded, for the database was lost meanwhile: look, or send the same again under"
    " the same key; nothing is done twice"
)
_POOLER = (
    "what stands between carepath and the database forgets prepared statements: have that pooler keep them (in session"
    " mode), or reach the database itself"
)
_PAGE = "the database is damaged: let its standby take over, or restore it from a backup"
_INDEX = "an index of the database is damaged: have it made anew (REINDEX DATABASE), and then ask carepath doctor"
_OF_DAMAGE = {_DAMAGED, _PAGE, _INDEX}
_POSTGRESQL = {
    "57014": BUSY,
    "40001": BUSY,
    "57P01": _GONE,  # it is being shut down
    "57P02": _GONE,  # one of its processes was killed, so it ends all of them
    "57P03": _GONE,  # it is starting
    "53300": _NO_MORE,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "26000": _POOLER,
    "42P05": _POOLER,
    "25P02": "nothing was written: a statement before had failed",
    "42501": "the database role lacks a right that carepath needs: say the grants again, Install, in operations.md",
    "42P01": "the store has no tables yet: run carepath db upgrade",
    "42703": "the store is of another schema than this program: run carepath db upgrade",
    "28P01": "the database refuses the password",
    "3D000": "there is no such database",
    "XX001": _PAGE,
    "XX002": _INDEX,
}
_HELD = {"55P03", "40P01"}
"""A lock that was waited for too long, or in a circle: others may be free."""


@contextmanager
def legible() -> Iterator[None]:
    """Say of what was read and has no form that a program can have given it that the store is damaged."""
    try:
        yield
    except (TypeError, OverflowError, UnicodeDecodeError):
        raise StoreDamaged(ILLEGIBLE) from None


def translate(error: BaseException) -> CarepathError | None:
    """Return what to raise instead of a driver's error, or None when it is not one. Never tells a parameter."""
    if isinstance(error, NoConnection):  # all of the pool are in use
        return StoreBusy(BUSY)
    origin = error.orig if isinstance(error, DBAPIError) else error
    names = {kind.__name__ for kind in type(origin).__mro__}
    state = getattr(origin, "sqlstate", None)
    if state == "23505" or ("IntegrityError" in names and "UNIQUE" in str(origin)):
        return Collision("another transaction wrote the same first: try again")
    if "DatabaseError" not in names:
        return None
    if state is not None:
        return _of_state(state)
    if names & _WITHOUT_A_WORD or type(origin).__module__.startswith("psycopg"):
        return _of_driver(names, str(origin))
    return _store_error(_sqlite(str(origin)))


def raise_translated(error: BaseException) -> NoReturn:
    """Raise what an error means to people; one that is not the database's stays as it is."""
    said = translate(error)
    if said is not None:
        raise said from None
    raise error


def _of_state(state: str) -> StoreError:
    if state in _HELD:
        return RowHeld(BUSY)
    return _store_error(_POSTGRESQL.get(state, f"the database refuses: SQLSTATE {state}"))


def _of_driver(names: set[str], text: str) -> StoreError:
    """Return what the driver itself says, where the server said nothing."""
    if "DataError" in names:  # it read a value that Python has none for
        return StoreDamaged(ILLEGIBLE)
    return StoreError(_SILENT if names & _WITHOUT_A_WORD else _connecting(text))


def _store_error(said: str) -> StoreError:
    kind = StoreBusy if said == BUSY else StoreDamaged if said in _OF_DAMAGE else StoreError
    return kind(said)


def _connecting(text: str) -> str:
    return next((said for part, said in _CONNECTING if part in text), _GONE)


def _sqlite(text: str) -> str:
    return next(
        (said for part, said in _SQLITE if part in text), f"the store cannot be used: {text.splitlines()[0][:80]}"
    )
