"""The line between the devices and the gateway: it can be cut, and it can lose answers on their way.

A TCP relay on loopback. Cut, it refuses connections, as a device without a network meets it, and the
open ones end. What is lost on the way is lost after the service did its work.
"""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

CALL_SECONDS = 10.0
_PIECE = 65536

T = TypeVar("T")


class Line:
    """To the gateway at `gateway`, a URL; `url` is this end of it. Runs in a thread of its own."""

    def __init__(self, gateway: str) -> None:
        split = urlsplit(gateway)
        self._gateway = split.hostname, split.port
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._spare = _bound(0)
        self.url = f"http://127.0.0.1:{self._spare.getsockname()[1]}"
        self.carried = 0
        """Answers that came through from the gateway, those that were lost included."""
        self.lost = 0
        self._every = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._spare.close()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nobody gets through in here."""
        self._call(self._cut())
        try:
            yield
        finally:
            self._call(self._listen())

    @contextmanager
    def losing(self, every: int) -> Iterator[None]:
        """Each so many-th answer is lost in here, and its connection with it."""
        self._every = every
        try:
            yield
        finally:
            self._every = 0

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, sock=self._spare, backlog=512)

    async def _cut(self) -> None:
        self._spare = _bound(self._spare.getsockname()[1])  # so that nobody else takes the port meanwhile
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _carry(self, from_device: asyncio.StreamReader, to_device: asyncio.StreamWriter) -> None:
        self._open.add(to_device)
        try:
            from_gateway, to_gateway = await asyncio.open_connection(*self._gateway)
            relays = [
                asyncio.create_task(_relay(from_device, to_gateway)),
                asyncio.create_task(self._answers(from_gateway, to_device)),
            ]
            await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
            for relay in relays:
                relay.cancel()
            await asyncio.gather(*relays, return_exceptions=True)
            to_gateway.close()
        except OSError:  # nobody is there: the device sees its connection end
            pass
        finally:
            self._open.discard(to_device)
            to_device.transport.abort()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side ends, or an answer is lost. A device waits for each before it asks again."""
        while piece := await reader.read(_PIECE):
            if piece.startswith(b"HTTP/1.1 "):
                self.carried += 1
                if self._every and self.carried % self._every == 0:
                    self.lost += 1
                    return
            writer.write(piece)
            await writer.drain()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


def _bound(port: int) -> socket.socket:
    """A socket that holds the port, at which nobody listens yet."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", port))
    return held
