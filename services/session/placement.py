"""Where this instance's state lives, read from its own mount table rather than from configuration."""

import re
import socket
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["writable-layer", "volume", "bind", "network", "tmpfs", "process-memory", "client", "redis"]

DIES_WITH: dict[Kind, str] = {
    "writable-layer": "the container",
    "volume": "the volume",
    "bind": "the host's directory",
    "network": "the file server",
    "tmpfs": "the container's stop",
    "process-memory": "the process",
    "client": "the client, or the key ring that seals it",
    "redis": "what Redis keeps its data on",
}

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "fuse.sshfs", "fuse.glusterfs"}
_VOLUME = re.compile(r"/volumes/([^/]+)/_data$")


class Placement(msgspec.Struct, frozen=True):
    """`GET /placement`. `path`, `filesystem` and `source` are null where there is no file."""

    service: str
    store: str
    kind: Kind
    dies_with: str
    instance: str
    boot: str
    started_at: str
    path: str | None = None
    filesystem: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Instance:
    """This process: the container it runs in, and an id that is new for each start of the process."""

    container: str
    boot: str
    started_at: str

    @classmethod
    def new(cls) -> "Instance":
        now = datetime.now(UTC).replace(tzinfo=None)
        return cls(socket.gethostname(), uuid.uuid4().hex[:12], f"{now.isoformat(timespec='milliseconds')}Z")


@dataclass(frozen=True)
class Mount:
    """One line of `/proc/self/mountinfo`; format: proc_pid_mountinfo(5)."""

    root: str
    point: str
    filesystem: str
    source: str

    @classmethod
    def parse(cls, line: str) -> "Mount":
        own, _, rest = line.partition(" - ")
        fields, (filesystem, source, *_) = own.split(), rest.split()
        return cls(_unescape(fields[3]), _unescape(fields[4]), filesystem, _unescape(source))

    @property
    def kind(self) -> Kind:
        """What a container engine has mounted here."""
        if self.filesystem == "tmpfs":
            return "tmpfs"
        if self.filesystem in _NETWORK:
            return "network"
        if self.point == "/":
            return "writable-layer"
        whole = self.root == "/" and self.source.startswith("/dev/loop")  # a volume with a disk of its own
        return "volume" if whole or _VOLUME.search(self.root) else "bind"

    @property
    def origin(self) -> str:
        """The volume's name, the bound directory, or the device."""
        volume = _VOLUME.search(self.root)
        return volume[1] if volume else (self.root if self.kind == "bind" else self.source)


def mount_of(path: Path, mountinfo: str) -> Mount:
    """The mount that holds `path`: the deepest, and of several on one point the last."""
    mounts = [Mount.parse(line) for line in mountinfo.splitlines()]
    holding = [mount for mount in mounts if path.is_relative_to(mount.point)]
    return max(reversed(holding), key=lambda mount: len(Path(mount.point).parts))


def of_file(path: Path, service: str, store: str, instance: Instance) -> Placement:
    """The placement of state in a file of this instance's own file system."""
    mount = mount_of(path.resolve(), Path("/proc/self/mountinfo").read_text())
    return Placement(
        *(service, store, mount.kind, DIES_WITH[mount.kind]),
        *(instance.container, instance.boot, instance.started_at),
        path=str(path),
        filesystem=mount.filesystem,
        source=mount.origin,
    )


def of_kind(kind: Kind, service: str, store: str, instance: Instance, source: str | None) -> Placement:
    """The placement of state that is in no file of this instance."""
    about = (instance.container, instance.boot, instance.started_at)
    return Placement(service, store, kind, DIES_WITH[kind], *about, source=source)


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
