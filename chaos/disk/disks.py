"""Disks of files: an ext4 file system on a loop device under a Docker volume, without root on the host."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chaos.command import CommandError
from chaos.disk.loops import SUFFIX, chosen
from chaos.disk.reading import incapable
from chaos.engine import ClusterError, Engine
from chaos.interrupt import deferred

IMAGE = "sessionlab/disks"
LABEL = "sessionlab.disks"
"""Its value on volumes and containers is the project they belong to."""
CUT = ".cut"
"""What the name of a disk's copy ends with, and its volume's."""
COMMIT = "o=commit=60"
"""By itself ext4 syncs every 5 s, so now and then between the pause of a container and the cut, which
takes a moment to begin. Then nothing of what nobody had synced would be lost.
"""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_OWNER = re.compile(r"\d+:\d+")


@dataclass(frozen=True)
class Disk:
    """`volume` is what a container mounts, `backing` the file's path on the volume of backing files."""

    name: str
    volume: str
    device: str
    backing: str


@dataclass(frozen=True)
class Disks:
    """Those of the engine's project. All that is made bears its name and is found again by it."""

    engine: Engine

    def usable(self) -> str:
        """Empty, or why this machine cannot: it is tried. Raises `ClusterError` where it is anything else."""
        try:
            with self.make(["trial"], 4) as (disk,):
                self.cut(disk)
        except ClusterError as error:
            cause = error.__cause__
            reason = incapable(cause.errors if isinstance(cause, CommandError) else str(error))
            if not reason:
                raise
            return f"the engine cannot make disks: {reason}"
        return ""

    @contextmanager
    def make(self, names: Sequence[str], megabytes: int, owner: str = "0:0") -> Iterator[Sequence[Disk]]:
        """New disks, in this order; `owner` (UID:GID, see `user`) may write to them.

        Leaving the context removes them and their copies, also on Ctrl-C. Whatever mounts them must be
        gone by then. Raises `ClusterError`. What a killed lab left of the same names is removed before.
        """
        _check(names, owner)
        self._remove(names)
        try:
            devices = self._inside("make", str(megabytes), owner, *names)
            yield [self._on(name, devices[name]) for name in names]
        finally:
            with deferred():
                self._remove(names)

    def prepare(self) -> None:
        """See to the image now, so that the next call is quick. Raises `ClusterError`."""
        _ = self._image

    def of(self, name: str) -> Disk:
        """A disk that is made already. Raises `ClusterError` where there is none of that name."""
        volume = f"{self._prefix}{name}"
        device = self.engine.docker("volume", "inspect", "--format", "{{.Options.device}}", volume).strip()
        return Disk(name, volume, device, f"{self._folder}/{name}{SUFFIX}")

    def cut(self, disk: Disk) -> Disk:
        """Cut its power: a new disk with what had been written to it by now, as after a reboot.

        The journal is replayed when it is mounted. The old one answers every access with an I/O error
        from now on; pause what uses it before, and kill that after. It stays until the context is left.
        """
        copy = f"{disk.name}{CUT}"
        return self._on(copy, self._inside("cut", disk.name, copy, on=disk)[copy])

    def fill(self, disk: Disk, leave_bytes: int = 0) -> int:
        """Fill it with junk until about so many bytes are free; the junk's size.

        Even of none, what a file's last block has left can still be written: less than 1 KiB.
        """
        size: int = self._inside("fill", disk.name, str(leave_bytes), on=disk)
        return size

    def free(self, disk: Disk) -> None:
        """Remove the junk."""
        self._inside("free", disk.name, on=disk)

    def user(self, image: str, name: str = "") -> str:
        """UID:GID of a user of an image; of the one it runs as, without a name."""
        who = ("--user", name) if name else ()
        asked = "echo $(id -u):$(id -g)"
        return self.engine.docker(
            *("run", "--rm", *self._labels("container"), "--network", "none", *who, "--entrypoint", "sh"),
            *(image, "-c", asked),
        ).strip()

    def clear_left(self) -> None:
        """Remove every disk of this project, and the containers that have one mounted: what a killed lab
        left. Raises `ClusterError`.
        """
        with deferred():
            volumes = [v for v in self._labelled("volume", "ls") if v.startswith(self._prefix)]
            mounting = [part for volume in volumes for part in ("--filter", f"volume={volume}")]
            left = self.engine.docker("ps", "--all", "--quiet", *mounting).split() if mounting else []
            if containers := sorted({*left, *self._labelled("ps", "--all")}):
                self.engine.docker("rm", "--force", *containers)
            self._remove(())

    @property
    def _folder(self) -> str:
        """The volume of backing files, and the folder in it that they are in."""
        return f"{self.engine.project}_disks"

    @property
    def _prefix(self) -> str:
        return f"{self.engine.project}_disk-"

    @cached_property
    def _image(self) -> str:
        """By its id, since a lab of another checkout may give the name to an image of its own."""
        base = f"PYTHON_IMAGE={self.engine.base_image}"
        arguments = ("--tag", IMAGE, "--build-arg", base, str(Path(__file__).parent))
        built = self.engine.docker("build", "--quiet", "--force-rm", *arguments, seconds=600, whole=False)
        return built.strip()

    def _inside(self, verb: str, *arguments: str, on: Disk | None = None) -> Any:
        """What a verb of `inside.py` tells, done in a container; on a disk, with its volume at /disk."""
        mounted = ("--cap-add", "SYS_ADMIN", "--volume", f"{on.volume}:/disk") if on else ()
        labels = f"volume-label=sessionlab=volume,volume-label={LABEL}={self.engine.project}"
        files = f"type=volume,source={self._folder},target=/disks,{labels}"
        told = self.engine.docker(
            *("run", "--rm", *self._labels("container"), "--network", "none", "--user", "0:0"),
            *("--device-cgroup-rule", "b 7:* rmw", "--device-cgroup-rule", "c 10:237 rmw"),
            *("--volume", "/dev:/dev", "--mount", files, *mounted),
            *(self._image, verb, self._folder, *arguments),
            seconds=120,
        )
        return json.loads(told)

    def _on(self, name: str, device: str) -> Disk:
        """The disk on a device, with a volume of its own from now on."""
        volume = f"{self._prefix}{name}"
        options = ("--driver", "local", "--opt", "type=ext4", "--opt", f"device={device}", "--opt", COMMIT)
        self.engine.docker("volume", "create", *options, *self._labels("volume"), volume)
        return Disk(name, volume, device, f"{self._folder}/{name}{SUFFIX}")

    def _remove(self, names: Sequence[str]) -> None:
        """These disks and their copies, or all."""
        labelled = self._labelled("volume", "ls")
        if not labelled:
            return
        disks = [v for v in labelled if v.startswith(self._prefix)]
        gone = [v for v in disks if chosen(v.removeprefix(self._prefix), names)]
        self.engine.remove_volumes(gone)
        told = self._inside("remove", *names)
        if not told["left"]:
            self.engine.remove_volumes([self._folder])
        if mounted := sorted({*gone} & self.engine.volumes()):
            raise ClusterError(
                f"{mounted[0]} is still mounted: remove what `docker ps --all --filter volume={mounted[0]}` "
                "shows, then try again"
            )
        if told["busy"]:
            raise ClusterError(f"{' '.join(told['busy'])} is still in use: see `losetup --list` and `mount`")

    def _labels(self, kind: str) -> Sequence[str]:
        return ("--label", f"sessionlab={kind}", "--label", f"{LABEL}={self.engine.project}")

    def _labelled(self, *listing: str) -> list[str]:
        """Containers or volumes of this project's disks."""
        which = ("--quiet", "--filter", f"label={LABEL}={self.engine.project}")
        return self.engine.docker(*listing, *which).split()


def _check(names: Sequence[str], owner: str) -> None:
    """Names become file names and volume names; none would mean all of them to what removes disks."""
    if not names or not all(map(_NAME.fullmatch, names)) or not _OWNER.fullmatch(owner):
        raise ValueError(f"disks need names like 'redis' and an owner like '999:999', not {names}, {owner!r}")
