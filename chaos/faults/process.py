"""Faults that take the process and leave the container."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import boots, calm, new_processes, same_containers, seen_throughout
from chaos.instance import SIGKILLED


@dataclass(frozen=True)
class NoFault(Fault):
    """The control: whatever is lost here is not a fault's doing."""

    name: str = "none"
    victim: Victim = "service"
    says: ClassVar[str] = "nothing: the baseline"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:  # noqa: ARG002
        yield

    def happened(self, witness: Witness) -> bool:
        """Nothing did: the same processes all along, also those that hold the state."""
        before = boots(witness.holders_before)
        return calm(witness) and None not in before and before == boots(witness.holders_after)


@dataclass(frozen=True)
class StopStart(Fault):
    """`docker compose stop`, a moment of nothing, then the same container again."""

    name: str = "stop-start"
    victim: Victim = "service"
    says: ClassVar[str] = "docker compose stop, then docker start: the same container, a new process"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            stopped = cluster.containers(*targets)
            cluster.compose("stop", *targets)
            yield
            cluster.each("start", stopped)

    def happened(self, witness: Witness) -> bool:
        stopped = seen_throughout(witness) and all(i.status == "exited" for i in witness.during)
        return stopped and same_containers(witness) and new_processes(witness)


@dataclass(frozen=True)
class Restart(Fault):
    """`docker compose restart`: SIGTERM, then the same container again."""

    name: str = "restart"
    victim: Victim = "service"
    says: ClassVar[str] = "docker compose restart: the same container, a new process"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.compose("restart", *targets)
            yield

    def happened(self, witness: Witness) -> bool:
        return same_containers(witness) and new_processes(witness)


@dataclass(frozen=True)
class RollingRestart(Fault):
    """One container of a service after the other: the next begins when the one before serves again.

    Services do not wait for each other.
    """

    name: str = "rolling-restart"
    victim: Victim = "service"
    says: ClassVar[str] = "docker restart, one container of a service after the other"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.together(partial(_restart_in_turn, cluster), targets)
            yield

    def happened(self, witness: Witness) -> bool:
        return same_containers(witness) and new_processes(witness)


def _restart_in_turn(cluster: Cluster, service: str) -> None:
    for container in cluster.containers(service):
        cluster.docker("restart", container)
        cluster.wait_ready([service])


@dataclass(frozen=True)
class Kill(Fault):
    """`docker kill`: SIGKILL to the first process, a moment of nothing, then the same container again.

    To the engine this is a stop by hand, so no restart policy brings it back before we do.
    """

    name: str = "kill"
    victim: Victim = "service"
    says: ClassVar[str] = "docker kill, then docker start: the same container, a new process"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            killed = cluster.containers(*targets)
            cluster.each("kill", killed)
            yield
            cluster.each("start", killed)

    def happened(self, witness: Witness) -> bool:
        killed = seen_throughout(witness) and all(
            i.exit_code == SIGKILLED and not i.running for i in witness.during
        )
        return killed and same_containers(witness) and new_processes(witness)
