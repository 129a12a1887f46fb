"""Users that nobody conducts: they write, read back at once, and go on after whatever happens to them."""

import os
import random
import time
from typing import cast

import gevent
from locust import task
from locust.exception import StopUser

from loadtests.client import SessionClient
from loadtests.history import Operation, Phase
from loadtests.integrity import Anomaly
from loadtests.run import Run
from loadtests.user import PlacementUser

RATE = float(os.environ.get("LOADTEST_RATE", "4"))

ITEMS_PER_SESSION = 25
"""A sealed session must fit into a cookie."""
SETTLED_OPERATIONS = 10
"""After so many a fault may come at any time; those sessions are at stake that were opened before."""
LOOKS = 3
"""How often a session is read that a user leaves: several replicas may answer, and differently."""
FINAL_SECONDS = 8.0
"""How long it tries to."""

run = Run()


class Visitor(PlacementUser):
    abstract = True

    def wait_time(self) -> float:
        """At random, so that users do not march in step."""
        return random.uniform(0.5, 1.5) / RATE

    def on_start(self) -> None:
        super().on_start()
        run.join(self.placement)
        self.session: SessionClient | None = None
        self.writing: list[gevent.Greenlet] = []
        self.done = 0
        self.leaving = False
        self.unread = False

    @task
    def step(self) -> None:
        if run.over:
            raise StopUser
        if run.paused:
            return
        if self.session is None:
            self.open()
        elif self.unread:
            self.look(self.session)
        else:
            self.write(self.session)

    def on_stop(self) -> None:
        if self.session:
            self.leave(self.session)

    def open(self) -> None:
        opened = SessionClient(self.send, f"/{self.placement}", self.record, self.phase)
        if opened.open().outcome == "ok":
            self.session, self.unread = opened, False

    def write(self, session: SessionClient) -> None:
        """One write or, with two tabs, two that overlap."""
        tabs = int(self.environment.parsed_options.tabs)
        self.writing = [gevent.spawn(self.write_once, session) for _ in range(tabs)]
        gevent.joinall(self.writing, raise_error=True)
        self.unread = True
        if any(cast("Operation", greenlet.value).gone for greenlet in self.writing):
            self.leave(session)

    def write_once(self, session: SessionClient) -> Operation:
        room = len(session.promise.items) < ITEMS_PER_SESSION
        return session.put() if room and random.random() < 0.6 else session.visit()

    def look(self, session: SessionClient) -> None:
        """Read back what was written and, where something is missing or too much, at once another time."""
        operation, _ = session.read()
        if operation.outcome == "ok" and run.ledgers[self.placement].doubtful(session.name):
            operation, _ = session.read()
        self.unread = operation.outcome != "ok"
        if operation.gone:
            self.leave(session)

    def leave(self, session: SessionClient) -> None:
        """Its final reads: what the service knows of a session that its client gives up.

        A user that is told to stop in the middle of a write awaits its answer: nobody could tell whether a
        visit without one was counted twice.
        """
        self.leaving, self.session = True, None
        gevent.joinall(self.writing)
        answers, deadline = 0, time.monotonic() + FINAL_SECONDS
        while answers < LOOKS and time.monotonic() < deadline:
            operation, _ = session.read()
            answers += operation.answered
            if not operation.answered:
                gevent.sleep(0.25)
        self.leaving = False

    def phase(self) -> Phase:
        if self.leaving:
            return "final"
        return "steady" if self.done < SETTLED_OPERATIONS else "fault"

    def record(self, operation: Operation) -> None:
        self.done += SETTLED_OPERATIONS if operation.gone else operation.outcome == "ok"
        for anomaly in run.take(self.placement, operation):
            self.complain(anomaly)

    def complain(self, anomaly: Anomaly) -> None:
        """As a failure of its own name in Locust's tables."""
        self.environment.events.request.fire(
            request_type="INTEGRITY",
            name=f"{self.placement}: {anomaly}",
            response_time=None,
            response_length=0,
            exception=SAYS[anomaly],
            context={},
        )


SAYS = {
    "lost write": "acknowledged, and gone",
    "lost update": "acknowledged, and undone by a write at the same time",
    "doubled write": "counted, and neither acknowledged nor in doubt",
    "stale read": "missed what was acknowledged before, and was there",
    "dropped session": "acknowledged, and unknown to the service",
}
