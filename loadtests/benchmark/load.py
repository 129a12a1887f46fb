"""The load: wrk, whose visitors check every answer, and an audit of what the service has counted."""

import math
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.measured import Work
from loadtests.benchmark.servers import Server
from loadtests.benchmark.visitor import Visitor

PATIENCE_SECONDS = 30.0
"""How much longer than it should a round may take."""
CPU_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
"""What processor time is counted in."""
SCRIPT = Path(__file__).with_name("visits.lua")
_REQUESTS: Mapping[Work, tuple[str, str, int | None]] = {
    "write": ("POST", "/session/visits", 1),
    "read": ("GET", "/session", 0),
    "health": ("GET", "/healthz", None),
}
"""Method, path, and by how much each answer must raise the count; None where answers carry no count."""


@dataclass(frozen=True)
class Effort:
    """What one round was answered, in what time, and what processor time it took the service."""

    requests: int
    seconds: float
    cpu_seconds: float


def strain(servers: Sequence[Server], visitors: Sequence[Visitor], work: Work, seconds: float) -> Effort:
    """All visitors at once for so many seconds, each one request after the other, over all replicas.

    Raises `BenchmarkError` at the first wrong answer, or where the final count is not what was answered.
    """
    counts = servers[0].subject.counts
    before = sum(server.cpu_seconds() for server in servers)
    lines = _wrk([server.port for server in servers], visitors, work, seconds, counts=counts)
    used = sum(server.cpu_seconds() for server in servers) - before
    title = servers[0].subject.title
    answered = [_take(visitor, line, title) for visitor, line in zip(visitors, lines, strict=True)]
    if counts:
        audit(title, visitors)
    began, ended = min(line.began for line in lines), max(line.ended for line in lines)
    return Effort(sum(answered), ended - began, max(used, CPU_TICK_SECONDS))


def audit(title: str, visitors: Sequence[Visitor]) -> None:
    """Raises `BenchmarkError` unless the service counted every visit that it acknowledged, and no other."""
    for visitor in visitors:
        counted = visitor.read()["visits"]
        visitor.hang_up()
        if counted != visitor.visits:
            raise BenchmarkError(f"{title} acknowledged {visitor.visits} visits and counted {counted}")


@dataclass(frozen=True)
class _Line:
    answered: int
    visits: int
    wrong: int
    began: float
    ended: float
    cookie: str
    complaint: str


def _take(visitor: Visitor, line: _Line, title: str) -> int:
    """What became of the visitor; how many requests it was answered."""
    if line.wrong or not line.answered:
        raise BenchmarkError(f"{title} answered wrongly: {line.complaint or 'not at all'}")
    visitor.visits, visitor.cookie = line.visits, line.cookie
    return line.answered


def _wrk(
    ports: Sequence[int], visitors: Sequence[Visitor], work: Work, seconds: float, *, counts: bool
) -> list[_Line]:
    method, path, step = _REQUESTS[work]
    of_each = [part for visitor in visitors for part in (str(visitor.visits), visitor.cookie)]
    told = [method, path, str(seconds), str(step) if counts and step is not None else "-", *of_each]
    output = _run([*_command(len(visitors), ports[0], seconds), "--", *told], ports, len(visitors))
    lines = [_parse(line) for line in output if line.startswith("visitor\t")]
    if len(lines) != len(visitors):
        raise BenchmarkError(f"wrk failed: {' '.join(output)[-200:]}")
    return lines


def _command(visitors: int, port: int, seconds: float) -> list[str]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchmarkError("the load generator wrk is missing: run `make bench`, which installs it")
    limit = math.ceil(seconds + PATIENCE_SECONDS)
    many = ["-t", str(visitors), "-c", str(visitors)]
    return [wrk, *many, "-d", f"{limit}s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]


def _run(command: Sequence[str], ports: Sequence[int], visitors: int) -> list[str]:
    """What wrk printed, which is ended as soon as all its visitors have stopped."""
    with subprocess.Popen(
        command,
        env={**os.environ, "BENCHMARK_PORTS": ",".join(map(str, ports))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as wrk:
        output, stopped = [], 0
        for line in wrk.stdout or ():
            output.append(line.rstrip("\n"))
            stopped += line == "stopped\n"
            if stopped == visitors:
                stopped = 0
                wrk.send_signal(signal.SIGINT)
    return output


def _parse(line: str) -> _Line:
    _, answered, visits, wrong, began, ended, cookie, complaint = line.split("\t", 7)
    return _Line(int(answered), int(visits), int(wrong), float(began), float(ended), cookie, complaint)
