"""The running containers: the only file that talks to Docker and Compose.

Everything is scoped to one Compose project, so nothing outside of it is ever touched.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from chaos.command import CommandError, run
from chaos.instance import Instance, Snapshot, read
from chaos.interrupt import deferred
from chaos.placements import PAIR, PLACEMENTS, Placement
from chaos.replicas import answering, placements_seen

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60.0


class ClusterError(Exception):
    """Docker or Compose did not do what was asked. The message says what to do next."""


@dataclass(frozen=True)
class Cluster:
    """The project that Compose finds in `directory` and the environment, for these placements.

    `environ` is added to the lab's own environment; by Compose's `COMPOSE_PROJECT_NAME` and the
    file's `GATEWAY_PORT` several projects live side by side.
    """

    directory: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=dict)
    placements: Sequence[Placement] = tuple(PLACEMENTS[name] for name in PAIR)

    @property
    def services(self) -> list[str]:
        """What serves the placements."""
        return [placement.service for placement in self.placements]

    @property
    def stores(self) -> list[str]:
        """The Redis servers behind them."""
        return [placement.store for placement in self.placements if placement.store]

    def build(self, release: str = "") -> None:
        """Build the services' images where something changed; `release` makes them new ones."""
        self._run(
            *("docker", "compose", "build", "--quiet", "--build-arg", f"RELEASE={release}"),
            *("keys", "stateful", "anonymous"),
            seconds=900,
            whole=False,
        )

    def up(self) -> None:
        """Start what is not running, as compose.yaml declares it: one replica each; wait until ready."""
        if "bind" in self.services:
            self._make_bound_directory()
        scales = [part for service in self.services for part in ("--scale", f"{service}=1")]
        up = ("up", "--detach", "--no-build", *scales, *self._everything)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.compose(*up)
                break
            except ClusterError as error:  # a store that was frozen is unhealthy until its next check
                if "unhealthy" not in str(error) or time.monotonic() > deadline:
                    raise
        self.wait_ready()

    @property
    def _everything(self) -> list[str]:
        return ["gateway", *self.services, *self.stores]

    def _whole(self) -> bool:
        """Whether there is one container of everything, and it runs."""
        seen = self._seen(self._everything)
        return all(i.running for i in seen) and sorted(i.service for i in seen) == sorted(self._everything)

    def start(self, *services: str, options: Iterable[str] = ()) -> None:
        """`docker compose up` for these alone, without waiting for them."""
        self.compose("up", "--detach", "--no-build", "--no-deps", *options, *services)

    def scale(self, services: Sequence[str], replicas: int) -> None:
        """So many replicas of each; wait until ready."""
        scales = [part for service in services for part in ("--scale", f"{service}={replicas}")]
        self.start(*services, options=["--no-recreate", *scales])
        self.wait_ready(services)

    @contextmanager
    def healing(self, undo: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Leaving this context undoes, then starts what is not running, and is not to be interrupted."""
        try:
            yield
        finally:
            with deferred():
                undo()
                if self._whole():
                    self.wait_ready()
                else:
                    self.up()

    def down(self, *, volumes: bool = False) -> None:
        """`docker compose down`; once more where an engine did not let go of a network in time."""
        arguments = ("down", *(["--volumes"] if volumes else []))
        try:
            self.compose(*arguments)
        except ClusterError as error:
            if "active endpoints" not in str(error):
                raise
            self.compose(*arguments)

    def remove(self, placements: Iterable[Placement]) -> None:
        """Remove what serves these placements, with its anonymous volumes."""
        gone = [name for p in placements for name in (p.service, p.store) if name]
        if gone:
            self.compose("rm", "--stop", "--force", "--volumes", *gone)

    def unpause(self, containers: Iterable[str]) -> None:
        """Thaw containers; those that are not frozen stay as they are."""
        for container in containers:
            with suppress(ClusterError):
                self.docker("unpause", container)

    def connect(self, instances: Iterable[Instance], network: str) -> None:
        """Put containers back on a network, under their service's name, if they are not."""
        for instance in instances:
            with suppress(ClusterError):
                self.docker(
                    *("network", "connect", "--alias", instance.service, self.network(network), instance.id)
                )

    def network(self, name: str) -> str:
        """The engine's name of a network of compose.yaml."""
        return f"{self._project()}_{name}"

    def overlaid(self, file: Path) -> "Cluster":
        """The same project, with one more Compose file."""
        files = self.environ.get("COMPOSE_FILE", os.environ.get("COMPOSE_FILE", "compose.yaml"))
        return replace(self, environ={**self.environ, "COMPOSE_FILE": f"{files}:{file}"})

    def compose(self, *arguments: str, seconds: float = 180) -> str:
        """Run `docker compose`; its output. Raises `ClusterError`."""
        return self._run("docker", "compose", "--ansi", "never", *arguments, seconds=seconds)

    def docker(self, *arguments: str, seconds: float = 60) -> str:
        """Run `docker`; its output. Raises `ClusterError`."""
        return self._run("docker", *arguments, seconds=seconds)

    def each(self, verb: str, containers: Sequence[str]) -> None:
        """`docker VERB` for several containers at once. Raises `ClusterError`, when all have ended."""
        with ThreadPoolExecutor(max_workers=4) as hands:
            done = [hands.submit(self.docker, verb, container) for container in containers]
        for one in done:
            one.result()

    def url(self) -> str:
        """The gateway's origin."""
        return f"http://{self.compose('port', 'gateway', '8080').strip()}"

    def snapshot(self, services: Sequence[str]) -> Snapshot:
        """Every container of these services as it is now, running or not."""
        instances = self._seen(services)
        url = self.url() if instances else ""
        told = placements_seen(url, [i for i in instances if i.running and i.service in self.services])
        told |= {i.id: self._redis(i) for i in instances if i.running and i.service in self.stores}
        made = self._made({v for i in instances for v in i.volumes})
        known = [
            replace(i, where=told.get(i.id, {}), made={v: made[v] for v in i.volumes if v in made})
            for i in instances
        ]
        return {service: tuple(i for i in known if i.service == service) for service in services}

    def volumes(self) -> set[str]:
        """Every volume of the engine, by name."""
        return set(self.docker("volume", "ls", "--quiet").split())

    def wait_ready(self, services: Sequence[str] | None = None) -> None:
        """Until each running container of these services has answered through the gateway, ready."""
        chosen = self.services if services is None else [s for s in services if s in self.services]
        instances = [i for i in self._seen(chosen) if i.running]
        url, deadline = self.url(), time.monotonic() + READY_SECONDS
        for service in chosen:
            wanted = {i.short for i in instances if i.service == service}
            self._until(partial(answering, f"{url}/{service}/readyz", wanted), service, deadline)

    def _until(self, done: Callable[[], bool], service: str, deadline: float) -> None:
        while not done():
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{service} is not ready after {READY_SECONDS:.0f} s; "
                    f"see `docker compose logs {service}` and `docker compose ps`"
                )
            time.sleep(0.05)

    def _seen(self, services: Sequence[str]) -> list[Instance]:
        """As the engine tells it, without their own word."""
        found = self.compose("ps", "--all", "--quiet", "--no-trunc", *services).split() if services else []
        return read(self.docker("inspect", *found), self._project()) if found else []

    def _made(self, volumes: Iterable[str]) -> Mapping[str, str]:
        """When volumes were made, by their names."""
        if not (names := sorted(volumes)):
            return {}
        told = self.docker("volume", "inspect", "--format", "{{.Name}} {{.CreatedAt}}", *names)
        return dict(line.split(" ", 1) for line in told.splitlines())

    def _redis(self, instance: Instance) -> Mapping[str, str]:
        """What a Redis says of itself; its run id is new for each start of the process."""
        with suppress(ClusterError):
            said = self.docker("exec", instance.id, "redis-cli", "INFO", seconds=10).splitlines()
            info = dict(line.split(":", 1) for line in said if ":" in line)
            kept = {k: v for k, v in info.items() if k.startswith(("aof_", "rdb_"))}
            return {"boot": info["run_id"], "kind": "redis", **kept}
        return {}

    def _make_bound_directory(self) -> None:
        """Where the placement `bind` keeps its file; any user may write, as the container's will."""
        directory = self.directory / ".state" / self._project()
        directory.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):
            directory.chmod(0o777)

    def _project(self) -> str:
        return self._environ().get("COMPOSE_PROJECT_NAME", "sessionlab")

    def _environ(self) -> Mapping[str, str]:
        return {"COMPOSE_PROFILES": "placements", **os.environ, **self.environ}

    def _run(self, *command: str, seconds: float, whole: bool = True) -> str:
        environ = self._environ()
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
