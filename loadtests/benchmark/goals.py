"""The goals, and whether what was measured meets them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from statistics import median
from typing import Any

from loadtests.benchmark.measured import Group, Measured, Run, Work

MILLION = 1_000_000


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the least and the most that any gave."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """None of nothing."""
        known = list(values)
        return cls(median(known), min(known), max(known)) if known else None


@dataclass(frozen=True)
class Range:
    """From `least` to `most`, both included."""

    unit: str = ""
    least: float = 0
    most: float = inf

    def __contains__(self, value: float) -> bool:
        return self.least <= value <= self.most

    def __str__(self) -> str:
        if self.most == inf:
            wanted = f">= {self.least:g}"
        else:
            wanted = f"{self.least:g} - {self.most:g}" if self.least else f"<= {self.most:g}"
        return f"{wanted} {self.unit}".strip()


FLAT = Range("x", 0.85, 1.15)
"""Within 15 %."""


@dataclass(frozen=True)
class Goal:
    """What is wanted, and what was measured: None where nothing was. Met or missed by the median."""

    measure: str
    wanted: Range
    value: Spread | None
    by_cpu: Spread | None = None
    """The same ratio, of processor time instead of throughput: what a busy machine disturbs less."""

    @property
    def met(self) -> bool | None:
        return None if self.value is None else self.value.median in self.wanted

    @property
    def verdict(self) -> str:
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]

    def as_json(self) -> Mapping[str, Any]:
        return {
            "measure": self.measure,
            "wanted": str(self.wanted),
            "measured": asdict(self.value) if self.value else None,
            "by_processor_time": asdict(self.by_cpu) if self.by_cpu else None,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Line:
    """The runs that are one line of a table."""

    group: Group
    work: Work
    subject: str
    items: int = 10
    replicas: int = 1

    def of(self, measured: Measured) -> Sequence[Run]:
        """One a round."""
        mine = (self.group, self.work, self.subject, self.items, self.replicas)
        return [
            run
            for run in measured.runs
            if (run.group, run.work, run.subject, run.items, run.replicas) == mine
        ]

    def rate(self, measured: Measured) -> Spread | None:
        """Requests per second."""
        return Spread.of(run.rate for run in self.of(measured))

    def cpu_microseconds(self, measured: Measured) -> Spread | None:
        """Processor time of one request."""
        return Spread.of(1e6 / run.rate_of_cpu for run in self.of(measured))


def race(measured: Measured, measure: str, wanted: Range, ours: Line, theirs: Line) -> Goal:
    """A goal for the requests per second of one line over those of another, within each round."""
    pairs = list(_pairs(measured, ours, theirs))
    rates = Spread.of(one.rate / other.rate for one, other in pairs)
    cpu = Spread.of(one.rate_of_cpu / other.rate_of_cpu for one, other in pairs)
    return Goal(measure, wanted, rates, cpu)


def judge(measured: Measured) -> Sequence[Goal]:
    """Every goal there is."""
    return [*_services(measured), *_redis(measured), *_growth(measured), *_lab(measured)]


def _services(measured: Measured) -> Iterator[Goal]:
    def against(measure: str, times: float, work: Work, ours: str, theirs: str) -> Goal:
        group: Group = "health" if work == "health" else "services"
        return race(measured, measure, Range("x", times), Line(group, work, ours), Line(group, work, theirs))

    yield against("token, write / Flask's signed cookie", 1.8, "write", "token", "signed_cookie")
    yield against("token, write / bare Flask", 0.7, "write", "token", "bare")
    yield against("Redis, write / Flask-Session", 1.7, "write", "redis", "server_side")
    yield against("Redis, read / Flask-Session", 1.7, "read", "redis", "server_side")
    yield against("health check with a cookie / bare Flask", 0.8, "health", "redis", "bare")


def _redis(measured: Measured) -> Iterator[Goal]:
    use = next((use for use in measured.stores if use.subject == "redis"), None)
    bounds: Mapping[Work, int] = {"write": 1, "read": 1, "health": 0}
    for work, bound in bounds.items():
        trips = Spread.of([use.round_trips[work]] if use else [])
        yield Goal(f"Redis, {work}: round trips", Range(most=bound), trips)
    memory = Spread.of([use.memory_bytes / use.content_bytes] if use else [])
    yield Goal("Redis, memory of a session / its content", Range("x", most=1.5), memory)


def _growth(measured: Measured) -> Iterator[Goal]:
    smallest, *larger = (Line("growth", "write", "redis", items) for items in (1, 10, 100, 1000))
    for line in larger:
        yield race(measured, f"Redis, write at {line.items:,} items / at 1 item", FLAT, line, smallest)
    theirs = Line("growth", "write", "server_side", 1000)
    yield race(
        measured, "Redis, write at 1,000 items / Flask-Session at 1,000", Range("x", 5), larger[-1], theirs
    )
    one, two = (Line("replicas", "write", "redis", replicas=replicas) for replicas in (1, 2))
    pairs = _pairs(measured, two, one)
    grown = Spread.of(2 * both.rate_of_cpu / single.rate_of_cpu for both, single in pairs)
    yield Goal("replicas 1 -> 2, by processor time", Range("x", 1.7), grown)


def _lab(measured: Measured) -> Iterator[Goal]:
    users = Spread.of(cost.verifying / cost.counting for cost in measured.users)
    yield Goal("verifying users / users that count status codes", Range("x", 0.9), users)
    seconds = measured.checker.seconds * MILLION / measured.checker.operations
    yield Goal("verdict on a million operations", Range("s", most=10), Spread.of([seconds]))


def _pairs(measured: Measured, one: Line, other: Line) -> Iterator[tuple[Run, Run]]:
    """Runs of both lines that belong to the same round."""
    by_round = {run.round: run for run in other.of(measured)}
    for run in one.of(measured):
        if run.round in by_round:
            yield run, by_round[run.round]
