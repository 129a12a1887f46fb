"""What verifying costs: Locust users that check what they were promised, and such as count status codes.

Locust patches the standard library when it is imported, so it runs as a process of its own:
`loadtests/benchmark/crowd.py`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.measured import UserCost
from loadtests.benchmark.servers import ROOT

Kind = Literal["counting", "verifying"]
LIMIT_SECONDS = 60.0


def costs(port: int, rounds: int, seconds: float) -> Iterator[UserCost]:
    """By turns, against the service at that port. Raises `BenchmarkError`."""
    for number in range(1, rounds + 1):
        first: Kind = "counting" if number % 2 else "verifying"
        second: Kind = "verifying" if number % 2 else "counting"
        pace = {kind: _pace(kind, port, seconds) for kind in (first, second)}
        yield UserCost(number, pace["counting"], pace["verifying"])


def _pace(kind: Kind, port: int, seconds: float) -> float:
    """Operations per second of the processor time of a Locust process."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.benchmark.crowd", kind, f"http://127.0.0.1:{port}", str(seconds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + LIMIT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{kind} users failed: {(done.stderr or done.stdout).strip()[-200:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return round(told["operations"] / told["cpu_seconds"], 1)
