"""Faults of the key ring: the one piece of state of a stateless service."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Findings, Victim, Witness
from chaos.faults.proof import same_processes
from chaos.placements import PLACEMENTS

RING = "/keys"


@dataclass(frozen=True)
class NewKeys(Fault):
    """A newer key seals from now on; the older ones go at once, or stay for the tokens out there.

    In one step: with two, half a second apart, nothing was lost here under load, as every active
    client's token was sealed again in between.
    """

    name: str = "replace-keys"
    victim: Victim = "service"
    retire: bool = True
    says: str = "the key ring's keys replaced by a new one, without an overlap"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Findings]:
        before = _sealing(cluster, targets)
        with cluster.healing():
            options = ["--rotate", *(["--retire"] if self.retire else [])]
            ring = ("python", "-m", "services.stateless.keyring", RING)
            told = cluster.compose("run", "--rm", "--no-deps", "-T", "keys", *ring, *options).split("\n")
            cluster.until(partial(_changed, cluster, targets, before), "another key seals")
            yield {target: {"key ring": [line for line in told if line]} for target in targets}

    def happened(self, witness: Witness) -> bool:
        told = str(witness.findings.get("key ring", ""))
        gone = "retired: " in told and "retired: none" not in told
        changed = "seals from now on" in told and self.retire == gone
        tokens = [(i.where.get("source"), i.where.get("kind")) for i in (*witness.before, *witness.after)]
        sealed = {source for source, kind in tokens if kind == "client"}
        return changed and same_processes(witness) and (not sealed or len(sealed) == 2)


def _sealing(cluster: Cluster, targets: Sequence[str]) -> Mapping[str, Any]:
    """Which key seals, by the tokens' service where it is among the targets."""
    chosen = [target for target in targets if target == PLACEMENTS["token"].service]
    seen = cluster.snapshot(chosen)
    return {i.id: i.where.get("source") for instances in seen.values() for i in instances}


def _changed(cluster: Cluster, targets: Sequence[str], before: Mapping[str, Any]) -> bool:
    now = _sealing(cluster, targets)
    return all(None is not now[one] != key for one, key in before.items())
