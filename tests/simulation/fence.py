"""Who may say what became of a notice? Only whoever took it last; asked at each word that the store takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.service.rows import Lease
from orchestrator.store.sqlite import SqliteChange

if TYPE_CHECKING:
    from tests.simulation.world import World

_WORDS = ("finish", "give_back", "give_up", "release")
_TOKEN = "SELECT lease_token FROM outbox WHERE episode_id = ? AND key = ? AND route = ?"  # noqa: S105  no secret


def watch_words(change: SqliteChange, world: "World") -> None:
    """Fail the run where a word counts of somebody who was not the last to take the notice.

    The token is read within the transaction: a process that stands still once it has had its say is not late with it.
    """
    for word in _WORDS:
        setattr(change, word, _watched(getattr(change, word), world))


def _watched(say: Callable[..., bool], world: "World") -> Callable[..., bool]:
    def watched(lease: Lease, *said: Any) -> bool:  # noqa: ANN401  the seconds, the error or the channel
        outgoing = (lease.notice.episode_id, lease.notice.key, lease.route)
        row = world.sql(_TOKEN, outgoing).fetchone()
        counts = say(lease, *said)
        late = row is None or row[0] > lease.token
        world.hold(not (counts and late), f"{outgoing}: the word of token {lease.token} counted, and was stale")
        return counts

    return watched
