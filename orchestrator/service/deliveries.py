"""How does a notice leave the house for certain? Its row in the outbox lives until somebody says what became of it.

Whoever sends has it for a while, under a token: only the last token counts. What fails for a while is tried again for
ever, ever more seldom; what is refused for good is a dead letter, which waits for a person. In the inbox it stands all
the time.
"""

from collections.abc import Iterable
from datetime import timedelta

from orchestrator.errors import InvalidCommand
from orchestrator.service.desk import Desk
from orchestrator.service.notices import OWNERS, routed, tell
from orchestrator.service.people.looking import marked
from orchestrator.service.people.recording import Author, note
from orchestrator.service.ports import Change, Directory
from orchestrator.service.rows import LONGEST_WAIT, Lease, OutgoingId, OutgoingRow

LEASE_SECONDS = 60
"""Longer than any one send may take; whoever died with a lease is missed no longer than that."""
TRIES_UNTOLD = 5
"""After so many failed tries, some minutes, the owners are told that a notice does not arrive; tries go on."""
UNDELIVERED = "undelivered"
_FIRST_BACKOFF = timedelta(seconds=15)
_LONGEST_REASON = 500


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: 15 s, doubled with each, a quarter of an hour at most."""
    return min(_FIRST_BACKOFF * (1 << min(max(attempts - 1, 0), 10)), LONGEST_WAIT)


class Deliveries:
    """Hands notices to whoever sends them, and dead letters to people."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._mac = desk, desk.keyring.look_mac

    def waiting(self, seconds: float = 0.0) -> bool:
        """Tell whether a notice could leave now, and could have for so many seconds already."""
        with self._desk.store.read() as reader:
            return reader.waiting(timedelta(seconds=seconds))

    def take(
        self, limit: int = 20, seconds: int = LEASE_SECONDS, kind: str = "", since: timedelta = timedelta()
    ) -> list[Lease]:
        """Take notices that wait, longest first; nobody else has them for so many seconds.

        kind: empty for any.   since: those alone that could have left for so long already.
        """
        return self._desk.transact(lambda change: change.take(limit, seconds, kind, since))

    def finish(self, lease: Lease, channel: str) -> bool:
        """Record a delivery; False when the lease has passed to another, whose word counts."""
        return self._desk.transact(lambda change: change.finish(lease, channel))

    def give_back(self, lease: Lease, error: str) -> bool:
        """Let it be tried again later. error: a code, never a patient's data. False as for `finish`."""
        return self._desk.transact(lambda change: _give_back(change, self._desk.directory, lease, error))

    def release(self, lease: Lease) -> bool:
        """Let others have at once what was taken and not begun: that was no try. False as for `finish`."""
        return self._desk.transact(lambda change: change.release(lease))

    def route(self, lease: Lease) -> bool:
        """Put a notice's routes into the place of what stood for them. False as for `finish`."""
        return self._desk.transact(lambda change: _route(change, self._desk.directory, lease))

    def hurry(self, error: str) -> int:
        """Let what waits for this error be tried at once; return how many there were."""
        return self._desk.transact(lambda change: change.hurry(error))

    def give_up(self, lease: Lease, error: str) -> bool:
        """Keep it as a dead letter, and tell its owners. error: a code. False as for `finish`."""
        return self._desk.transact(lambda change: _give_up(change, self._desk.directory, lease, error))

    def outgoing(
        self,
        *,
        dead: bool = False,
        after: OutgoingId | None = None,
        limit: int = 100,
        wards: frozenset[str] | None = None,
    ) -> list[OutgoingRow]:
        """Return what has not left yet, or the dead letters alone, in the order of their ids, behind `after`.

        wards: of these, and what is of no ward; None for all.
        """
        with self._desk.store.read() as reader:
            return reader.outgoing(dead=dead, after=after, limit=limit, wards=wards)

    def resend(self, by: Author, *ids: OutgoingId, wards: frozenset[str] | None = None) -> int:
        """Have dead letters sent again, by their routes as they are configured now; return how many there were.

        Who did, and which, stands in the record of accounts.
        """

        def work(change: Change) -> int:
            sent = change.resend(ids, wards)
            if sent:
                note(change, self._mac, by, "letters-resent", about="", detail=_letters(sent))
            return len(sent)

        return self._desk.transact(work)

    def drop(self, by: Author, outgoing: OutgoingId, reason: str, wards: frozenset[str] | None = None) -> bool:
        """Record that a person saw to a dead letter otherwise: who, and why. False when there is none.

        The reason stands with the delivery alone; who did, and which letter it was, in the record of accounts too.
        Raises InvalidCommand without a reason, or for one of over 500 characters.
        """
        if not reason.strip() or len(reason) > _LONGEST_REASON:
            raise InvalidCommand(f"say in at most {_LONGEST_REASON} characters why it need not be sent")

        def work(change: Change) -> bool:
            who = marked(by.id, asserted=by.asserted)
            dropped = change.drop(outgoing, who, reason.strip(), wards)
            if dropped:
                note(change, self._mac, by, "letter-dropped", about="", detail=_letters([outgoing]))
            return dropped

        return self._desk.transact(work)


def _letters(ids: Iterable[OutgoingId]) -> dict[str, list[str]]:
    return {"letters": [str(each) for each in ids]}


def _give_back(change: Change, directory: Directory, lease: Lease, error: str) -> bool:
    held = change.give_back(lease, backoff(lease.attempts).total_seconds(), error)
    if held and lease.attempts >= TRIES_UNTOLD:  # what was told once is not told again
        _tell_owners(change, directory, lease)
    return held


def _route(change: Change, directory: Directory, lease: Lease) -> bool:
    held = change.let_go(lease)
    if held:
        change.put_outbox(routed(directory, [lease.notice], change.times()))
    return held


def _give_up(change: Change, directory: Directory, lease: Lease, error: str) -> bool:
    held = change.give_up(lease, error)
    if held:
        _tell_owners(change, directory, lease)
    return held


def _tell_owners(change: Change, directory: Directory, lease: Lease) -> None:
    """Undelivered has an owner. One that itself tells of such a failure makes no further one."""
    notice = lease.notice
    if notice.kind == UNDELIVERED:
        return
    key, now = f"{UNDELIVERED}.{notice.key}.{lease.route}", change.times().now
    told = [notice._replace(key=f"{key}.{role}", kind=UNDELIVERED, role=role, told_at=now) for role in OWNERS]
    tell(change, directory, told, apart_from=lease.route)
