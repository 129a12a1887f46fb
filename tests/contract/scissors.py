"""A TCP proxy before several replicas that cuts every so many answers, after the work was done.

Each connection goes to the next replica. Of the answers that are cut every other one stops in the middle,
the others before they begin; to whoever asked that looks like a request that was lost on its way, as some
are too. A process of its own, so that it waits for nobody: `python -m tests.contract.scissors PORT EVERY
LOSE REPLICA...` listens there (0: anywhere) and says where; for each line of input it says how many answers
there were, how many of them it has cut, and how many requests it has lost.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from urllib.parse import urlsplit

from tests.contract.running import ROOT

NEVER = 0


class Scissors:
    """The proxy, as the test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{self._answer()}"

    @classmethod
    @contextmanager
    def running(
        cls, replicas: Sequence[str], *, every: int, lose: int = NEVER, port: int = 0
    ) -> Iterator["Scissors"]:
        """Before the replicas at these URLs; cuts every `every`th answer, loses every `lose`th request."""
        ports = [str(urlsplit(replica).port) for replica in replicas]
        command = [sys.executable, "-m", __name__, str(port), str(every), str(lose), *ports]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                yield cls(process)
            finally:
                process.kill()

    def count(self) -> tuple[int, int, int]:
        """How many answers came so far, how many of them were cut, and how many requests were lost."""
        assert self._process.stdin
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        answers, cuts, lost = self._answer().split()
        return int(answers), int(cuts), int(lost)

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


class _Network:
    """What the process does."""

    def __init__(self, every: int, lose: int, replicas: Sequence[int]) -> None:
        self._every = every
        self._lose = lose
        self._turn = cycle(replicas)
        self._requests = self._answers = self._cuts = self._lost = 0

    async def serve(self, port: int) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", port, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(self._answers, self._cuts, self._lost, flush=True)

    async def _connect(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_replica, to_replica = await asyncio.open_connection("127.0.0.1", next(self._turn))
        relays = [
            asyncio.create_task(self._ask(from_client, to_replica)),
            asyncio.create_task(self._answer(from_replica, to_client)),
        ]
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
        for relay in relays:
            relay.cancel()
        to_client.close()
        to_replica.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side closes, or a request is to be lost. Of each the first line comes first."""
        while piece := await reader.read(65536):
            if b" HTTP/1.1\r\n" in piece:
                self._requests += 1
                if self._lose and self._requests % self._lose == 0:
                    self._lost += 1
                    return
            writer.write(piece)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side closes, or it is time to cut. A client waits for an answer before it asks again."""
        while piece := await reader.read(65536):
            if piece.startswith(b"HTTP/1.1 "):
                self._answers += 1
                if self._every and self._answers % self._every == 0:
                    self._cuts += 1
                    writer.write(piece[: len(piece) // 2] if self._cuts % 2 else b"")
                    await writer.drain()
                    return
            writer.write(piece)


if __name__ == "__main__":
    listen, every, lose, *replicas = (int(word) for word in sys.argv[1:])
    asyncio.run(_Network(every, lose, replicas).serve(listen))
