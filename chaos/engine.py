"""Docker and Compose, scoped to one project: the only file that runs their commands."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from chaos.command import CommandError, run
from chaos.explanation import explain
from chaos.instance import Instance
from chaos.interrupt import deferred

ROOT = Path(__file__).parents[1]


class ClusterError(Exception):
    """Docker or Compose did not do what was asked. The message says what to do next."""


@dataclass(frozen=True)
class Engine:
    """The project that Compose finds in `directory` and the environment.

    `environ` is added to the lab's own environment; by Compose's `COMPOSE_PROJECT_NAME` and the
    file's `GATEWAY_PORT` several projects live side by side.
    """

    directory: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def project(self) -> str:
        """The Compose project's name, as Compose finds it."""
        if chosen := self._environ().get("COMPOSE_PROJECT_NAME"):
            return chosen
        name: str = json.loads(self.compose("config", "--format", "json"))["name"]
        return name

    def compose(self, *arguments: str, seconds: float = 180) -> str:
        """Run `docker compose`; its output. Raises `ClusterError`."""
        return self._run("docker", "compose", "--ansi", "never", *arguments, seconds=seconds)

    def docker(self, *arguments: str, seconds: float = 60) -> str:
        """Run `docker`; its output. Raises `ClusterError`."""
        return self._run("docker", *arguments, seconds=seconds)

    def each(self, verb: str, containers: Sequence[str]) -> None:
        """`docker VERB` for several containers at once. Raises `ClusterError`, when all have ended."""
        with deferred(), ThreadPoolExecutor(max_workers=4) as hands:
            done = [hands.submit(self.docker, verb, container) for container in containers]
        for one in done:
            one.result()

    def url(self) -> str:
        """The gateway's origin."""
        return f"http://{self.compose('port', 'gateway', '8080').strip()}"

    def network(self, name: str) -> str:
        """The engine's name of a network of compose.yaml."""
        return f"{self.project}_{name}"

    def volumes(self) -> set[str]:
        """Every volume of the engine, by name."""
        return set(self.docker("volume", "ls", "--quiet").split())

    def made(self, volumes: Iterable[str]) -> Mapping[str, str]:
        """When volumes were made, by their names."""
        if not (names := sorted(volumes)):
            return {}
        told = self.docker("volume", "inspect", "--format", "{{.Name}} {{.CreatedAt}}", *names)
        return dict(line.split(" ", 1) for line in told.splitlines())

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes that no container has mounted."""
        for name in names:
            with suppress(ClusterError):
                self.docker("volume", "rm", name)

    @contextmanager
    def without_images(self, images: Iterable[str]) -> Iterator[None]:
        """Leaving this context removes these images, as far as they were made."""
        try:
            yield
        finally:
            with deferred():
                for image in images:
                    with suppress(ClusterError):
                        self.docker("image", "rm", image)

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

    def _environ(self) -> Mapping[str, str]:
        return {**os.environ, **self.environ, "COMPOSE_PROFILES": "placements"}

    def _run(self, *command: str, seconds: float, whole: bool = True) -> str:
        environ = self._environ()
        try:
            return run(command, directory=self.directory, environ=environ, seconds=seconds, whole=whole)
        except CommandError as error:
            raise ClusterError(explain(error, environ.get("GATEWAY_PORT", "8080"))) from error
