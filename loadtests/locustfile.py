"""Locust users that verify what they were promised.

    locust -f loadtests/locustfile.py --host http://127.0.0.1:8080

Each user keeps one session of its placement: it puts uniquely named items, counts visits, reads, and
compares every read with what was acknowledged before. Settings, from the environment:

    LOADTEST_PLACEMENTS  names, comma-separated (layer,token,redis-everysec); each has a route
    LOADTEST_USERS       users per placement (10)
    LOADTEST_RATE        operations per second and user (8)
    LOADTEST_HISTORY     P: histories go to P.<placement>/history.jsonl (nowhere)
    LOADTEST_CONDUCTED   1: phases come as JSON lines on standard input, and its end is the end
"""

import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

import gevent
from gevent.fileobject import FileObject
from locust import HttpUser, constant_throughput, events, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests import history
from loadtests.client import SessionClient
from loadtests.history import Operation, Phase

PLACEMENTS = os.environ.get("LOADTEST_PLACEMENTS", "layer,token,redis-everysec").split(",")
USERS = int(os.environ.get("LOADTEST_USERS", "10"))
RATE = float(os.environ.get("LOADTEST_RATE", "8"))
HISTORY = os.environ.get("LOADTEST_HISTORY")
CONDUCTED = os.environ.get("LOADTEST_CONDUCTED") == "1"

ITEMS_PER_SESSION = 25
"""A sealed session must fit into a cookie."""
PATIENCE = 3
"""Refusals in a row after which a client gives a session up and opens a new one."""
FINAL_SECONDS = 10.0
"""How long a session is read at the end, until every replica has answered."""


@dataclass
class Score:
    """What the conductor says: the phase, and how many replicas a final read has to reach."""

    phase: Phase = "steady"
    replicas: dict[str, int] = field(default_factory=dict)

    def follow(self, environment: Environment) -> None:
        """Take lines from standard input until it ends; its end ends the load."""
        for line in FileObject(sys.stdin.fileno(), "r", close=False):
            message = json.loads(line)
            self.phase = message["phase"]
            self.replicas = message.get("replicas", {})
        cast("Any", environment.runner).quit()


score = Score()
files: dict[str, TextIO] = {}


class SessionUser(HttpUser):
    abstract = True
    placement: str
    wait_time = constant_throughput(RATE)

    def on_start(self) -> None:
        self.session: SessionClient | None = None
        self.past: list[SessionClient] = []
        self.refusals = 0
        self.client.trust_env = False

    @task
    def step(self) -> None:
        if score.phase == "final":
            self.read_finally()
            raise StopUser
        if self.session is None or self.refusals >= PATIENCE:
            # While the fault lasts a client keeps trying with the session it has.
            if score.phase != "fault" or self.session is None:
                self.begin()
            else:
                self.refusals = 0
            return
        operation = self.operate(self.session)
        self.refusals = self.refusals + 1 if operation.served_by and operation.outcome == "fail" else 0

    def begin(self) -> None:
        """Open a session; what was promised for the one before is read at the end all the same."""
        opened = SessionClient(self.send, f"/{self.placement}", self.record, lambda: score.phase)
        if opened.open().outcome == "ok":
            if self.session is not None:
                self.past.append(self.session)
            self.session, self.refusals = opened, 0

    def operate(self, session: SessionClient) -> Operation:
        room = len(session.promise.items) < ITEMS_PER_SESSION
        match random.choices(("put", "visit", "read"), (5 if room else 0, 3, 2))[0]:
            case "put":
                return session.put()
            case "visit":
                return session.visit()
        return self.read(session)

    def read(self, session: SessionClient) -> Operation:
        operation, shortfall = session.read()
        if shortfall:
            self.environment.events.request.fire(
                request_type="CHECK",
                name=f"{self.placement}: promise",
                response_time=0,
                response_length=0,
                exception=AssertionError(f"promise broken: {shortfall}"),
                context={},
            )
        return operation

    def read_finally(self) -> None:
        """Read every session until each replica has said what it knows of it."""
        wanted = score.replicas.get(self.placement, 1)
        for session in filter(None, (*self.past, self.session)):
            instances: set[str] = set()
            deadline = time.monotonic() + FINAL_SECONDS
            while time.monotonic() < deadline:
                operation, _ = session.read()
                if operation.served_by and operation.problem != "store-unavailable":
                    instances.add(operation.served_by)
                if len(instances) >= wanted:
                    break
                gevent.sleep(0.02 if operation.served_by else 0.25)

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Through Locust, which counts it; the jar stays empty, a client keeps its own cookie."""
        self.client.cookies.clear()
        name = f"{self.placement}: {method} {path.rpartition('/')[2] if '/items/' not in path else 'item'}"
        return self.client.request(method, path, name=name, **options)

    def record(self, operation: Operation) -> None:
        if HISTORY:
            history.write(operation, files[self.placement])


for _placement in PLACEMENTS:
    _name = "".join(part.capitalize() for part in _placement.split("-")) + "User"
    globals()[_name] = type(
        _name, (SessionUser,), {"placement": _placement, "fixed_count": USERS if CONDUCTED else 0}
    )


@events.init.add_listener
def prepare(environment: Environment, **_: object) -> None:
    if HISTORY:
        for placement in PLACEMENTS:
            path = Path(f"{HISTORY}.{placement}", "history.jsonl")
            path.parent.mkdir(parents=True, exist_ok=True)
            files[placement] = path.open("a", buffering=1)
    if CONDUCTED:
        gevent.spawn(score.follow, environment)


@events.test_start.add_listener
def end_when_read(environment: Environment, **_: object) -> None:
    """A conducted load is over when every user has made its final reads."""

    def watch() -> None:
        runner = cast("Any", environment.runner)
        while score.phase != "final" or runner.user_count:
            gevent.sleep(0.05)
        runner.quit()

    if CONDUCTED:
        gevent.spawn(watch)


@events.quitting.add_listener
def judge_elsewhere(environment: Environment, **_: object) -> None:
    """A conducted load ends well when it ran: what was lost is the verdict's affair."""
    if CONDUCTED:
        environment.process_exit_code = 0
