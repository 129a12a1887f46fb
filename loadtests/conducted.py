"""The lab's users: they do what its conductor says, and verify what they were promised.

Orders come as JSON lines on standard input, whose end is the end. The end of each experiment's final
reads is told to the file descriptor `LOADTEST_CONDUCTED`.
"""

import json
import os
import random
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any, TextIO, cast

import gevent
from gevent.event import Event
from gevent.fileobject import FileObject
from locust import events, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests import history
from loadtests.client import SessionClient
from loadtests.devices import DevicesClient
from loadtests.history import Operation
from loadtests.score import DEVICES, Score
from loadtests.user import PlacementUser, classes

PLACEMENTS = os.environ["LOADTEST_PLACEMENTS"].split(",")
USERS = int(os.environ.get("LOADTEST_USERS", "10"))
CONDUCTED = int(os.environ["LOADTEST_CONDUCTED"])
LINE = os.environ.get("LOADTEST_LINE", "")
"""Where the line of the devices begins."""

ITEMS_PER_SESSION = 25
"""A sealed session must fit into a cookie."""
PUTS = 0.3
"""Of a device's operations."""
PATIENCE = 3
"""Refusals in a row after which a client gives a session up and opens a new one."""
FINAL_SECONDS = 10.0
"""How long a session is read at the end, until every replica has answered."""
KEPT_OPERATIONS = 4
"""How many operations a client makes before it comes back with the credential that it kept."""

score = Score()


class Orchestra:
    """The users, and the conductor's word."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.files: dict[str, TextIO] = {}
        self.reading = 0
        self.called = Event()

    def follow(self, environment: Environment) -> None:
        """Take orders until they end."""
        for line in FileObject(sys.stdin.fileno(), "r", close=False):
            message = json.loads(line)
            if "history" in message:
                self.begin(message["history"], message["placements"])
            score.take(message)
            self.call()
        score.over = True
        self.call()
        cast("Any", environment.runner).quit()

    def begin(self, prefix: str, placements: list[str]) -> None:
        """Histories of a new experiment; every user of these placements owes final reads."""
        for file in self.files.values():
            file.close()
        self.folders = {name: Path(f"{prefix}.{name}") for name in placements}
        self.files = {name: _opened(folder / "history.jsonl") for name, folder in self.folders.items()}
        self.reading = USERS * len(placements)

    def call(self) -> None:
        called, self.called = self.called, Event()
        called.set()

    def has_read(self) -> None:
        """One more user has made its final reads; after the last one the conductor is told."""
        self.reading -= 1
        if not self.reading:
            os.write(CONDUCTED, b"read\n")


def _opened(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a", buffering=1)


orchestra = Orchestra()


class ConductedUser(PlacementUser):
    abstract = True
    fixed_count = USERS
    numbers = count()

    def wait_time(self) -> float:
        return score.pause()

    def on_start(self) -> None:
        super().on_start()
        self.number = next(self.numbers)
        self.start_over()

    def start_over(self) -> None:
        """A new client, as it was before its first session."""
        self.turn = score.turn
        self.session: SessionClient | DevicesClient | None = None
        self.past: list[SessionClient | DevicesClient] = []
        self.refusals = 0
        self.has_read = False
        self.kept: str | None = None
        self.since_kept = 0

    @task
    def step(self) -> None:
        if score.over:
            raise StopUser
        if self.turn != score.turn:
            self.start_over()
        if self.has_read or self.placement not in score.placements:
            orchestra.called.wait()
        elif score.phase == "final":
            self.read_finally()
            self.has_read = True
            orchestra.has_read()
        elif self.session is None or self.refusals >= PATIENCE:
            self.begin()
        else:
            operation = self.operate(self.session)
            self.refusals = self.refusals + 1 if operation.served_by and operation.outcome == "fail" else 0

    def begin(self) -> None:
        """Open a session; what was promised for the one before is read at the end all the same."""
        if score.phase == "fault" and self.session is not None:
            self.refusals = 0  # while the fault lasts a client keeps trying with the session it has
            return
        opened = self.newcomer()
        if opened.open().outcome == "ok":
            if self.session is not None:
                self.past.append(self.session)
            self.session, self.refusals = opened, 0

    def newcomer(self) -> SessionClient | DevicesClient:
        if devices := DEVICES.get(score.habit):
            folder = orchestra.folders[self.placement] / "devices"
            logs = [folder / f"{self.number}.{len(self.past)}.{n}.db" for n in range(devices)]
            base = f"{LINE}/{self.placement}"
            return DevicesClient(self.send, base, self.record, lambda: score.phase, logs)
        return SessionClient(self.send, f"/{self.placement}", self.record, lambda: score.phase)

    def operate(self, session: SessionClient | DevicesClient) -> Operation:
        if isinstance(session, DevicesClient):
            return session.put() if random.random() < PUTS else session.visit()
        if score.phase != "steady" and score.habit == "replay" and self.since_kept <= KEPT_OPERATIONS:
            return self.come_back_later(session)
        if score.phase == "fault" and score.habit == "two-tabs":
            both = [gevent.spawn(session.visit) for _ in range(2)]
            gevent.joinall(both, raise_error=True)
            return cast("Operation", both[-1].value)
        room = len(session.promise.items) < ITEMS_PER_SESSION
        match random.choices(("put", "visit", "read"), (5 if room else 0, 3, 2))[0]:
            case "put":
                return session.put()
            case "visit":
                return session.visit()
        return self.read(session)

    def come_back_later(self, session: SessionClient) -> Operation:
        """Keep the credential, go on for a while, and come back with the kept one: every second client
        ends the session before.
        """
        if self.kept is None:
            self.kept = session.credential
        self.since_kept += 1
        if self.since_kept <= KEPT_OPERATIONS:
            return session.visit()
        if self.number % 2:
            session.close()
        return session.replay(self.kept)

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
        if isinstance(self.session, SessionClient) and score.habit == "replay":
            while self.since_kept <= KEPT_OPERATIONS:
                self.come_back_later(self.session)
        wanted = score.replicas.get(self.placement, 1)
        for session in (*self.past, *([self.session] if self.session else [])):
            if isinstance(session, DevicesClient):
                session.settle()
            instances: set[str] = set()
            deadline = time.monotonic() + FINAL_SECONDS
            while time.monotonic() < deadline:
                operation, _ = session.read()
                if operation.served_by and operation.problem != "store-unavailable":
                    instances.add(operation.served_by)
                if len(instances) >= wanted:
                    break
                gevent.sleep(0.02 if operation.served_by else 0.25)

    def record(self, operation: Operation) -> None:
        if file := orchestra.files.get(self.placement):
            history.write(operation, file)


def user_classes() -> dict[str, type[PlacementUser]]:
    return classes(ConductedUser, PLACEMENTS)


@events.init.add_listener
def prepare(environment: Environment, **_: object) -> None:
    gevent.spawn(orchestra.follow, environment)


@events.quitting.add_listener
def judge_elsewhere(environment: Environment, **_: object) -> None:
    """A conducted load ends well when it ran: what was lost is the verdict's affair."""
    environment.process_exit_code = 0
