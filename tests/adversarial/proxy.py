"""A TCP proxy that can be slow, silent, or not there: a network between a service and its store."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

_STEP = 0.005


class Proxy:
    """Relays connections on `port` to `upstream` on this machine.

    `delay`: seconds by which each piece of an answer is late. `mute`: answers are swallowed.
    `partitioned()`: what is sent gets nowhere, and new connections are not made. A connection that
    was there during a partition stays dead after it, as where a firewall forgot it.
    """

    def __init__(self, upstream: int) -> None:
        self.delay = 0.0
        self.mute = False
        self._upstream = upstream
        self._cut = False
        self._partitions = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self.port: int = self._listener.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = Thread(target=self._loop.run_until_complete, args=[self._serve()])
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            thread.join()
            self._loop.close()

    @contextmanager
    def partitioned(self) -> Iterator[None]:
        cut = Event()
        self._loop.call_soon_threadsafe(self._part, cut)
        assert cut.wait(20)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._heal)

    def _part(self, cut: Event) -> None:
        self._partitions += 1
        self._cut = True
        self._listener.listen(0)  # what nobody accepts fills this, then SYNs are dropped
        cut.set()

    def _heal(self) -> None:
        self._listener.listen(128)
        self._cut = False

    async def _serve(self) -> None:
        accepting = asyncio.create_task(self._accept())
        await self._stopped.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(accepting, *others, return_exceptions=True)
        self._listener.close()

    async def _accept(self) -> None:
        loop, connections = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        while True:
            while self._cut:
                await asyncio.sleep(_STEP)
            client, _ = await loop.sock_accept(self._listener)
            connection = asyncio.create_task(self._connect(client))
            connections.add(connection)
            connection.add_done_callback(connections.discard)

    async def _connect(self, client: socket.socket) -> None:
        born = self._partitions
        from_client, to_client = await asyncio.open_connection(sock=client)
        try:
            from_store, to_store = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            to_client.close()
            return
        relays = [
            asyncio.create_task(self._relay(from_client, to_store, born, answers=False)),
            asyncio.create_task(self._relay(from_store, to_client, born, answers=True)),
        ]
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
        for relay in relays:
            relay.cancel()
        to_client.close()
        to_store.close()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, born: int, *, answers: bool
    ) -> None:
        """Until one side closes: a partition takes the closing with it."""
        while piece := await reader.read(65536):
            await asyncio.sleep(self.delay if answers else 0)
            if self._cut or self._partitions > born:
                await asyncio.Event().wait()
            if not (answers and self.mute):
                writer.write(piece)
