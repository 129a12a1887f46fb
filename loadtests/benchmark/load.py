"""The load: wrk, whose visitors check every answer, and an audit of what the service has counted."""

import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
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
    subject = servers[0].subject
    before = sum(server.cpu_seconds() for server in servers)
    output = _wrk([server.port for server in servers], visitors, work, seconds, counts=subject.counts)
    used = sum(server.cpu_seconds() for server in servers) - before
    answered, lasted = settle(subject.title, visitors, output)
    if subject.counts:
        audit(subject.title, visitors)
    return Effort(answered, lasted, max(used, CPU_TICK_SECONDS))


def settle(title: str, visitors: Sequence[Visitor], output: Sequence[str]) -> tuple[int, float]:
    """How many requests were answered, in how many seconds, by what visits.lua printed; the visitors go on
    with the counts and the cookies they had at the end. Raises `BenchmarkError` for a wrong answer.
    """
    lines = [line.split("\t", 7)[1:] for line in output if line.startswith("visitor\t")]
    if len(lines) != len(visitors):
        raise BenchmarkError(f"wrk failed: {' '.join(output)[-200:]}")
    if output.count("stopped") != len(visitors):
        raise BenchmarkError(f"{title} kept a visitor waiting for more than {PATIENCE_SECONDS:.0f} s")
    for visitor, (answered, visits, wrong, *_, cookie, complaint) in zip(visitors, lines, strict=True):
        if int(wrong) or not int(answered):
            raise BenchmarkError(f"{title} answered wrongly: {complaint or 'not at all'}")
        visitor.visits, visitor.cookie = int(visits), cookie
    began, ended = min(float(line[3]) for line in lines), max(float(line[4]) for line in lines)
    return sum(int(line[0]) for line in lines), ended - began


def audit(title: str, visitors: Sequence[Visitor]) -> None:
    """Raises `BenchmarkError` unless the service counted every visit that it acknowledged, and no other."""
    for visitor in visitors:
        counted = visitor.read()["visits"]
        visitor.hang_up()
        if counted != visitor.visits:
            raise BenchmarkError(f"{title} acknowledged {visitor.visits} visits and counted {counted}")


def _wrk(
    ports: Sequence[int], visitors: Sequence[Visitor], work: Work, seconds: float, *, counts: bool
) -> Sequence[str]:
    method, path, step = _REQUESTS[work]
    of_each = [part for visitor in visitors for part in (str(visitor.visits), visitor.cookie)]
    told = [method, path, str(seconds), str(step) if counts and step is not None else "-", *of_each]
    return _run([*_command(len(visitors), ports[0], seconds), "--", *told], ports, len(visitors))


def _command(visitors: int, port: int, seconds: float) -> list[str]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchmarkError("the load generator wrk is missing: run `make bench`, which installs it")
    limit = math.ceil(seconds + PATIENCE_SECONDS)
    many = ["-t", str(visitors), "-c", str(visitors)]
    return [wrk, *many, "-d", f"{limit}s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]


def _run(command: Sequence[str], ports: Sequence[int], visitors: int) -> Sequence[str]:
    """What wrk printed, which is ended as soon as all its visitors have stopped."""
    with subprocess.Popen(
        command,
        env={**os.environ, "BENCHMARK_PORTS": ",".join(map(str, ports))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as wrk:
        try:
            return list(_read(wrk, visitors))
        finally:
            wrk.kill()


def _read(wrk: "subprocess.Popen[str]", visitors: int) -> Iterator[str]:
    """Its lines. Ends it after as many `stopped` as there are visitors."""
    stopped = 0
    for line in wrk.stdout or ():
        yield line.rstrip("\n")
        stopped += line == "stopped\n"
        if stopped == visitors:
            stopped = 0
            _end(wrk)


def _end(wrk: "subprocess.Popen[str]") -> None:
    """Interrupt its sleep, again and again: what comes before it sleeps does not wake it, and what comes
    before it listens would kill it.
    """
    while wrk.poll() is None:
        if _listens(wrk.pid):
            wrk.send_signal(signal.SIGINT)
        time.sleep(0.01)


def _listens(pid: int) -> bool:
    """Whether it catches SIGINT; format: proc_pid_status(5)."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) & 1 << signal.SIGINT - 1)
    return False
