"""What if the network fails? Every connection to a server goes through a link, that can cut, hold or delay it."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

_CHUNK = 65536
_SECONDS = 10.0


class Network:
    """An event loop on a thread of its own, for all links."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        self._links: list[Link] = []

    def link(self, listen: Path, target: Path) -> "Link":
        """Return a link that listens at one Unix socket and leads to another, which need not be there yet."""
        link = Link(self, target)
        self.do(link.listen(listen))
        self._links.append(link)
        return link

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something on the loop, and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def close(self) -> None:
        """Drop every connection, and end."""
        self.do(self._drop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    async def _drop(self) -> None:
        for link in self._links:
            link.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class Link:
    """One way to a server. It begins whole; `heal` makes it so again, for connections that are still there."""

    def __init__(self, network: Network, target: Path) -> None:
        self._network, self._target = network, target
        self._cut, self._delay = False, 0.0
        self._flows = asyncio.Event()
        self._flows.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._lost: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server

    async def listen(self, at: Path) -> None:
        """Take connections."""
        self._server = await asyncio.start_unix_server(self._serve, at)

    def close(self) -> None:
        """Take no more connections, and let go of those that were lost. On the loop."""
        self._server.close()
        for writer in self._lost:
            writer.transport.abort()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._network.do(self._break())

    def hold(self) -> None:
        """Let nothing pass, without a word to anybody."""
        self._network.do(self._hold())

    def delay(self, seconds: float) -> None:
        """Let everything pass so much later."""
        self._delay = seconds

    def lose(self) -> None:
        """Break every connection and tell only the server: whoever asked waits for an answer. New ones are whole."""
        self._network.do(self._lose())

    def heal(self) -> None:
        """Take connections again, and let pass what was held."""
        self._network.do(self._heal())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._cut:
                raise ConnectionRefusedError  # noqa: TRY301
            far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        ways = [asyncio.ensure_future(self._pass(*each)) for each in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # a half-closed connection is of no use here
        finally:
            for way in ways:
                way.cancel()
            self._pairs.discard(pair)
            far_writer.close()
            if writer not in self._lost:
                writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                writer.write(data)
                await writer.drain()

    async def _break(self) -> None:
        self._cut = True
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    async def _hold(self) -> None:
        self._flows.clear()

    async def _lose(self) -> None:
        for near, far in self._pairs:
            self._lost.append(near)
            far.transport.abort()

    async def _heal(self) -> None:
        self._cut, self._delay = False, 0.0
        self._flows.set()
