"""How is somebody told at once that something changed? Server-sent events, from one look a second for all who listen.

An event names a ward or an episode, never a patient or what changed: whoever is told asks again for what he may see.

    id: 3f0c…                      stands for how things are now: sent back as Last-Event-ID, it tells what was missed
    event: changed
    data: {"wards":["N2"]}         or {"episode":"…"}
"""

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from orchestrator.bootstrap import System
from orchestrator.errors import CarepathError, NotAcceptable, NotFound, StoreError, TooMany
from orchestrator.http.needs import AGAIN, own_wards, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.ports import Store
from orchestrator.service.worklist.changes import Changes, Scope, Topic, changed, changed_since, digest, within
from orchestrator.service.worklist.rows import Mark

_log = logging.getLogger(__name__)
MEDIA_TYPE = "text/event-stream"
MOST, MOST_EACH = 500, 20
"""Listeners of a process, and of one person."""
_NOTICES_END_SECONDS = 0.25
_RESTS = 20
"""A look is followed by so many times the pause that it took: a slow store is not asked all the time."""


class Listener:
    """One open connection. scope: of what it is told.   still: whether who listens still may; asked on a thread.

    last: the id of the last event that was received before.   since: what changed from that moment on is told at once.
    """

    def __init__(
        self, who: str, scope: Scope, still: Callable[[], bool], *, last: str = "", since: datetime | None = None
    ) -> None:
        self.who, self.scope, self.still = who, scope, still
        self._last, self._since = last, since
        self._marks: dict[Topic, Mark] | None = None
        self._messages: list[bytes] = []
        self.woken, self.ended, self.doubted = asyncio.Event(), False, False

    def tell(self, found: dict[Topic, Mark]) -> None:
        """Take in what was seen at a look."""
        mine = within(found, self.scope)
        if self._marks is not None:
            topics = changed(self._marks, mine)
            missed = bool(topics)
        else:
            self._say("ready", mine, {})
            missed = bool(self._last) and self._last != digest(mine)
            topics = sorted(mine) if missed else changed_since(mine, self._since) if self._since else []
        if missed or topics:
            self._say("changed", mine, self._named(topics))
        self._marks = mine

    def doubt(self) -> None:
        """Ask anew whether who listens still may, before anything more is said."""
        self.doubted = True
        self.woken.set()

    def end(self) -> None:
        """Let the connection end."""
        self.ended = True
        self.woken.set()

    def take(self) -> list[bytes]:
        """Return what is to be sent, once."""
        self.woken.clear()
        messages, self._messages = self._messages, []
        return messages

    def _named(self, topics: list[Topic]) -> dict[str, object]:
        return {"episode": self.scope.episode} if self.scope.episode else {"wards": [name for _, name in topics]}

    def _say(self, event: str, marks: dict[Topic, Mark], data: dict[str, object]) -> None:
        told = json.dumps(data, separators=(",", ":"))
        self._messages.append(f"id: {digest(marks)}\nevent: {event}\ndata: {told}\n\n".encode())
        self.woken.set()


class Live:
    """Everybody who listens to this process. draining: once it is set all are sent away, to listen to another."""

    def __init__(
        self,
        store: Store,
        draining: threading.Event | None = None,
        *,
        every_s: float = 1.0,
        check_s: float = 15.0,
        most: int = MOST,
        most_each: int = MOST_EACH,
    ) -> None:
        """Say when it is looked. check_s: so often each listener is sent a sign of life, and asked whether it may."""
        self._changes, self._draining = Changes(store), draining or threading.Event()
        self._every_s, self._check_s, self._most, self._most_each = every_s, check_s, most, most_each
        self._listeners: set[Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self._said = ""

    def join(self, listener: Listener) -> StreamingResponse:
        """Return the stream of a listener's events. Raises TooMany."""
        each = Counter(one.who for one in self._listeners)
        if len(self._listeners) >= self._most or each[listener.who] >= self._most_each:
            raise TooMany("too many are listening: close a page or a program of yours, or try again later")
        self._listeners.add(listener)
        self._loop = asyncio.get_running_loop()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return StreamingResponse(self._stream(listener), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})

    def doubt(self, who: str) -> None:
        """Ask anew whether somebody may listen, on each connection that is open: one of the sessions ended.

        May be called from any thread. That an account was changed is seen at the next look, whoever changed it.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._doubt, frozenset((who,)))

    def _doubt(self, people: frozenset[str]) -> None:
        for each in tuple(self._listeners):
            if each.who in people:
                each.doubt()

    async def _stream(self, listener: Listener) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        try:
            yield b"retry: 3000\n\n"
            checked = clock()
            while not listener.ended:
                try:
                    await asyncio.wait_for(listener.woken.wait(), max(0.0, checked + self._check_s - clock()))
                except TimeoutError:
                    checked = clock()
                    if not await _still(listener):
                        return
                    yield b": here\n\n"
                if listener.doubted and not await _still(listener):
                    return
                for message in listener.take():
                    yield message
        finally:
            self._listeners.discard(listener)

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._listeners and not self._draining.is_set():
            began = clock()
            try:
                self._doubt(await run_in_threadpool(self._changes.people))
                found = await run_in_threadpool(self._changes.look, {each.scope for each in self._listeners})
            except Exception as error:  # the store is away, and comes back: who listens then hears of it
                self._say(error)
            else:
                self._said = ""
                for each in tuple(self._listeners):
                    each.tell(found)
            await self._rest(max(self._every_s, _RESTS * (clock() - began)))
        for each in tuple(self._listeners):
            each.end()

    async def _rest(self, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while (left := until - clock()) > 0 and self._listeners and not self._draining.is_set():
            await asyncio.sleep(min(left, _NOTICES_END_SECONDS))

    def _say(self, error: Exception) -> None:
        said = error.code if isinstance(error, CarepathError) else type(error).__name__
        if said != self._said:
            _log.error("nobody is told of changes: %s", said, extra={"event": "live-failed", "code": said})
        self._said = said


def scope_of(system: System, principal: Principal, wards: Sequence[str], episode: str) -> Scope:
    """Return of what somebody is told: one episode, or these wards, none for all of his. Raises NotFound."""
    if episode:
        system.sight.check(principal, episode, Action.SEE)
        return Scope(episode=episode)
    own = own_wards(principal, wards)
    return Scope(frozenset(wards) if wards else own)


async def listen(
    request: Request, wards: Sequence[str], episode: str = "", *, last: str = "", since: datetime | None = None
) -> Response:
    """Return the stream of what changes. last: of Last-Event-ID. Raises NotFound, NotAcceptable and TooMany."""
    system = system_of(request)
    live = serving(request).live
    found = principal(request)
    scope = await run_in_threadpool(scope_of, system, found, wards, episode)
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        raise NotAcceptable(f"send Accept: {MEDIA_TYPE}; the answer does not end by itself")
    again: Callable[[], Principal | None] = request.scope[AGAIN]

    def still() -> bool:
        """Tell whether who listens may hear the same as before, no more and no less."""
        who = again()
        if who is None or not who.may(Action.SEE):
            return False
        try:
            return scope_of(system, who, wards, episode) == scope
        except NotFound:
            return False

    return live.join(Listener(found.actor_id, scope, still, last=last, since=since))


async def _still(listener: Listener) -> bool:
    listener.doubted = False
    return await run_in_threadpool(_may, listener)


def _may(listener: Listener) -> bool:
    try:
        return listener.still()
    except StoreError:
        return True  # nothing can be told either while the store is away
