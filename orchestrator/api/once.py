"""How is a command of a program done once? With its Idempotency-Key; and with If-Match not over another's change.

For every command that leaves no record of its own under the key: see `service.once`.
"""

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from orchestrator.api.answers import reply
from orchestrator.api.caller import Key, Saying, acting
from orchestrator.api.serving import api_of
from orchestrator.api.strict import read_json
from orchestrator.episode.commands import Actor
from orchestrator.http.needs import principal
from orchestrator.http.serving import system_of
from orchestrator.service.once import Outcome, Told, Wish
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author

REPLAYED = {"Idempotent-Replayed": "true"}
By = Actor | Author | Who


async def _asked(request: Request) -> list[object]:
    """Return what is asked for: address and body, read as the route reads it."""
    body = await request.body()
    return [request.method, request.url.path, read_json(body) if body else None]


class Carrying:
    """A command that is asked for, and with which key."""

    def __init__(
        self, request: Request, said: Saying, key: Key, asked: Annotated[list[object], Depends(_asked)]
    ) -> None:
        self._request, self._said, self._key, self._asked = request, said, key, asked
        self.system = system_of(request)
        self._once = api_of(request).once

    def actor(self, action: Action, ward: str | None = None) -> Actor:
        """Return who acts. Raises NotAllowed."""
        return acting(principal(self._request), self._said, action, ward)

    def author(self, action: Action, ward: str | None = None) -> Author:
        """Return who changes something about people. Raises NotAllowed."""
        actor = self.actor(action, ward)
        return Author(actor.id, actor.role, asserted=not actor.authenticated)

    def wards(self, action: Action) -> frozenset[str] | None:
        """Return on which wards who asks may do this; None for all."""
        return principal(self._request).wards(action)

    def out(
        self,
        by: By,
        work: Callable[[], Told],
        *,
        status: int = 200,
        seen: str | None = None,
        state: Callable[[], object] | None = None,
    ) -> Response:
        """Do the work in one transaction, or find it done before; answer with what it told.

        seen: of If-Match.   state: what the entity tag stands for, as it is told now.
        """
        return self._answer(self._once.do(self._wish(by, seen), work, state), status)

    def out_after(self, by: By, begin: Callable[[], Told], work: Callable[[], Told]) -> Response:
        """Do what no transaction can undo, once it is on record that it is tried; a repeat never tries again.

        begin: puts it on record, and tells what a repeat is told where the process ends before the work does.
        """
        wish = self._wish(by, None)
        outcome = self._once.do(wish, begin)
        if not outcome.repeated:
            outcome = Outcome(work(), repeated=False)
            self._once.amend(wish, outcome.told)
        return self._answer(outcome, 200)

    def _wish(self, by: By, seen: str | None) -> Wish:
        asked = [*self._asked, by.role]
        told = json.dumps(asked, sort_keys=True, default=str).encode()
        return Wish((principal(self._request).actor_id, by.id), self._key, told, seen)

    def _answer(self, outcome: Outcome, status: int) -> Response:
        return reply(self._request, outcome.told, status=status, headers=REPLAYED if outcome.repeated else {})


Once = Annotated[Carrying, Depends(Carrying)]
