"""The line between the devices and the gateway: it can be cut, and it can lose answers on their way.

A TCP relay on loopback. Cut, it refuses connections, as a device without a network meets it, and the
open ones end. What is lost on the way is lost after the service did its work.
"""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
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
        self._carrying: set[asyncio.Task[None]] = set()
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
        self._loop.close()
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
        self._spare.listen(512)
        self._loop.add_reader(self._spare, self._accept, self._spare)

    def _accept(self, listening: socket.socket) -> None:
        """Not asyncio's server: closed, it leaves those hanging whom it was about to accept."""
        device, _ = listening.accept()
        device.setblocking(False)
        task = self._loop.create_task(self._carry(device))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        task.add_done_callback(lambda _: device.close())  # also if it was ended before it began

    async def _cut(self) -> None:
        listening, self._spare = self._spare, _bound(self._spare.getsockname()[1])  # or others take the port
        self._loop.remove_reader(listening)
        listening.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, device: socket.socket) -> None:
        with suppress(OSError):  # nobody is there: the device sees its connection end
            async with (
                _connection(sock=device) as (from_device, to_device),
                _connection(*self._gateway) as (from_gateway, to_gateway),
            ):
                await _first_of(_relay(from_device, to_gateway), self._answers(from_gateway, to_device))

    async def _answers(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Until one side ends, or an answer is lost. A device waits for each before it asks again."""
        while piece := await reader.read(_PIECE):
            if piece.startswith(b"HTTP/1.1 "):
                self.carried += 1
                if self._every and self.carried % self._every == 0:
                    self.lost += 1
                    return
            writer.write(piece)
            await writer.drain()


async def _relay(reader: StreamReader, writer: StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


@asynccontextmanager
async def _connection(*address: Any, **options: Any) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """One that is gone afterwards."""
    reader, writer = await asyncio.open_connection(*address, **options)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _first_of(*relays: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; none goes on afterwards."""
    tasks = [asyncio.create_task(relay) for relay in relays]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _bound(port: int) -> socket.socket:
    """A socket that holds the port, at which nobody listens yet."""
    held = socket.socket()
    held.setblocking(False)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", port))
    return held
