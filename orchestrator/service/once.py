"""How is a program's command done once for its key? The answer is kept in the transaction that did it.

For what leaves no mark of its own by which a repeat is known: commands on an episode and changes of accounts have the
key in the very record that they leave (`handlers`, `people.recording`). Whatever opens anything is told there and never
here: no password, no token is kept. What was refused is not kept either: it may be asked again with the same key.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from orchestrator.audit import looks
from orchestrator.errors import Changed, KeyReused
from orchestrator.service.desk import past_collisions
from orchestrator.service.ports import Change, Store
from orchestrator.service.rows import AnswerRow

KEPT = timedelta(days=7)
"""So long a repeat finds the first answer."""
_FORGOTTEN_AT_ONCE = 100
Told = dict[str, Any]


class Wish(NamedTuple):
    """What is asked for. who: the principal, and for whom it acts.   key: the client's.   asked: all that was sent.

    seen: entity tag of what who asks had before his eyes; None asks for no check.
    """

    who: tuple[str, ...]
    key: str
    asked: bytes
    seen: str | None = None


class Outcome(NamedTuple):
    """What is answered. repeated: it was done before, and this is the first answer again."""

    told: Told
    repeated: bool


class Once:
    """Does what is wished once for each key of a principal. mac: hashes what was asked, which may hold a reason."""

    def __init__(self, store: Store, mac: looks.Mac) -> None:
        self._store, self._mac = store, mac

    def do(self, wish: Wish, work: Callable[[], Told], state: Callable[[], object] | None = None) -> Outcome:
        """Do the work and keep its answer, in one transaction; or return the answer that is kept.

        work: what it begins is part of that transaction.   state: what the entity tag stands for, as it is now.
        Raises KeyReused for another wish under the key, Changed when the tag names another state, and what work raises.
        """

        def once() -> Outcome:
            with self._store.together() as change:
                return self._do(change, wish, work, state)

        return past_collisions(once)

    def amend(self, wish: Wish, told: Told) -> None:
        """Keep another answer than the work gave: of what could only be tried when it was on record."""
        with self._store.change() as change:
            change.amend_answer(_cause(wish), orjson.dumps(told).decode())

    def _do(self, change: Change, wish: Wish, work: Callable[[], Told], state: Callable[[], object] | None) -> Outcome:
        cause, request = _cause(wish), self._mac(b"once" + wish.asked)
        row = change.answer_of(cause)  # of two who come at once the second waits here for the first
        if row is not None:
            if row.request != request:
                raise KeyReused("this key was used with another request: take a new one")
            return Outcome(orjson.loads(row.answer), repeated=True)
        if wish.seen is not None and state is not None:
            change.last_staff_record()  # nobody else changes the state between this look and the work
            if state_tag(state()) != wish.seen:
                raise Changed("somebody changed this since it was read: read it again, then decide")
        told, now = work(), change.times().wall
        change.forget_answers(now - KEPT, _FORGOTTEN_AT_ONCE)
        change.add_answer(AnswerRow(cause, request, now, orjson.dumps(told).decode()))
        return Outcome(told, repeated=False)


def state_tag(state: object) -> str:
    """Return what stands for a state as it was told, in 32 hex digits: equal states, equal tags."""
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _cause(wish: Wish) -> bytes:
    """Return what is kept of who asked with which key. Lengths are told: no two read the same."""
    told = " ".join(f"{len(part)} {part}" for part in (*wish.who, wish.key))
    return hashlib.sha256(f"carepath once {len(wish.who)} {told}".encode()).digest()
