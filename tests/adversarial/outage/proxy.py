"""A TCP proxy that can be slow, silent, or not there: a network between a service and its store.

A process of its own, so that it waits for nobody: `python -m tests.adversarial.outage.proxy PORT` says
on which port it listens, then does what its lines of input say, and says each time that it is done.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract.running import ROOT

_STEP = 0.005


class Proxy:
    """Relays connections on its `port` to another port of this machine."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._answer())

    @classmethod
    @contextmanager
    def running(cls, upstream: int) -> Iterator["Proxy"]:
        command = [sys.executable, "-m", __name__, str(upstream)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                yield cls(process)
            finally:
                process.kill()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Each piece of an answer is late."""
        with self._told(f"delay {seconds}", "delay 0"):
            yield

    @contextmanager
    def mute(self) -> Iterator[None]:
        """What is sent arrives, and answers are lost."""
        with self._told("mute 1", "mute 0"):
            yield

    @contextmanager
    def partitioned(self) -> Iterator[None]:
        """What is sent gets nowhere, and new connections are not made.

        A connection that was there stays dead afterwards, as where a firewall forgot it.
        """
        with self._told("cut 1", "cut 0"):
            yield

    @contextmanager
    def _told(self, first: str, last: str) -> Iterator[None]:
        self._tell(first)
        try:
            yield
        finally:
            self._tell(last)

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        assert self._answer() == line

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


class _Network:
    """What the process does. A connection is dead once there was a cut since it was made."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._delay, self._mute, self._cut = 0.0, False, False
        self._cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)

    async def serve(self) -> None:
        accepting = asyncio.create_task(self._accept())
        print(self._listener.getsockname()[1], flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            self._obey(*line.split())
            print(line, end="", flush=True)
        accepting.cancel()

    def _obey(self, what: str, value: str) -> None:
        if what == "delay":
            self._delay = float(value)
        elif what == "mute":
            self._mute = value == "1"
        else:
            self._cut = value == "1"
            self._cuts += self._cut
            # What nobody accepts fills a short queue; then SYNs are dropped.
            self._listener.listen(0 if self._cut else 128)

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
        born = self._cuts
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
        """Until one side closes."""
        while piece := await reader.read(65536):
            await asyncio.sleep(self._delay if answers else 0)
            if self._cut or self._cuts > born:
                await asyncio.Event().wait()
            if not (answers and self._mute):
                writer.write(piece)


if __name__ == "__main__":
    asyncio.run(_Network(int(sys.argv[1])).serve())
