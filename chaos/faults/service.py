"""Faults on the services' own containers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Instances, Witness

SIGKILLED = 137


@dataclass(frozen=True)
class NoFault:
    """The control: whatever is lost here is not a fault's doing."""

    name: ClassVar[str] = "none"
    says: ClassVar[str] = "nothing; the control"
    lasting: ClassVar[bool] = False

    @contextmanager
    def inject(self, cluster: Cluster, services: Sequence[str]) -> Iterator[None]:  # noqa: ARG002
        yield

    def happened(self, witness: Witness) -> bool:
        """Nothing did: the same processes all along."""
        boots = _boots(witness.before)
        return bool(boots) and None not in boots and boots == _boots(witness.during) == _boots(witness.after)


@dataclass(frozen=True)
class Restart:
    """`docker compose restart`: SIGTERM, then the same container again."""

    name: ClassVar[str] = "restart"
    says: ClassVar[str] = "docker compose restart: the same container, a new process"
    lasting: ClassVar[bool] = False

    @contextmanager
    def inject(self, cluster: Cluster, services: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.compose("restart", *services)
            yield

    def happened(self, witness: Witness) -> bool:
        return _same_containers(witness) and _new_processes(witness)


@dataclass(frozen=True)
class Kill:
    """`docker kill`: SIGKILL to the first process, a moment of nothing, then the same container again.

    To the engine this is a stop by hand, so no restart policy brings it back before we do.
    """

    name: ClassVar[str] = "kill"
    says: ClassVar[str] = "docker kill, then docker start: the same container, a new process"
    lasting: ClassVar[bool] = False

    @contextmanager
    def inject(self, cluster: Cluster, services: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            killed = cluster.compose("ps", "--quiet", *services).split()
            cluster.docker("kill", *killed)
            yield
            cluster.docker("start", *killed)

    def happened(self, witness: Witness) -> bool:
        killed = all(i.exit_code == SIGKILLED and not i.running for i in witness.during)
        return killed and _same_containers(witness) and _new_processes(witness)


@dataclass(frozen=True)
class Recreate:
    """`docker compose up --force-recreate`: what every deployment of a new image does too."""

    name: ClassVar[str] = "recreate"
    says: ClassVar[str] = "docker compose up --force-recreate: a new container of the same image"
    lasting: ClassVar[bool] = False

    @contextmanager
    def inject(self, cluster: Cluster, services: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", *services)
            yield

    def happened(self, witness: Witness) -> bool:
        replaced = len(witness.before) == len(witness.after) > 0 and all(i.running for i in witness.after)
        return replaced and _ids(witness.before).isdisjoint(_ids(witness.after))


@dataclass(frozen=True)
class ScaleOut:
    """More replicas behind the gateway, which picks any of them for any request."""

    replicas: int = 3
    name: ClassVar[str] = "scale-out"
    says: ClassVar[str] = "docker compose up --scale: from one replica to three, without affinity"
    lasting: ClassVar[bool] = True

    @contextmanager
    def inject(self, cluster: Cluster, services: Sequence[str]) -> Iterator[None]:
        scales = [part for service in services for part in ("--scale", f"{service}={self.replicas}")]
        with cluster.healing():
            cluster.compose("up", "--detach", "--no-build", "--no-deps", "--no-recreate", *scales, *services)
            cluster.wait_ready(services)
            yield

    def happened(self, witness: Witness) -> bool:
        before, during = witness.before, witness.during
        grown = len(during) == self.replicas > len(before) > 0
        return grown and _ids(before) < _ids(during) and all(i.running for i in during)


def _ids(instances: Instances) -> set[str]:
    return {instance.id for instance in instances}


def _boots(instances: Instances) -> set[str | None]:
    return {instance.boot for instance in instances}


def _same_containers(witness: Witness) -> bool:
    return _ids(witness.before) == _ids(witness.during) == _ids(witness.after)


def _new_processes(witness: Witness) -> bool:
    """Whether every process was replaced, by its own word and by the engine's."""
    before, after = witness.before, witness.after
    told = {i.started_at for i in before}.isdisjoint(i.started_at for i in after)
    return bool(before and told) and None not in _boots(after) and _boots(before).isdisjoint(_boots(after))
