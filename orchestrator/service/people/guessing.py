"""Who guesses passwords? Wrong ones are counted by where they come from, so that a stranger's lock out nobody at work.

    a browser with which this person came in before   its own count: nobody elsewhere touches it
    any other, for this login, from its address       its count, and
    any other, for this login, from wherever          a second one that bears more, and
    any other, for whatever login, from its address   a third one, that becomes free little by little

A login that nobody has is counted like any other, and nothing is told of which count it was: a guess teaches nothing.
The counts stand in the store, so that all processes have the same; as keyed hashes, for what is typed into a login's
field may be a password.
"""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.keys import prefixed
from orchestrator.errors import NotSignedIn
from orchestrator.service.people.rows import GuessRow
from orchestrator.service.ports import Change, Reader
from orchestrator.service.tokens import token_hash

LOCKED_AFTER, ALTOGETHER = 5, 20
"""So many wrong passwords in a row lock a login to whence they came; so many from wherever to all unknown browsers."""
FIRST_LOCK, LONGEST_LOCK = timedelta(seconds=30), timedelta(minutes=15)
"""Each further one doubles the lock."""
AT_ONCE, APART = 30, timedelta(seconds=20)
"""So many wrong passwords are taken from one address at once, for whatever logins, and then one more each so often."""
FORGOTTEN = timedelta(days=1)
KNOWN_FOR = timedelta(days=180)
"""A browser is known again for so long after its person came in last."""
WRONG = "login and password do not fit, or this account is locked for a while after wrong passwords: try again later"
SLOW_DOWN = "too many wrong passwords came from here: wait a minute and try again"
_ALL = b""
_NEVER = datetime.min.replace(tzinfo=UTC)
_TOKEN, _TOKEN_LENGTH = "cpb_", 47  # noqa: S105  how a token begins, no secret


class Whence(NamedTuple):
    """Whence somebody tries to come in. address: of the machine.   browser: the token by which it is known again."""

    address: str = ""
    browser: str = ""


class Count(NamedTuple):
    """One of the counts for a try. most: so many are taken; None where each keeps the next one waiting a little."""

    who: bytes
    whence: bytes
    most: int | None


class Guesses:
    """Counts wrong passwords. mac: makes what is counted unreadable to whoever reads the store."""

    def __init__(self, mac: looks.Mac) -> None:
        self._mac = mac

    def name(self, login: str) -> bytes:
        """Return as what a login is counted."""
        return self._mac(prefixed(b"guess", b"login", login.encode("utf-8", "surrogateescape")))

    def counts(self, reader: Reader, login: str, person_id: str | None, whence: Whence) -> tuple[Count, ...]:
        """Return where a try counts. person_id: whose login it is, if anybody's."""
        who, browser = self.name(login), token_hash(whence.browser)
        if reader.knows_browser(browser, person_id or ""):  # asked of nobody too: it takes as long
            return (Count(who, self._place(b"browser", browser), LOCKED_AFTER),)
        address = self._place(b"address", network(whence.address).encode("utf-8", "surrogateescape"))
        return Count(who, address, LOCKED_AFTER), Count(who, _ALL, ALTOGETHER), Count(_ALL, address, None)

    def in_session(self, login: str, session: bytes) -> tuple[Count, ...]:
        """Return where it counts when somebody who is signed in is asked for the password again: there alone."""
        return (Count(self.name(login), self._place(b"session", session), LOCKED_AFTER),)

    def check(self, reader: Reader, counts: Collection[Count], now: datetime) -> None:
        """Raise NotSignedIn while nothing is to be tried."""
        waiting = {who for (who, _), row in _rows(reader, counts).items() if row.free_at > now}
        if waiting == {_ALL}:
            raise NotSignedIn(SLOW_DOWN)
        if waiting:
            raise NotSignedIn(WRONG)

    def wrong(self, change: Change, counts: Collection[Count], now: datetime) -> datetime | None:
        """Count a wrong password; return until when the login is locked by it, or None."""
        change.forget_guesses(now - FORGOTTEN)
        rows, until = _rows(change, counts), None
        for count in counts:
            row = _counted(
                rows.get((count.who, count.whence)) or GuessRow(count.who, count.whence, 0, _NEVER), count, now
            )
            change.save_guess(row)
            if count.most is not None and row.free_at > now:
                until = max(row.free_at, until or now)
        return until

    def right(self, change: Change, counts: Collection[Count]) -> None:
        """Begin to count anew after the right password, but not what the address tried of other logins."""
        for count in counts:
            if count.who != _ALL:
                change.end_guesses(count.who, [count.whence])

    def _place(self, kind: bytes, place: bytes) -> bytes:
        return self._mac(prefixed(b"guess", kind, place))


def remember(change: Change, browser: str, person_id: str, now: datetime) -> str:
    """Know a browser again with which somebody comes in; return its token, for the cookie: a new one if it had none."""
    token = browser if browser.startswith(_TOKEN) and len(browser) == _TOKEN_LENGTH else ""
    token = token or _TOKEN + secrets.token_urlsafe(32)
    change.forget_browsers(now - KNOWN_FOR)
    change.remember_browser(token_hash(token), person_id, now)
    return token


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first half, for the other is everybody's own to choose."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, IPv6Address) and read.ipv4_mapped is None:
        return f"{IPv6Address(int(read) >> 64 << 64)}/64"
    return str(getattr(read, "ipv4_mapped", None) or read)


def _rows(reader: Reader, counts: Collection[Count]) -> dict[tuple[bytes, bytes], GuessRow]:
    wanted = {(count.who, count.whence) for count in counts}
    found = reader.guesses([who for who, _ in wanted], [whence for _, whence in wanted])
    return {(row.who, row.whence): row for row in found if (row.who, row.whence) in wanted}


def _counted(row: GuessRow, count: Count, now: datetime) -> GuessRow:
    """Return a count with one more."""
    failures = row.failures + 1
    if count.most is None:  # each lets wait a little longer, from a beginning that leaves room for AT_ONCE of them
        return row._replace(failures=failures, free_at=max(row.free_at, now - (AT_ONCE - 1) * APART) + APART)
    over = failures - count.most
    wait = min(FIRST_LOCK * 2 ** min(over, 10), LONGEST_LOCK) if over >= 0 else timedelta()
    return row._replace(failures=failures, free_at=now + wait)
