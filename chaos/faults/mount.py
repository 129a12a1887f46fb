"""The fault of a mount at the wrong place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import new_containers, new_holders

OVERLAY = Path(__file__).with_name("wrong-mount.yaml")


@dataclass(frozen=True)
class WrongMount(Fault):
    """The container is recreated, and nobody had noticed that its volume is not where its state is."""

    name: str = "wrong-mount"
    victim: Victim = "service"
    says: str = "the volume mounted at a path that nobody uses all along, then up --force-recreate"

    @contextmanager
    def arranged(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Cluster]:
        with cluster.under(OVERLAY, _with_stores(cluster, targets)) as wrong:
            yield wrong

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.start(*_with_stores(cluster, targets), options=["--force-recreate"])
            yield

    def happened(self, witness: Witness) -> bool:
        holders = witness.holders_before or witness.before
        elsewhere = all(any(" on /elsewhere" in mount for mount in i.mounts) for i in holders)
        return elsewhere and new_containers(witness) and new_holders(witness)


def _with_stores(cluster: Cluster, targets: Sequence[str]) -> Sequence[str]:
    """These services, and the Redis servers behind them."""
    return [*targets, *(p.store for p in cluster.placements if p.service in targets and p.store)]
