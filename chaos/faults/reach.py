"""Faults that take nothing: the process lives on, frozen or out of reach."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import same_processes, seen_throughout


@dataclass(frozen=True)
class Pause(Fault):
    """`docker pause`: every process of the container frozen, its connections open."""

    name: str = "pause"
    victim: Victim = "service"
    says: ClassVar[str] = "docker pause, then unpause: the same process, frozen for a while"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        paused = cluster.containers(*targets)
        with cluster.healing(lambda: cluster.unpause(paused)):
            cluster.pause(paused)
            yield

    def happened(self, witness: Witness) -> bool:
        frozen = seen_throughout(witness) and all(i.status == "paused" for i in witness.during)
        return frozen and same_processes(witness)


@dataclass(frozen=True)
class Partition(Fault):
    """`docker network disconnect`: the process runs, and nobody reaches it on this network."""

    name: str = "partition-gateway"
    victim: Victim = "service"
    network: str = "front"
    says: ClassVar[str] = "docker network disconnect, then connect: the same process, out of reach"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        cut = [i for instances in cluster.snapshot(targets).values() for i in instances]
        with cluster.healing(lambda: cluster.connect(cut, self.network)):
            for instance in cut:
                cluster.docker("network", "disconnect", cluster.network(self.network), instance.id)
            yield

    def happened(self, witness: Witness) -> bool:
        cut = all(self.network not in i.networks for i in witness.during)
        whole = all(self.network in i.networks for i in (*witness.before, *witness.after))
        return seen_throughout(witness) and cut and whole and same_processes(witness)
