"""Faults that replace the container, and sometimes what it had mounted."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import new_containers, new_holders, new_images, new_volumes


@dataclass(frozen=True)
class Recreate(Fault):
    """`docker compose up --force-recreate`: what every deployment of a new image does too."""

    name: str = "recreate"
    victim: Victim = "service"
    renew_volumes: bool = False
    says: str = "docker compose up --force-recreate: a new container of the same image"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        renew = ["--renew-anon-volumes"] if self.renew_volumes else []
        with cluster.healing():
            cluster.start(*targets, options=["--force-recreate", *renew])
            yield

    def happened(self, witness: Witness) -> bool:
        return new_containers(witness)


@dataclass(frozen=True)
class Remove(Fault):
    """`docker compose rm`, then `up`: unlike with a recreate, nothing is handed on."""

    name: str = "remove"
    victim: Victim = "service"
    with_volumes: bool = False
    says: str = "docker compose rm, then up: a new container that inherits nothing"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        volumes = ["--volumes"] if self.with_volumes else []
        with cluster.healing():
            cluster.compose("rm", "--stop", "--force", *volumes, *targets)
            cluster.start(*targets)
            yield

    def happened(self, witness: Witness) -> bool:
        return new_containers(witness)


@dataclass(frozen=True)
class VolumeLost(Fault):
    """The container and every volume it had mounted, named ones too."""

    name: str = "redis-volume-lost"
    victim: Victim = "store"
    says: ClassVar[str] = "the container removed, and every volume it had"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        seen = cluster.snapshot(targets)
        volumes = sorted({v for instances in seen.values() for i in instances for v in i.volumes})
        with cluster.healing():
            cluster.compose("rm", "--stop", "--force", *targets)
            cluster.docker("volume", "rm", *volumes)
            cluster.start(*targets)
            yield

    def happened(self, witness: Witness) -> bool:
        had = all(i.made for i in witness.before)
        return had and new_containers(witness) and new_volumes(witness)


@dataclass(frozen=True)
class Update(Fault):
    """A new image of the same service: built, then rolled out by `up`."""

    name: str = "update"
    victim: Victim = "service"
    says: ClassVar[str] = "a new image is built, docker compose up replaces the container"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        with cluster.healing():
            cluster.build(release="next")
            cluster.start(*targets)
            yield

    def happened(self, witness: Witness) -> bool:
        return new_containers(witness) and new_images(witness)


@dataclass(frozen=True)
class Commit(Fault):
    """`docker commit`, then a new container of the committed image: a layer saved, and no volume.

    Stopped first: what a running container acknowledges after the commit is in no image (measured:
    of the layer's acknowledged writes some were lost, those between the commit and the replacement).
    """

    name: str = "commit"
    victim: Victim = "service"
    says: ClassVar[str] = "docker compose stop, docker commit, rm, and a new container of the committed image"
    lasting: ClassVar[bool] = True

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        images = {target: f"sessionlab/committed-{target}" for target in targets}
        with (
            tempfile.TemporaryDirectory() as folder,
            cluster.without_images(images.values()),
            cluster.healing(lambda: cluster.start(*targets)),
        ):
            seen = cluster.snapshot(targets)
            cluster.compose("stop", *targets)
            cluster.together(
                lambda target: cluster.docker("commit", seen[target][0].id, images[target]), targets
            )
            overlay = Path(folder, "commit.json")
            overlay.write_text(json.dumps({"services": {t: {"image": i} for t, i in images.items()}}))
            cluster.compose("rm", "--stop", "--force", *targets)
            cluster.overlaid(overlay).start(*targets)
            cluster.wait_ready(targets)
            yield

    def happened(self, witness: Witness) -> bool:
        return new_containers(witness) and new_images(witness)


@dataclass(frozen=True)
class DownUp(Fault):
    """`docker compose down`, then `up`: everything, the gateway and Redis too."""

    name: str = "down-up"
    victim: Victim = "service"
    with_volumes: bool = False
    says: str = "docker compose down, then up: all containers are new"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:  # noqa: ARG002
        with cluster.healing():
            cluster.down(volumes=self.with_volumes)
            cluster.up()
            yield

    def happened(self, witness: Witness) -> bool:
        new = new_containers(witness) and new_holders(witness)
        return new and (not self.with_volumes or new_volumes(witness))
