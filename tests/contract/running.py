"""The services as real processes, and a client that speaks HTTP with them."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 30
ANSWER_SECONDS = 30
PORTS = range(20_000, 32_000)
"""Below those that the system gives to whoever takes any: one that nobody listens on stays so."""

_untried = iter(random.sample(PORTS, len(PORTS)))

T = TypeVar("T")


def eventually(attempt: Callable[[], T | None], what: str, seconds: float = 20) -> T:
    """What `attempt` gives once it gives something true; fails if one that began so many seconds later does
    not: a machine that paused meanwhile is no reason.
    """
    deadline = time.monotonic() + seconds
    over = False
    while not (result := attempt()):
        assert not over, f"not within {seconds} s: {what}"
        time.sleep(0.01)
        over = time.monotonic() >= deadline
    return result


def free_port() -> int:
    """A port of this machine that nothing listens on, and that is given to nobody else here."""
    return next(port for port in _untried if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's environment with just these settings of the services."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SESSION_")}
    return inherited | {"PYTHONPATH": str(ROOT)} | settings


@dataclass(frozen=True)
class Client:
    """Somebody with a cookie jar."""

    base: str
    jar: requests.Session = field(default_factory=requests.Session)

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        self.jar.trust_env = False
        return self.jar.request(method, self.base + path, timeout=ANSWER_SECONDS, **more)


@dataclass(frozen=True)
class Service:
    """A running service. `name` is the placement's, `service` what it calls itself."""

    name: str
    service: str
    url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, module: str, settings: dict[str, str], log: Path) -> "Service":
        port = int(settings.get("PORT", free_port()))
        where = {"HOST": "127.0.0.1", "PORT": str(port), "SESSION_COOKIE_SECURE": "false"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{module}"],
                cwd=ROOT,
                env=environment(where | settings),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(name, module, f"http://127.0.0.1:{port}", process)

    @property
    def cookie(self) -> str:
        return f"{self.service}-session"

    def client(self) -> Client:
        return Client(self.url)

    def await_health(self) -> None:
        eventually(self._healthy, f"{self.name} answers /healthz", START_SECONDS)

    def stop(self) -> None:
        """End it, and prove that no process of it is left."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
            eventually(self._gone, f"{self.name} leaves no process behind", STOP_SECONDS)
        finally:
            if not self._gone():
                os.killpg(self.process.pid, signal.SIGKILL)

    def _healthy(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
        try:
            return self.client().send("GET", "/healthz").ok
        except requests.ConnectionError:
            return False

    def _gone(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False
