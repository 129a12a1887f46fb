"""Faults that are none to an operator: more replicas, and fewer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Witness
from chaos.faults.proof import ids

MANY = 3


@dataclass(frozen=True)
class ScaleOut(Fault):
    """More replicas behind the gateway, which picks any of them for any request."""

    name: str = "scale-out"
    says: ClassVar[str] = "docker compose up --scale: from one replica to three, without affinity"
    lasting: ClassVar[bool] = True

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing(lambda: cluster.scale(targets, 1)):
            cluster.scale(targets, MANY)
            yield

    def happened(self, witness: Witness) -> bool:
        before, during = witness.before, witness.during
        grown = len(during) == MANY > len(before) > 0
        return grown and ids(before) < ids(during) and all(i.running for i in during)


@dataclass(frozen=True)
class ScaleIn(Fault):
    """Fewer replicas: Compose removes those with the highest numbers."""

    name: str = "scale-in"
    says: ClassVar[str] = "docker compose up --scale: from three replicas to one"
    replicas: ClassVar[int] = MANY

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.scale(targets, 1)
            yield

    def happened(self, witness: Witness) -> bool:
        before, after = witness.before, witness.after
        shrunk = len(before) == MANY and len(after) == 1 and ids(after) < ids(before)
        return shrunk and all(i.running for i in after)
