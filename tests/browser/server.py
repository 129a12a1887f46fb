"""A service that can be ended and started again where it was."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.stateless.keyring import create_first
from tests.contract.running import Service, free_port


@dataclass
class Server:
    """A service on a port of its own; `store` is one of memory, sqlite and token."""

    store: str
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    service: Service | None = None

    @classmethod
    @contextmanager
    def running(cls, store: str, home: Path, **settings: str) -> Iterator["Server"]:
        server = cls(store, home, settings)
        if store == "token":
            create_first(home / "keys")
        server.start()
        try:
            yield server
        finally:
            server.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def database(self) -> Path:
        return self.home / "sessions.db"

    def start(self) -> None:
        where = f"{self.store}:{self.database if self.store == 'sqlite' else ''}"
        keys = {"SESSION_KEYS": str(self.home / "keys")} if self.store == "token" else {}
        settings = {"SESSION_STORE": where, "PORT": str(self.port), **keys, **self.settings}
        module = "stateless" if self.store == "token" else "stateful"
        self.service = Service.start(self.store, module, settings, self.home / "service.log")
        self.service.await_health()

    def stop(self) -> None:
        if self.service:
            self.service.stop()
        self.service = None

    def kill(self) -> None:
        if self.service:
            os.killpg(self.service.process.pid, signal.SIGKILL)
            self.service.process.wait()
        self.service = None

    def lose_everything(self) -> None:
        """Killed, and started again without what it had in memory."""
        assert self.store == "memory"
        self.kill()
        self.start()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Ended as it should be, and then started again."""
        self.stop()
        yield
        self.start()
