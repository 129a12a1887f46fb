"""The load: one Locust process, conducted through its standard input from experiment to experiment.

Locust patches the standard library when it is imported, so the lab starts it as a process. Should the
lab die, the end of standard input ends the load too.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from chaos.engine import ROOT
from loadtests import history
from loadtests.history import Growing, Operation, Phase
from loadtests.score import Habit

START_SECONDS = 60.0
END_SECONDS = 60.0
STOP_SECONDS = 20.0


class LoadError(Exception):
    """The load did not run as it should. The message says where to look."""


@dataclass(frozen=True)
class Intensity:
    """Users per placement, and what two cores bear: a lab, not a benchmark.

    Operations per second, of all users together; fewer while the fault lasts, as that is when
    containers start. No user makes more than `rate` of them.
    """

    users: int = 10
    rate: float = 8.0
    together: float = 600.0
    together_in_fault: float = 80.0

    def rates(self, placements: int, habit: Habit = "alone") -> Mapping[str, float]:
        """Operations per second and user with so many placements side by side.

        Not fewer in the fault where that is what the clients do.
        """
        users = self.users * placements
        in_fault = self.together_in_fault if habit == "alone" else self.together
        return {
            "rate": min(self.rate, self.together / users),
            "rate_in_fault": min(self.rate, in_fault / users),
        }


class Load:
    """Verifying users on these placements, from entering the context until leaving it."""

    def __init__(
        self, url: str, placements: Sequence[str], log: Path, intensity: Intensity, line: str = ""
    ) -> None:
        """Locust's own words go to `log`; devices go by the `line`, a URL."""
        self._url = url
        self._line = line
        self._placements = list(placements)
        self._log = log.resolve()
        self._intensity = intensity
        self._process: subprocess.Popen[str] | None = None
        self._told: int | None = None
        self._histories: Mapping[str, Growing] = {}

    def __enter__(self) -> "Load":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._told, tell = os.pipe()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                _command(self._url, self._intensity.users * len(self._placements)),
                cwd=ROOT,
                env={**os.environ, **self._settings(tell)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                pass_fds=[tell],
                start_new_session=True,
            )
        os.close(tell)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._told is not None:
            os.close(self._told)

    def begin(self, prefix: Path, placements: Sequence[str], habit: Habit = "alone") -> None:
        """A new experiment, with new clients; histories go to `<prefix>.<placement>/history.jsonl`."""
        self._histories = {name: Growing(history_path(prefix, name)) for name in placements}
        self._say(
            phase="steady",
            history=str(prefix.resolve()),
            placements=list(placements),
            habit=habit,
            replicas={},
            **self._intensity.rates(len(placements), habit),
        )

    def phase(self, phase: Phase) -> None:
        """Say which phase begins."""
        self._say(phase=phase)

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
            time.sleep(0.1)

    def hold(self, seconds: float) -> None:
        """Let the load go on for a while."""
        time.sleep(seconds)
        self._check(0, "")

    def finish(self, replicas: Mapping[str, int]) -> None:
        """Make the final reads. Raises `LoadError` if they do not come to an end."""
        self._say(phase="final", replicas=dict(replicas))
        told = self._told or 0
        if not select.select([told], [], [], END_SECONDS)[0]:
            raise LoadError(f"the final reads did not end in {END_SECONDS:.0f} s; see {self._log}")
        if not os.read(told, 100):
            raise LoadError(f"Locust ended too early; see {self._log}")

    def histories(self) -> Mapping[str, Sequence[Operation]]:
        """What was recorded so far in this experiment, by placement."""
        return {name: growing.read_on() for name, growing in self._histories.items()}

    def _settings(self, tell: int) -> Mapping[str, str]:
        return {
            "LOADTEST_CONDUCTED": str(tell),
            "LOADTEST_LINE": self._line,
            "LOADTEST_LOG": str(self._log),
            "LOADTEST_PLACEMENTS": ",".join(self._placements),
            "LOADTEST_USERS": str(self._intensity.users),
        }

    def _say(self, **message: Any) -> None:
        stdin = self._running().stdin
        if stdin is None:
            raise LoadError("the load takes no more orders")
        try:
            stdin.write(json.dumps(message) + "\n")
            stdin.flush()
        except OSError as error:
            raise LoadError(f"Locust ended too early; see {self._log}") from error

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
        *("--host", url, "-u", str(users), "-r", str(users), "--stop-timeout", "5"),
        *("--loglevel", "WARNING", "--only-summary"),
    )
