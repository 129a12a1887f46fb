"""The subjects as running processes, each on the same core."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import psutil

from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.subjects import Subject
from loadtests.benchmark.visitor import Visitor
from services.stateless.keyring import create_first

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
THREADS = 8
"""Blocking threads of each server."""


@dataclass(frozen=True)
class Server:
    """A subject's process, and its worker's."""

    subject: Subject
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self) -> float:
        """Processor time it has used so far, user and system, all its processes."""
        parent = psutil.Process(self.process.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))


@contextmanager
def serving(subject: Subject, redis_url: str, home: Path, core: int) -> Iterator[Server]:
    """The subject, up and answering. Its files and its log are in `home`. Raises `BenchmarkError`."""
    home.mkdir(parents=True, exist_ok=True)
    settings = subject.environment(redis_url, home)
    if keys := settings.get("SESSION_KEYS"):
        create_first(Path(keys))
    server = _start(subject, settings, home / "server.log", core)
    try:
        _await_health(server)
        yield server
    finally:
        _stop(server.process)


def _start(subject: Subject, settings: Mapping[str, str], log: Path, core: int) -> Server:
    port = _free_port()
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("SESSION_")}
    told = {"PYTHONPATH": str(ROOT), "HOST": "127.0.0.1", "PORT": str(port), "THREADS": str(THREADS)}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.benchmark.serve", subject.target, str(core)],
            cwd=ROOT,
            env={**inherited, **told, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Server(subject, port, process, log)


def _await_health(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(server.port):
        if server.process.poll() is not None:
            raise BenchmarkError(f"{server.subject.title} did not start: {_last_line(server.log)}")
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{server.subject.title} is not up after {START_SECONDS:.0f} s")
        time.sleep(0.05)


def _healthy(port: int) -> bool:
    with suppress(OSError, HTTPException):
        return Visitor(port).send("GET", "/healthz")[0] == 200
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """At once, for there is nobody to drain for; what is left of its process group is killed."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
