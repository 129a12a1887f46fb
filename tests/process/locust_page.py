"""Locust's page on a port of its own, with few users behind it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.contract.running import ROOT, eventually, free_port


class LocustPage:
    """The page at `url`; its users go to `host`."""

    def __init__(self, url: str, host: str) -> None:
        self.url = url
        self.host = host

    @classmethod
    @contextmanager
    def running(cls, host: str, log: Path, *options: str, **settings: str) -> Iterator["LocustPage"]:
        port, locust = str(free_port()), (sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py")
        with log.open("w") as said:
            process = subprocess.Popen(
                [*locust, "--web-port", port, *options],
                cwd=ROOT,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            page = cls(f"http://127.0.0.1:{port}", host)
            eventually(page.up, f"the page is up; see {log}", 60)
            yield page
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # with its workers
            process.wait()

    def up(self) -> bool:
        try:
            return requests.get(self.url, timeout=10).ok
        except requests.RequestException:
            return False

    def arguments(self) -> Mapping[str, Any]:
        """What the page is told when it is opened."""
        page = requests.get(self.url, timeout=10).text
        told: Mapping[str, Any] = json.loads(page.partition("window.templateArgs = ")[2].partition("\n")[0])
        return told

    def start(self, **chosen: Any) -> None:
        form = {"user_count": 4, "spawn_rate": 10, "host": self.host, **chosen}
        assert requests.post(f"{self.url}/swarm", data=form, timeout=10).json()["success"]

    def stop(self) -> None:
        requests.post(f"{self.url}/stop", timeout=60)

    def statistics(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = requests.get(f"{self.url}/stats/requests", timeout=10).json()
        return told

    def integrity(self) -> Mapping[str, Mapping[str, Any]]:
        (table,) = self.statistics()["extended_stats"]
        return {row["placement"]: row for row in table["data"]}
