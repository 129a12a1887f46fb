"""The running placements: brought up, scaled, seen, healed.

Everything is scoped to one Compose project, so nothing outside of it is ever touched.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from chaos.engine import ClusterError, Engine
from chaos.instance import Instance, Snapshot, read
from chaos.interrupt import deferred
from chaos.line import Line
from chaos.placements import PAIR, PLACEMENTS, Placement
from chaos.replicas import answering, placements_seen

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Cluster(Engine):
    """What serves these placements, in the engine's project."""

    placements: Sequence[Placement] = tuple(PLACEMENTS[name] for name in PAIR)
    line: Line | None = None
    """By which devices reach it, where there are any."""

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
        self._unfreeze()
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
        seen = self.seen(self._everything)
        return all(i.running for i in seen) and sorted(i.service for i in seen) == sorted(self._everything)

    def _unfreeze(self) -> None:
        """Undo what a lab that was killed may have left and `docker compose up` does not see."""
        seen = self.seen(self._everything)
        self.unpause(i.id for i in seen if i.status == "paused")
        self.restart_by_itself(i.id for i in seen if i.restarts == "no")
        behind = {name for p in self.placements if p.store for name in (p.service, p.store)}
        self.connect((i for i in seen if i.service in self.services and "front" not in i.networks), "front")
        self.connect((i for i in seen if i.service in behind and "back" not in i.networks), "back")

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
        """`docker compose down`. Some engines now and then do not let go of a network that nothing is on
        any more; it stays, and the next `up` uses it again.
        """
        try:
            self.compose("down", *(["--volumes"] if volumes else []))
        except ClusterError as error:
            if "active endpoints" not in str(error):
                raise

    def remove(self, placements: Iterable[Placement]) -> None:
        """Remove what serves these placements, with its anonymous volumes."""
        gone = [name for p in placements for name in (p.service, p.store) if name]
        if gone:
            self.compose("rm", "--stop", "--force", "--volumes", *gone)

    def overlaid(self, file: Path) -> "Cluster":
        """The same project, with one more Compose file."""
        files = self.environ.get("COMPOSE_FILE", os.environ.get("COMPOSE_FILE", "compose.yaml"))
        return replace(self, environ={**self.environ, "COMPOSE_FILE": f"{files}:{file}"})

    @contextmanager
    def under(self, overlay: Path, services: Sequence[str]) -> Iterator["Cluster"]:
        """These services as one more Compose file declares them, ready; on leaving as they were."""
        other = self.overlaid(overlay)
        with self.healing(lambda: self.start(*services)):
            other.start(*services)
            other.wait_ready()
            yield other

    def snapshot(self, services: Sequence[str]) -> Snapshot:
        """Every container of these services as it is now, running or not."""
        instances = self.seen(services)
        url = self.url() if instances else ""
        told = placements_seen(url, [i for i in instances if i.running and i.service in self.services])
        stores = [i for i in instances if i.running and i.service in self.stores]
        told |= dict(zip((i.id for i in stores), self.together(self._redis, stores), strict=True))
        made = self.made({v for i in instances for v in i.volumes})
        known = [
            replace(i, where=told.get(i.id, {}), made={v: made[v] for v in i.volumes if v in made})
            for i in instances
        ]
        return {service: tuple(i for i in known if i.service == service) for service in services}

    def wait_ready(self, services: Sequence[str] | None = None) -> None:
        """Until each running container of these services has answered through the gateway, ready."""
        chosen = self.services if services is None else [s for s in services if s in self.services]
        instances = [i for i in self.seen(chosen) if i.running]
        url, deadline = self.url(), time.monotonic() + READY_SECONDS
        for service in chosen:
            wanted = {i.short for i in instances if i.service == service}
            self.until(partial(answering, f"{url}/{service}/readyz", wanted), f"{service} is ready", deadline)

    def until(self, done: Callable[[], bool], what: str, deadline: float | None = None) -> None:
        """Wait for it, until a minute or the `deadline` (monotonic seconds). Raises `ClusterError`."""
        deadline = time.monotonic() + READY_SECONDS if deadline is None else deadline
        while not done():
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"not in {READY_SECONDS:.0f} s: {what}; see `docker compose ps` and `docker compose logs`"
                )
            time.sleep(0.05)

    def seen(self, services: Sequence[str]) -> list[Instance]:
        """Their containers as the engine tells it, without their own word; in the order of their numbers."""
        found = self.containers(*services)
        instances = read(self.docker("inspect", *found), self.project) if found else []
        return sorted(instances, key=lambda instance: (len(instance.name), instance.name))

    def _redis(self, instance: Instance) -> Mapping[str, str]:
        """What a Redis says of itself; its run id is new for each start of the process."""
        with suppress(ClusterError):
            info = self.redis_info(instance.id)
            kept = {k: v for k, v in info.items() if k.startswith(("aof_", "rdb_", "evicted_"))}
            return {"boot": info["run_id"], "kind": "redis", **kept}
        return {}

    def redis_info(self, container: str) -> Mapping[str, str]:
        """What `INFO` says, by its names. Raises `ClusterError`."""
        said = self.inside(container, "redis-cli", "INFO", seconds=10).splitlines()
        return dict(line.split(":", 1) for line in said if ":" in line)

    def _make_bound_directory(self) -> None:
        """Where the placement `bind` keeps its file; any user may write, as the container's will."""
        directory = self.directory / ".state" / self.project
        directory.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):
            directory.chmod(0o777)
