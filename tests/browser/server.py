"""A service that can be ended and started again where it was."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.contract.running import Service, free_port


@dataclass
class Server:
    """A stateful service on a port of its own."""

    store: str
    home: Path
    port: int = field(default_factory=free_port)
    service: Service | None = None

    @classmethod
    @contextmanager
    def running(cls, store: str, home: Path) -> Iterator["Server"]:
        server = cls(store, home)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def database(self) -> Path:
        return self.home / "sessions.db"

    def start(self) -> None:
        where = f"sqlite:{self.database}" if self.store == "sqlite" else "memory:"
        settings = {"SESSION_STORE": where, "PORT": str(self.port), "DRAIN_SECONDS": "1"}
        self.service = Service.start(self.store, "stateful", settings, self.home / "service.log")
        self.service.await_health()

    def stop(self) -> None:
        if self.service:
            self.service.stop()
        self.service = None

    def lose_everything(self) -> None:
        """Killed, and started again without what it had in memory."""
        assert self.store == "memory"
        assert self.service
        os.killpg(self.service.process.pid, signal.SIGKILL)
        self.service.process.wait()
        self.start()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Ended as it should be, and then started again."""
        self.stop()
        yield
        self.start()
