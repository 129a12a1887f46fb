"""Faults of the disk under a volume: its power is cut, or it is full."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

from chaos.cluster import Cluster
from chaos.disk.disks import CUT, Disks
from chaos.engine import ClusterError, NotHere
from chaos.faults.fault import Fault, Findings, Victim, Witness
from chaos.faults.proof import new_containers
from chaos.instance import Instance
from chaos.interrupt import deferred

STATE, DATA = "/state", "/data"
"""Where the services and the Redis servers keep their files."""


class OnDisks(Fault, Protocol):
    """What is done to services whose volumes are on disks of their own."""

    megabytes: ClassVar[int]

    @contextmanager
    def arranged(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Cluster]:
        disks = Disks(cluster)
        if reason := disks.usable():
            raise NotHere(reason)
        back = partial(cluster.start, *targets)
        with tempfile.TemporaryDirectory() as folder, cluster.healing(back), ExitStack() as made:
            volumes: dict[str, str] = {}
            for owner, names in _owners(cluster, targets).items():
                new = made.enter_context(disks.make(names, self.megabytes, owner))
                volumes |= {name: disk.volume for name, disk in zip(names, new, strict=True)}
            made.callback(partial(_give_up, cluster, targets))  # or the disks could not be removed
            on = cluster.overlaid(_overlay(cluster, volumes, Path(folder, "disks.json")))
            on.start(*targets)
            on.wait_ready()
            yield on


def _owners(cluster: Cluster, targets: Sequence[str]) -> Mapping[str, list[str]]:
    """The targets by who writes to their disks, as UID:GID."""
    owners: dict[str, list[str]] = {}
    for one in cluster.seen(targets):
        who = cluster.inside(one.id, "sh", "-c", "echo $(id -u):$(id -g)").strip()
        owners.setdefault(who, []).append(one.service)
    return owners


def _give_up(cluster: Cluster, targets: Sequence[str]) -> None:
    """Remove the containers, so that nothing has the disks mounted any more."""
    with deferred():
        if containers := cluster.containers(*targets):
            cluster.docker("rm", "--force", *containers)


def _overlay(cluster: Cluster, volumes: Mapping[str, str], file: Path) -> Path:
    """A Compose file with which these services have these volumes where their state is."""
    where = {name: DATA if name in cluster.stores else STATE for name in volumes}
    services = {name: {"volumes": [f"disk-{name}:{where[name]}"]} for name in volumes}
    named = {f"disk-{name}": {"external": True, "name": volume} for name, volume in volumes.items()}
    file.write_text(json.dumps({"services": services, "volumes": named}))
    return file


@dataclass(frozen=True)
class PowerLoss(OnDisks):
    """What was acknowledged and not yet synced is gone, whoever had promised it.

    Frozen, so that nothing more is acknowledged; the disk's power cut; killed; and started on a copy
    of what had reached the disk by then, as after a reboot.
    """

    name: str = "power-loss"
    victim: Victim = "holder"
    says: str = "the disk's power cut: what was not synced is gone, the journal is replayed"
    lasting: ClassVar[bool] = True
    megabytes: ClassVar[int] = 48

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        disks, before = Disks(cluster), cluster.seen(targets)
        whole = [disks.of(one.service) for one in before]
        with tempfile.TemporaryDirectory() as folder, cluster.healing():
            disks.prepare()  # between the pause and the cut every moment counts
            cluster.pause(one.id for one in before)
            cut = cluster.together(disks.cut, whole)
            cluster.each("kill", [one.id for one in before])
            volumes = {one.service: disk.volume for one, disk in zip(before, cut, strict=True)}
            after = cluster.overlaid(_overlay(cluster, volumes, Path(folder, "cut.json")))
            after.start(*targets)
            after.wait_ready()
            yield

    def happened(self, witness: Witness) -> bool:
        disks = [v for i in witness.before for v in i.volumes if not v.endswith(CUT)]
        copies = [v.removesuffix(CUT) for i in witness.after for v in i.volumes if v.endswith(CUT)]
        return bool(disks) and disks == copies and new_containers(witness)


@dataclass(frozen=True)
class DiskFull(OnDisks):
    """The disk takes no byte more: Redis refuses writes, or ends, and goes on when there is room."""

    name: str = "redis-disk-full"
    victim: Victim = "store"
    says: str = "the disk under the Redis filled to the last block, and then freed"
    megabytes: ClassVar[int] = 16

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Findings]:
        disks, stores = Disks(cluster), cluster.seen(targets)
        appending = [one for one in stores if _appends(cluster, one)]
        disks.prepare()
        with cluster.healing(lambda: _make_room(cluster, disks, stores)):
            junk = cluster.together(lambda one: disks.fill(disks.of(one.service)), stores)
            for one in appending:
                cluster.until(partial(_refuses, cluster, one), f"{one.service} refuses writes")
            yield {
                one.service: {"junk bytes": size, "refuses writes": one in appending}
                for one, size in zip(stores, junk, strict=True)
            }

    def happened(self, witness: Witness) -> bool:
        appends = any(i.where.get("aof_enabled") == "1" for i in witness.before)
        refused = bool(witness.findings.get("refuses writes"))
        return bool(witness.findings.get("junk bytes")) and bool(witness.before) and refused == appends


def _make_room(cluster: Cluster, disks: Disks, stores: Sequence[Instance]) -> None:
    """Remove the junk, and start what ended meanwhile."""
    cluster.together(lambda one: disks.free(disks.of(one.service)), stores)
    ended = [one.id for one in cluster.seen([one.service for one in stores]) if not one.running]
    cluster.each("start", ended)


def _appends(cluster: Cluster, store: Instance) -> bool:
    return cluster.redis_info(store.id)["aof_enabled"] == "1"


def _refuses(cluster: Cluster, store: Instance) -> bool:
    """Whether it refuses writes, or ended for want of room, be it while it is asked."""
    now = [one for one in cluster.seen([store.service]) if one.id == store.id]
    if any(not one.running or one.started_at != store.started_at for one in now):
        return True
    with suppress(ClusterError):
        return cluster.redis_info(store.id)["aof_last_write_status"] == "err"
    return False
