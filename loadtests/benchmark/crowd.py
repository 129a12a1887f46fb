"""`python -m loadtests.benchmark.crowd KIND URL SECONDS`: Locust users of one kind, for so long.

Its last line says how many operations they made, and of how much processor time.
"""

import json
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import gevent
from locust import HttpUser, task
from locust.env import Environment

from loadtests import history
from loadtests.client import TIMEOUT_SECONDS, SessionClient

USERS = 8
SECONDS_TO_BEGIN = 0.5
SESSION: Sequence[str] = ("open", *(("put", "visit", "put", "read", "put", "visit", "put", "visit") * 6))
"""What each user does with each of its sessions."""


class CrowdError(Exception):
    """Something failed, so that it cannot be said what users cost."""


class CountingUser(HttpUser):
    """Sends what a `VerifyingUser` sends; Locust counts the status codes.

    Items have ids that were never there before: to take a URL apart that is known costs less.
    """

    @task
    def live(self) -> None:
        self._cookie: str | None = None
        for step in SESSION:
            match step:
                case "open":
                    self.send("POST", "/session")
                case "put":
                    item = {"name": "tea", "quantity": 1}
                    self.send("PUT", f"/session/items/{secrets.token_hex(4)}", json=item)
                case "visit":
                    self.send("POST", "/session/visits")
                case _:
                    self.send("GET", "/session")

    def send(self, method: str, path: str, **options: Any) -> None:
        self.client.cookies.clear()
        response = self.client.request(
            method,
            path,
            name=_name(method, path),
            headers={"Cookie": self._cookie} if self._cookie else {},
            timeout=TIMEOUT_SECONDS,
            **options,
        )
        for cookie in response.cookies:
            self._cookie = f"{cookie.name}={cookie.value}"


class VerifyingUser(HttpUser):
    """Checks each read against what was acknowledged before, and writes a history."""

    file: TextIO

    @task
    def live(self) -> None:
        client = SessionClient(self.send, "", lambda one: history.write(one, self.file), lambda: "steady")
        for step in SESSION:
            if step == "read":
                operation, shortfall = client.read()
                if operation.outcome != "ok" or shortfall:
                    raise CrowdError(f"a promise was broken: {operation.problem or shortfall}")
            else:
                getattr(client, step)()

    def send(self, method: str, path: str, **options: Any) -> Any:
        self.client.cookies.clear()
        return self.client.request(method, path, name=_name(method, path), **options)


KINDS: dict[str, type[HttpUser]] = {"counting": CountingUser, "verifying": VerifyingUser}


def _name(method: str, path: str) -> str:
    return f"{method} {path.rpartition('/')[2] if '/items/' not in path else 'item'}"


def measure(kind: str, url: str, seconds: float) -> dict[str, float]:
    """Operations that were answered, and processor time. Raises `CrowdError` where anything failed."""
    environment = Environment(user_classes=[KINDS[kind]], host=url)
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(SECONDS_TO_BEGIN)
    total = environment.stats.total
    before, used = total.num_requests, time.process_time()
    gevent.sleep(seconds)
    made, cpu = total.num_requests - before, time.process_time() - used
    failed = total.num_failures or [told["msg"] for told in runner.exceptions.values()]
    runner.quit()
    if failed or not made:
        raise CrowdError(f"{made} operations were answered; failures: {failed}")
    return {"operations": made, "cpu_seconds": cpu}


def main(kind: str, url: str, seconds: str) -> None:
    with TemporaryDirectory() as folder, Path(folder, "history.jsonl").open("w", buffering=1) as file:
        VerifyingUser.file = file
        told = measure(kind, url, float(seconds))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
