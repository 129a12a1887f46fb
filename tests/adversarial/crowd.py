"""A crowd that uses its sessions all the time, measures every answer, and remembers what it was promised."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from threading import Event
from typing import Any

import requests

from tests.contract.running import Client, Service

MEMBERS = 32
THINK_SECONDS = 0.05
"""Between two requests of one member: so many that 2 cores carry them beside the service."""


@dataclass(frozen=True)
class Answer:
    """One answer, and the monotonic times at which its request was sent and it was complete."""

    sent_at: float
    done_at: float
    response: requests.Response

    @property
    def seconds(self) -> float:
        return self.done_at - self.sent_at

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def method(self) -> str | None:
        return self.response.request.method

    @property
    def served(self) -> bool:
        return self.status == 200


def timed(client: Client, method: str, path: str) -> Answer:
    sent_at = time.monotonic()
    response = client.send(method, path)
    return Answer(sent_at, time.monotonic(), response)


def percentile(answers: Sequence[Answer], percent: int) -> float:
    """Seconds within which so many percent of the answers came."""
    assert len(answers) >= 100
    return sorted(answer.seconds for answer in answers)[len(answers) * percent // 100]


@dataclass
class Member:
    """Somebody with a session. A visit is counted, indeterminate, or was never sent."""

    client: Client
    answers: list[Answer] = field(default_factory=list)
    acknowledged: int = 0
    indeterminate: int = 0
    broken: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, service: Service) -> "Member":
        client = service.client()
        assert client.send("POST", "/session").status_code == 201
        return cls(client)

    @property
    def cookies(self) -> dict[str, Any]:
        return dict(self.client.jar.cookies.get_dict())

    def work(self, stop: Event) -> None:
        """Visit and read in turn until told to stop."""
        for use in cycle((self.visit, self.read)):
            use()
            if stop.wait(THINK_SECONDS):
                return

    def visit(self) -> None:
        answer = timed(self.client, "POST", "/session/visits")
        self.answers.append(answer)
        if answer.served:
            self.acknowledged += 1
        else:
            self.indeterminate += 1

    def read(self) -> Answer:
        """Read the session, and see whether a promise was broken."""
        answer = timed(self.client, "GET", "/session")
        self.answers.append(answer)
        if answer.served:
            visits = answer.response.json()["visits"]
            if not self.acknowledged <= visits <= self.acknowledged + self.indeterminate:
                self.broken.append(f"{visits} visits, {self.acknowledged} + {self.indeterminate} promised")
        return answer


@dataclass(frozen=True)
class Crowd:
    members: Sequence[Member]

    @classmethod
    def of(cls, service: Service, members: int = MEMBERS) -> "Crowd":
        return cls([Member.of(service) for _ in range(members)])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        stop = Event()
        with ThreadPoolExecutor(len(self.members)) as threads:
            working = [threads.submit(member.work, stop) for member in self.members]
            try:
                yield
            finally:
                stop.set()
            for work in working:
                work.result()

    @property
    def answers(self) -> list[Answer]:
        return [answer for member in self.members for answer in list(member.answers)]

    @property
    def cookies(self) -> list[dict[str, Any]]:
        return [member.cookies for member in self.members]
