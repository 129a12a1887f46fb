"""The goals, and whether what was measured meets them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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
class Goal:
    """What is wanted (`at_least` or else at most `bound`), and what was measured: None where nothing was.

    Met or missed by the median.
    """

    measure: str
    bound: float
    unit: str
    value: Spread | None
    at_least: bool = True
    by_cpu: Spread | None = None
    """The same ratio, of processor time instead of throughput: what a busy machine disturbs less."""

    @property
    def wanted(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g} {self.unit}".strip()

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        reached = self.value.median
        return reached >= self.bound if self.at_least else reached <= self.bound

    @property
    def verdict(self) -> str:
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]

    def as_json(self) -> Mapping[str, Any]:
        return {
            "measure": self.measure,
            "wanted": self.wanted,
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


def race(measured: Measured, measure: str, bound: float, ours: Line, theirs: Line) -> Goal:
    """A goal for the requests per second of one line over those of another, within each round."""
    pairs = list(_pairs(measured, ours, theirs))
    rates = Spread.of(one.rate / other.rate for one, other in pairs)
    cpu = Spread.of(one.rate_of_cpu / other.rate_of_cpu for one, other in pairs)
    return Goal(measure, bound, "x", rates, by_cpu=cpu)


def judge(measured: Measured) -> Sequence[Goal]:
    """Every goal there is."""
    return [*_services(measured), *_redis(measured), *_growth(measured), *_lab(measured)]


def _services(measured: Measured) -> Iterator[Goal]:
    def against(measure: str, bound: float, work: Work, ours: str, theirs: str) -> Goal:
        group: Group = "health" if work == "health" else "services"
        return race(measured, measure, bound, Line(group, work, ours), Line(group, work, theirs))

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
        yield Goal(f"Redis, {work}: round trips", bound, "", trips, at_least=False)
    memory = Spread.of([use.memory_bytes / use.content_bytes] if use else [])
    yield Goal("Redis, memory of a session / its content", 1.5, "x", memory, at_least=False)


def _growth(measured: Measured) -> Iterator[Goal]:
    small, large = (Line("growth", "write", "redis", items) for items in (1, 1000))
    theirs = Line("growth", "write", "server_side", 1000)
    yield race(measured, "Redis, write at 1,000 items / at 1 item", 0.85, large, small)
    yield race(measured, "Redis, write at 1,000 items / Flask-Session at 1,000", 5, large, theirs)
    one, two = (Line("replicas", "write", "redis", replicas=replicas) for replicas in (1, 2))
    pairs = _pairs(measured, two, one)
    grown = Spread.of(2 * both.rate_of_cpu / single.rate_of_cpu for both, single in pairs)
    yield Goal("replicas 1 -> 2, by processor time", 1.7, "x", grown)


def _lab(measured: Measured) -> Iterator[Goal]:
    users = Spread.of(cost.verifying / cost.counting for cost in measured.users)
    yield Goal("verifying users / users that count status codes", 0.9, "x", users)
    seconds = measured.checker.seconds * MILLION / measured.checker.operations
    yield Goal("verdict on a million operations", 10, "s", Spread.of([seconds]), at_least=False)


def _pairs(measured: Measured, one: Line, other: Line) -> Iterator[tuple[Run, Run]]:
    """Runs of both lines that belong to the same round."""
    by_round = {run.round: run for run in other.of(measured)}
    for run in one.of(measured):
        if run.round in by_round:
            yield run, by_round[run.round]
