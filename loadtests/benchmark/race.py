"""The race: every subject does the same work, by turns, round after round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from loadtests.benchmark.load import strain
from loadtests.benchmark.measured import Group, Run, Work
from loadtests.benchmark.servers import Server, serving
from loadtests.benchmark.subjects import SUBJECTS
from loadtests.benchmark.visitor import Visitor

ITEMS = 10
SIZES = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Case:
    """One line of a table: who does what, on how large a session, on how many replicas."""

    group: Group
    work: Work
    subject: str
    items: int = ITEMS
    replicas: int = 1


CASES: Sequence[Case] = (
    *(Case("services", "write", name) for name in SUBJECTS),
    *(Case("services", "read", name) for name in SUBJECTS),
    *(Case("health", "health", name) for name in ("bare", "server_side", "token", "redis")),
    *(Case("growth", "write", name, items) for items in SIZES for name in ("redis", "server_side")),
    *(Case("replicas", "write", "redis", replicas=replicas) for replicas in (1, 2)),
)


@dataclass
class Course:
    """The servers, started when they are first needed, and the visitors with their sessions.

    Use as a context: leaving it stops what was started.
    """

    redis_url: str
    home: Path
    core: int
    many: int
    """How many visitors of each replica."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _servers: dict[str, list[Server]] = field(default_factory=dict)
    _visitors: dict[tuple[str, int, int], list[Visitor]] = field(default_factory=dict)

    def __enter__(self) -> "Course":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def servers(self, name: str, replicas: int = 1) -> Sequence[Server]:
        """So many replicas of the subject."""
        running = self._servers.setdefault(name, [])
        while len(running) < replicas:
            home = self.home / name
            running.append(
                self._stack.enter_context(serving(SUBJECTS[name], self.redis_url, home, self.core))
            )
        return running[:replicas]

    def visitors(self, case: Case) -> Sequence[Visitor]:
        """Those with sessions of the case's size, the same in every round."""
        key = case.subject, case.items, case.replicas
        if key not in self._visitors:
            (server, *_) = self.servers(case.subject, case.replicas)
            self._visitors[key] = [Visitor(server.port) for _ in range(self.many * case.replicas)]
            for visitor in self._visitors[key]:
                visitor.open(case.items if server.subject.counts else 0)
                visitor.hang_up()
        return self._visitors[key]

    def run(self, case: Case, number: int, seconds: float) -> Run:
        """One round of one case. Raises `BenchmarkError`."""
        servers = self.servers(case.subject, case.replicas)
        effort = strain(servers, self.visitors(case), case.work, seconds)
        return Run(
            case.group,
            case.work,
            case.subject,
            case.items,
            case.replicas,
            number,
            effort.requests,
            round(effort.seconds, 4),
            round(effort.cpu_seconds, 2),
        )


def race(
    course: Course, cases: Sequence[Case], rounds: int, seconds: float, tell: Callable[[str], None]
) -> Iterator[Run]:
    """All rounds of all groups; the first of each case, shorter, is thrown away: it warms up.

    Every second round goes the other way round, so that what drifts does not favour who comes first.
    """
    for group, members in groupby(cases, lambda case: case.group):
        lined_up = list(members)
        tell(f"{group}: warming up {len(lined_up)} cases")
        for case in lined_up:
            course.run(case, 0, seconds / 4)
        for number in range(1, rounds + 1):
            tell(f"{group}: round {number} of {rounds}")
            for case in lined_up if number % 2 else reversed(lined_up):
                yield course.run(case, number, seconds)
