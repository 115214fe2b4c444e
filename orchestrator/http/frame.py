"""What stands around every answer of a face? The right headers, a bound on what is sent, an account of what fails."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.errors import CarepathError
from orchestrator.http.bounds import bounded
from orchestrator.http.failing import log_failure, log_refusal
from orchestrator.http.headers import dress
from orchestrator.service.lookout import Banner


class Frame(ABC):
    """Around everything, so that no route forgets; each face says whom it lets in, and how it answers for an error."""

    policy: ClassVar[str]
    """The content security policy of answers that have none of their own."""
    headers: ClassVar[dict[str, str]] = {}
    """What else answers of this face carry unless they have their own."""
    expected: ClassVar[tuple[type[Exception], ...]] = (CarepathError,)
    """What is an answer; anything else is a defect, and is logged as one."""

    def __init__(self, app: ASGIApp, *, simulated: bool, banner: Callable[[], Banner | None]) -> None:
        """Say what to stand around. banner: what every answer says in a header, if anything."""
        self._app, self._simulated, self._banner = app, simulated, banner

    @abstractmethod
    async def let_in(self, scope: Scope) -> ASGIApp | None:
        """Put who asks into the scope; return what answers instead of the face. Raises what is to be answered for."""

    @abstractmethod
    def answer(self, scope: Scope, error: Exception) -> ASGIApp:
        """Return what answers for an error."""

    @abstractmethod
    def too_large(self) -> Exception:
        """Return what is wrong with a body of more than MAX_BODY bytes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            instead = await self.let_in(scope)
            await (instead or self._app)(scope, bounded(scope, receive, self.too_large), sending)
        except Exception as error:
            if started:
                raise
            log_refusal(scope, error)
            if not isinstance(error, self.expected):
                log_failure(error)
            await self.answer(scope, error)(scope, receive, sending)

    def _dress(self, headers: MutableHeaders, scope: Scope) -> None:
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        dress(headers, scope, policy=self.policy, simulated=self._simulated, banner=self._banner)
