"""Docker and Compose, scoped to one project: the only file that runs their commands."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from chaos.command import CommandError, run
from chaos.explanation import explain
from chaos.instance import Instance
from chaos.interrupt import deferred

ROOT = Path(__file__).parents[1]
_Thing = TypeVar("_Thing")
_Done = TypeVar("_Done")


class ClusterError(Exception):
    """Docker or Compose did not do what was asked. The message says what to do next."""


class NotHere(ClusterError):
    """This machine cannot. The message says what it lacks."""


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
        return str(self.declared["name"])

    @cached_property
    def declared(self) -> Mapping[str, Any]:
        """The project's Compose files, merged and with their variables filled in. Raises `ClusterError`."""
        config: Mapping[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return config

    @property
    def base_image(self) -> str:
        """The Python image that the services are built from."""
        return str(self.declared["services"]["stateful"]["build"]["args"]["PYTHON_IMAGE"])

    def compose(self, *arguments: str, seconds: float = 180) -> str:
        """Run `docker compose`; its output. Raises `ClusterError`."""
        return self._run("docker", "compose", "--ansi", "never", *arguments, seconds=seconds)

    def docker(
        self, *arguments: str, seconds: float = 60, whole: bool = True, given: str | None = None
    ) -> str:
        """Run `docker`; its output. An interrupt ends what need not be `whole`; `given` is its standard
        input. Raises `ClusterError`.
        """
        return self._run("docker", *arguments, seconds=seconds, whole=whole, given=given)

    def together(
        self, work: Callable[[_Thing], _Done], things: Iterable[_Thing], hands: int = 4
    ) -> list[_Done]:
        """Do the work for so many at once. Raises what failed first, when all have ended."""
        with deferred(), ThreadPoolExecutor(max_workers=hands) as workers:
            done = [workers.submit(work, thing) for thing in things]
        return [one.result() for one in done]

    def each(self, verb: str, containers: Iterable[str]) -> None:
        """`docker VERB` for several containers at once. Raises `ClusterError`, when all have ended."""
        self.together(lambda container: self.docker(verb, container), containers)

    def containers(self, *services: str) -> list[str]:
        """The ids of all containers of these Compose services, running or not."""
        told = self.docker(
            *("ps", "--all", "--no-trunc", "--format", '{{.ID}} {{.Label "com.docker.compose.service"}}'),
            *("--filter", f"label=com.docker.compose.project={self.project}"),
            *("--filter", "label=com.docker.compose.oneoff=False"),
        )
        found = (line.split() for line in told.splitlines())
        return [container for container, service in found if service in services]

    def inside(self, container: str, *command: str, seconds: float = 60) -> str:
        """Run a command in a running container; its output. Raises `ClusterError`."""
        return self.docker("exec", container, *command, seconds=seconds)

    def beside(self, instance: Instance, *command: str) -> str:
        """Run a command in a container of the same image, with the same volumes, running or not.

        Its output. Raises `ClusterError`.
        """
        return self.docker(
            *("run", "--rm", "--label", "sessionlab=container", "--network", "none"),
            *("--volumes-from", instance.id, "--entrypoint", command[0], instance.image, *command[1:]),
        )

    def url(self) -> str:
        """The gateway's origin. Raises `ClusterError` where it is not up."""
        for gateway in self.containers("gateway"):
            return f"http://{self.docker('port', gateway, '8080').splitlines()[0]}"
        raise ClusterError("the gateway is not up: `docker compose up -d` starts it")

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

    def pause(self, containers: Iterable[str]) -> None:
        """Freeze containers. Now and then a busy one cannot be frozen at once: then again."""
        self.together(self._pause, containers)

    def _pause(self, container: str) -> None:
        for _ in range(4):
            with suppress(ClusterError):
                self.docker("pause", container)
                return
        self.docker("pause", container)

    def unpause(self, containers: Iterable[str]) -> None:
        """Thaw containers; those that are not frozen stay as they are."""
        for container in containers:
            with suppress(ClusterError):
                self.docker("unpause", container)

    def restart_by_itself(self, containers: Iterable[str], policy: str = "unless-stopped") -> None:
        """Set what the engine does when their first process ends by itself; "no" for nothing."""
        if names := list(containers):
            self.docker("update", "--restart", policy, *names)

    def connect(self, instances: Iterable[Instance], network: str) -> None:
        """Put containers back on a network, under their service's name, if they are not."""
        for instance in instances:
            with suppress(ClusterError):
                self.docker(
                    *("network", "connect", "--alias", instance.service, self.network(network), instance.id)
                )

    def _environ(self) -> Mapping[str, str]:
        return {**os.environ, **self.environ, "COMPOSE_PROFILES": "placements"}

    def _run(self, *command: str, seconds: float, whole: bool = True, given: str | None = None) -> str:
        environ = self._environ()
        try:
            return run(
                command, directory=self.directory, environ=environ, seconds=seconds, whole=whole, given=given
            )
        except CommandError as error:
            raise ClusterError(explain(error, environ.get("GATEWAY_PORT", "8080"))) from error
