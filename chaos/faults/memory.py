"""The fault of a container that uses more memory than it may."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from chaos.cluster import Cluster
from chaos.engine import ClusterError, NotHere
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import new_processes, same_containers, seen_throughout
from chaos.instance import SIGKILLED, Instance

_HOARD = """
import os
for process in filter(str.isdigit, os.listdir("/proc")):
    if int(process) != os.getpid():
        try:
            with open(f"/proc/{process}/oom_score_adj", "w") as score:
                score.write("1000")
        except OSError:
            pass
hoard = []
for _ in range(128):
    hoard.append(b"x" * (8 << 20))
"""
"""Makes the service what the kernel kills first, and then takes all memory that the container may have,
but never more than 1 GiB: four times as much as compose.yaml allows it.
"""


@dataclass(frozen=True)
class OutOfMemory(Fault):
    """The container reaches its memory limit, and the kernel kills its first process.

    The restart policy is off meanwhile: the engine forgets why a container ended when it starts again.
    """

    name: str = "oom"
    victim: Victim = "service"
    says: str = "the container's memory limit reached: SIGKILL by the kernel, then the same container again"

    @contextmanager
    def arranged(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Cluster]:
        limits = cluster.docker(
            "inspect", "--format", "{{.HostConfig.Memory}}", *cluster.containers(*targets)
        )
        if "0" in limits.split():
            raise NotHere("the engine does not limit the memory of containers: see `docker info`")
        yield cluster

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        victims = cluster.containers(*targets)
        with cluster.healing(partial(cluster.restart_by_itself, victims)):
            cluster.restart_by_itself(victims, "no")
            cluster.together(partial(_exhaust, cluster), victims)
            cluster.until(lambda: _all_ended(cluster.seen(targets)), "the kernel has killed the services")
            yield
            cluster.each("start", victims)

    def happened(self, witness: Witness) -> bool:
        killed = seen_throughout(witness) and all(
            i.oom_killed and i.exit_code == SIGKILLED and not i.running for i in witness.during
        )
        return killed and same_containers(witness) and new_processes(witness)


def _exhaust(cluster: Cluster, container: str) -> None:
    with suppress(ClusterError):  # it is killed, too
        cluster.inside(container, "python", "-c", _HOARD)


def _all_ended(instances: Sequence[Instance]) -> bool:
    return not any(instance.running for instance in instances)
