"""What has not left the house, and what do people do about it? Pages to look at; dead letters sent again or dropped."""

from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.errors import InputError, NotFound
from orchestrator.service.cursor import LARGEST_PAGE, Page, closed, opened, page_size
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.people.recording import Author
from orchestrator.service.queries import notice_json
from orchestrator.service.rows import OutgoingId, OutgoingRow

_NO_LETTER = "there is no such dead letter: it left, was dropped, or is still tried"


class Outgoing:
    """Shows what waits, by ids as text, and lets people see to dead letters.

    wards: those of the caller, who sees their notices and those of no ward; None for all.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def page(
        self, *, dead: bool = False, after: str | None = None, limit: int = 100, wards: frozenset[str] | None = None
    ) -> Page:
        """Return what has not left yet, or the dead letters alone. after: a page's cursor. Raises InputError."""
        size = page_size(limit)
        place = None if after is None else OutgoingId(*opened(after, 3))
        rows = self._deliveries.outgoing(dead=dead, after=place, limit=size, wards=wards)
        return Page([_json(row) for row in rows], closed(*_id(rows[-1])) if len(rows) == size else None)

    def resend(self, by: Author, delivery: str, *, wards: frozenset[str] | None = None) -> None:
        """Have a dead letter sent again, by its route as it is configured now. Raises NotFound, InputError."""
        if not self._deliveries.resend(by, _parse(delivery), wards=wards):
            raise NotFound(_NO_LETTER)

    def resend_all(self, by: Author, route: str | None = None, *, wards: frozenset[str] | None = None) -> int:
        """Have every dead letter sent again, or those of one route; return how many there were."""
        sent, after = 0, None
        while rows := self._deliveries.outgoing(dead=True, after=after, limit=LARGEST_PAGE, wards=wards):
            after = _id(rows[-1])
            sent += self._deliveries.resend(by, *(_id(row) for row in rows if route in {None, row.route}))
        return sent

    def drop(self, by: Author, delivery: str, reason: str, *, wards: frozenset[str] | None = None) -> None:
        """Record that a person saw to a dead letter otherwise: who, and why. Raises NotFound, InputError."""
        if not self._deliveries.drop(by, _parse(delivery), reason, wards):
            raise NotFound(_NO_LETTER)


def _parse(text: str) -> OutgoingId:
    try:
        return OutgoingId.parse(text)
    except ValueError:
        raise InputError("this is not the id of a delivery; carepath deliveries lists them") from None


def _id(row: OutgoingRow) -> OutgoingId:
    return OutgoingId(row.notice.episode_id, row.notice.key, row.route)


def _json(row: OutgoingRow) -> dict[str, Any]:
    return {
        "id": str(_id(row)),
        "route": row.route,
        "since": instant(row.since),
        "attempts": row.attempts,
        "last_error": row.last_error,
        "next_try_at": row.next_try_at and instant(row.next_try_at),
        "given_up_at": row.given_up_at and instant(row.given_up_at),
        "notice": notice_json(row.notice),
    }
