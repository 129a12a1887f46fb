"""A benchmark in literal figures: five rounds in which every goal is met."""

from dataclasses import replace
from typing import Any

from loadtests.benchmark.measured import CheckerSpeed, Group, Measured, Run, StoreUse, UserCost, Work

ROUNDS = (1, 2, 3, 4, 5)
RATES: dict[tuple[Group, Work, str, int, int], float] = {
    ("services", "write", "bare", 10, 1): 8000.0,
    ("services", "write", "signed_cookie", 10, 1): 3000.0,
    ("services", "write", "server_side", 10, 1): 1500.0,
    ("services", "write", "token", 10, 1): 6000.0,
    ("services", "write", "memory", 10, 1): 7000.0,
    ("services", "write", "redis", 10, 1): 3000.0,
    ("services", "read", "server_side", 10, 1): 1600.0,
    ("services", "read", "redis", 10, 1): 3200.0,
    ("health", "health", "bare", 10, 1): 8200.0,
    ("health", "health", "redis", 10, 1): 7800.0,
    ("growth", "write", "redis", 1, 1): 3000.0,
    ("growth", "write", "redis", 10, 1): 3000.0,
    ("growth", "write", "redis", 100, 1): 3000.0,
    ("growth", "write", "redis", 1000, 1): 2900.0,
    ("growth", "write", "server_side", 1, 1): 1500.0,
    ("growth", "write", "server_side", 1000, 1): 300.0,
    ("replicas", "write", "redis", 10, 1): 3000.0,
    ("replicas", "write", "redis", 10, 2): 2900.0,
}


def run(group: Group, work: Work, subject: str, items: int = 10, replicas: int = 1, **more: Any) -> Run:
    """One round of one second, all of it processor time, in which so many `requests` were answered."""
    told = {"round": 1, "requests": 1000, "seconds": 1.0, "cpu_seconds": 1.0, **more}
    return Run(group, work, subject, items, replicas, **told)


def measured(**more: Any) -> Measured:
    """That benchmark, with `more` in place of what it has."""
    runs = [
        run(*line, round=number, requests=round(rate)) for line, rate in RATES.items() for number in ROUNDS
    ]
    whole = Measured(
        started_at="2026-11-26T07:00:00+00:00",
        seconds=420.0,
        environment={"processor": "made of words", "cores": 2, "load_before": 0.1},
        settings={"rounds": 5, "seconds": 1.8, "visitors": 8, "threads": 8},
        runs=runs,
        stores=[StoreUse("redis", 10, {"write": 1.0, "read": 1.0, "health": 0.0}, 608, 470, 637)],
        users=[UserCost(number, 1000.0, 950.0) for number in ROUNDS],
        checker=CheckerSpeed(500_000, 3.0),
    )
    return replace(whole, **more)


def with_rate(of: tuple[Group, Work, str, int, int], rate: float) -> Measured:
    """That benchmark, with another rate of one line in every round."""
    whole = measured()
    runs = [
        replace(one, requests=round(rate))
        if (one.group, one.work, one.subject, one.items, one.replicas) == of
        else one
        for one in whole.runs
    ]
    return replace(whole, runs=runs)
