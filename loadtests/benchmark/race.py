"""The race: every subject does the same work, by turns, round after round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby, product
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
    """One line of a table: who does what, on how large a session, on how many replicas.

    Several `services` run side by side, on the same core; each has a Redis of its own.
    """

    group: Group
    work: Work
    subject: str
    items: int = ITEMS
    replicas: int = 1
    services: int = 1


CASES: Sequence[Case] = (
    *(Case("services", "write", name) for name in SUBJECTS),
    *(Case("services", "read", name) for name in SUBJECTS),
    *(Case("health", "health", name) for name in ("bare", "server_side", "token", "redis")),
    *(Case("growth", "write", name, items) for items in SIZES for name in ("redis", "server_side")),
    Case("replicas", "write", "redis", replicas=1, services=2),
    Case("replicas", "write", "redis", replicas=2),
)


@dataclass
class Course:
    """The servers, started when they are first needed, and the visitors with their sessions.

    Use as a context: leaving it stops what was started.
    """

    redis_urls: Sequence[str]
    home: Path
    core: int
    many: int
    """How many visitors of each replica."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _servers: dict[tuple[str, int, int], Server] = field(default_factory=dict)
    _visitors: dict[tuple[str, int, int, int], list[Visitor]] = field(default_factory=dict)

    def __enter__(self) -> "Course":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def servers(self, name: str, replicas: int = 1, services: int = 1) -> list[Server]:
        """So many replicas of the subject, for each service."""
        each = product(range(services), range(replicas))
        return [self._server(name, service, replica) for service, replica in each]

    def _server(self, name: str, service: int, replica: int) -> Server:
        key = name, service, replica
        if key not in self._servers:
            home = self.home / f"{name}-{service}"
            self._servers[key] = self._stack.enter_context(
                serving(SUBJECTS[name], self.redis_urls[service], home, self.core)
            )
        return self._servers[key]

    def visitors(self, case: Case) -> Sequence[Visitor]:
        """Those with sessions of the case's size, the same in every round, each with a server."""
        key = case.subject, case.items, case.replicas, case.services
        if key not in self._visitors:
            servers = self.servers(case.subject, case.replicas, case.services)
            self._visitors[key] = [Visitor(server.port) for server in servers * self.many]
            for visitor in self._visitors[key]:
                visitor.open(case.items if SUBJECTS[case.subject].counts else 0)
                visitor.hang_up()
        return self._visitors[key]

    def run(self, case: Case, number: int, seconds: float) -> Run:
        """One round of one case. Raises `BenchmarkError`."""
        servers = self.servers(case.subject, case.replicas, case.services)
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
