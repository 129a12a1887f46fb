"""The load: a Locust process of its own, told the phases on its standard input.

Locust patches the standard library when it is imported, so the lab starts it as a process. Should the
lab die, the end of standard input ends the load too.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from chaos.engine import ROOT
from loadtests import history
from loadtests.history import Operation, Phase

START_SECONDS = 60.0
END_SECONDS = 60.0


class LoadError(Exception):
    """The load did not run as it should. The message says where to look."""


@dataclass(frozen=True)
class Intensity:
    """Users per placement, and operations per second and user. Modest: a lab, not a benchmark."""

    users: int = 10
    rate: float = 8.0


class Load:
    """Verifying users on some placements, from entering the context until `finish`."""

    def __init__(self, url: str, placements: Sequence[str], prefix: Path, intensity: Intensity) -> None:
        """Histories go to `<prefix>.<placement>/history.jsonl`, Locust's words to `<prefix>.log`."""
        self._url = url
        self._prefix = prefix.resolve()
        self._histories = {name: history_path(prefix, name) for name in placements}
        self._log = prefix.with_name(f"{prefix.name}.log")
        self._intensity = intensity
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Load":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        users = self._intensity.users * len(self._histories)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                _command(self._url, users),
                cwd=ROOT,
                env={**os.environ, **self._settings()},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def phase(self, phase: Phase, replicas: Mapping[str, int] | None = None) -> None:
        """Say which phase begins; for the final one, how many replicas each placement has."""
        stdin = self._running().stdin
        if stdin is None:
            raise LoadError("the load takes no more orders")
        try:
            stdin.write(json.dumps({"phase": phase, "replicas": replicas or {}}) + "\n")
            stdin.flush()
        except OSError as error:
            raise LoadError(f"Locust ended too early; see {self._log}") from error

    def until_acknowledged(self, writes: int, seconds: float, tell: Callable[[int], None]) -> None:
        """Until each placement acknowledged so many writes and so much time has passed."""
        began = time.monotonic()
        while True:
            least = min(history.acknowledged_writes(h) for h in self.histories().values())
            tell(least)
            elapsed = time.monotonic() - began
            if least >= writes and elapsed >= seconds:
                return
            self._check(elapsed, f"only {least} of {writes} writes were acknowledged")
            time.sleep(0.2)

    def hold(self, seconds: float) -> None:
        """Let the load go on for a while."""
        time.sleep(seconds)
        self._check(0, "")

    def finish(self, replicas: Mapping[str, int]) -> None:
        """Make the final reads, and end. Raises `LoadError` if it does not come to its end."""
        self.phase("final", replicas)
        try:
            status = self._running().wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"the final reads did not end in {END_SECONDS:.0f} s; see {self._log}") from error
        if status:
            raise LoadError(f"Locust ended with exit code {status}; see {self._log}")

    def histories(self) -> Mapping[str, Sequence[Operation]]:
        """What was recorded so far, by placement."""
        return {
            name: history.read(path, growing=True) if path.exists() else []
            for name, path in self._histories.items()
        }

    def _settings(self) -> Mapping[str, str]:
        return {
            "LOADTEST_CONDUCTED": "1",
            "LOADTEST_PLACEMENTS": ",".join(self._histories),
            "LOADTEST_USERS": str(self._intensity.users),
            "LOADTEST_RATE": str(self._intensity.rate),
            "LOADTEST_HISTORY": str(self._prefix),
        }

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LoadError("the load was not started")
        return self._process

    def _check(self, elapsed: float, what: str) -> None:
        if self._running().poll() is not None:
            raise LoadError(f"Locust ended too early; see {self._log}")
        if elapsed > START_SECONDS:
            raise LoadError(f"{what} in {START_SECONDS:.0f} s; see {self._log}")


def history_path(prefix: Path, placement: str) -> Path:
    """Where `loadtests/locustfile.py` writes the history of a placement."""
    return prefix.with_name(f"{prefix.name}.{placement}") / "history.jsonl"


def _command(url: str, users: int) -> Sequence[str]:
    return (
        *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"),
        *("--host", url, "-u", str(users), "-r", str(users), "--stop-timeout", "10"),
        *("--loglevel", "WARNING", "--only-summary"),
    )
