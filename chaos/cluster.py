"""The running containers: the only file that talks to Docker and Compose.

Everything is scoped to one Compose project, so nothing outside of it is ever touched.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from chaos.command import CommandError, run
from chaos.interrupt import deferred

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60.0
SERVICES = ("stateful", "token", "stateless")
"""The Compose services with replicas; the gateway has a route of each one's name."""
_PROBE = r"exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /placement HTTP/1.0\r\n\r\n' >&3 && cat <&3"


class ClusterError(Exception):
    """Docker or Compose did not do what was asked. The message says what to do next."""


@dataclass(frozen=True)
class Instance:
    """A container at one moment. `where` is its own answer to `GET /placement`, if it gave one."""

    id: str
    name: str
    service: str
    image: str
    started_at: str
    status: str
    exit_code: int
    mounts: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def short(self) -> str:
        return self.id[:12]

    @property
    def boot(self) -> str | None:
        return self.where.get("boot")

    @property
    def running(self) -> bool:
        return self.status == "running"


Snapshot = Mapping[str, tuple[Instance, ...]]
"""The instances of each Compose service, by its name."""


@dataclass(frozen=True)
class Cluster:
    """The project that Compose finds in `directory` and the environment.

    `environ` is added to the lab's own environment; by Compose's `COMPOSE_PROJECT_NAME` and the
    file's `GATEWAY_PORT` several projects live side by side.
    """

    directory: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Build the services' images where something changed."""
        self._run("docker", "compose", "build", "--quiet", seconds=900, whole=False)

    def heal(self) -> None:
        """To what compose.yaml declares, whatever state it is in, none included; wait until ready."""
        self.compose("up", "--detach", "--no-build")
        self.wait_ready()

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """Run `docker compose`; its output. Raises `ClusterError`."""
        return self._run("docker", "compose", "--ansi", "never", *arguments, seconds=seconds)

    def docker(self, *arguments: str, seconds: float = 60) -> str:
        """Run `docker`; its output. Raises `ClusterError`."""
        return self._run("docker", *arguments, seconds=seconds)

    def url(self) -> str:
        """The gateway's origin."""
        return f"http://{self.compose('port', 'gateway', '8080').strip()}"

    @contextmanager
    def healing(self) -> Iterator[None]:
        """Leaving this context heals, whatever happened in it, and is not to be interrupted."""
        try:
            yield
        finally:
            with deferred():
                self.heal()

    def snapshot(self, services: Sequence[str]) -> Snapshot:
        """Every container of these services as it is now, running or not."""
        ids = self.compose("ps", "--all", "--quiet", "--no-trunc", *services).split()
        seen = json.loads(self.docker("inspect", *ids)) if ids else []
        with ThreadPoolExecutor(max_workers=8) as probes:
            instances = list(probes.map(self._instance, seen))
        return {service: tuple(i for i in instances if i.service == service) for service in services}

    def wait_ready(self, services: Sequence[str] = SERVICES) -> None:
        """Until each running container of these services has answered through the gateway, ready."""
        url = self.url()
        deadline = time.monotonic() + READY_SECONDS
        for service, instances in self.snapshot(services).items():
            wanted = {i.short for i in instances if i.running}
            route = f"{url}/{service}/readyz"
            self._until(partial(_answering, route, wanted), service, deadline)

    def _until(self, done: Callable[[], bool], service: str, deadline: float) -> None:
        while not done():
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{service} is not ready after {READY_SECONDS:.0f} s; "
                    f"see `docker compose logs {service}` and `docker compose ps`"
                )
            time.sleep(0.05)

    def _instance(self, seen: Mapping[str, Any]) -> Instance:
        state = seen["State"]
        return Instance(
            id=seen["Id"],
            name=seen["Name"].lstrip("/"),
            service=seen["Config"]["Labels"]["com.docker.compose.service"],
            image=seen["Image"],
            started_at=state["StartedAt"],
            status=state["Status"],
            exit_code=state["ExitCode"],
            mounts=tuple(
                f"{m['Type']} {m.get('Name') or m['Source']} on {m['Destination']}" for m in seen["Mounts"]
            ),
            where=self._where(seen["Id"]) if state["Status"] == "running" else {},
        )

    def _where(self, container: str) -> Mapping[str, Any]:
        try:
            answer = self.docker("exec", container, "bash", "-c", _PROBE, seconds=10)
            where: Mapping[str, Any] = json.loads(answer.rpartition("\n\n")[2])
        except (ClusterError, ValueError):
            return {}
        return where

    def _run(self, *command: str, seconds: float, whole: bool = True) -> str:
        environ = {**os.environ, **self.environ}
        try:
            return run(command, directory=self.directory, environ=environ, seconds=seconds, whole=whole)
        except CommandError as error:
            raise ClusterError(explain(error, environ.get("GATEWAY_PORT", "8080"))) from error


_NO_ENGINE = (
    "Cannot connect to the Docker daemon",
    "error during connect",
    "failed to connect to the docker API",
)


def explain(error: CommandError, port: str = "8080") -> str:
    """What went wrong, and what to do about it. `port` is the gateway's."""
    if "port is already allocated" in error.errors or "address already in use" in error.errors:
        return f"port {port} is in use on 127.0.0.1: free it, or set GATEWAY_PORT to another one"
    if any(sign in error.errors for sign in _NO_ENGINE):
        return "no Docker engine answers: start it (`make setup` can), then try again"
    return str(error)


def _answering(route: str, wanted: set[str]) -> bool:
    """Whether each of the containers, and no other, answers on the route."""
    seen = set()
    for _ in range(max(2, 3 * len(wanted))):
        try:
            response = requests.get(route, timeout=2)
        except requests.RequestException:
            return False
        if response.status_code != 200:
            return False
        seen.add(response.headers.get("Served-By", "//").split("/")[1])
    return bool(wanted) and seen == wanted
