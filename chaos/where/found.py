"""Where the bytes of a running instance are: what the engine and the container itself told."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from services.session.placement import Kind

Fate = Literal["kept", "lost", "partly", "orphaned", "elsewhere", ""]
"""Of the session state at an event; empty where the event does not concern it."""


@dataclass(frozen=True)
class Image:
    """`size` in bytes, of all layers together."""

    id: str
    name: str
    layers: int
    size: int


@dataclass(frozen=True)
class Change:
    """One line of `docker diff`: `how` is A, C or D."""

    how: str
    path: str


@dataclass(frozen=True)
class File:
    path: str
    size: int


@dataclass(frozen=True)
class Mounted:
    """A mount in the container's own table.

    `seen` is its kind by the table alone, which cannot tell a bound file system from a volume on a
    disk of its own; `kind` is what it is once the engine has been asked. `engine` and `name` are the
    engine's words for it: its type, and the volume's name or the bound path; empty where the engine
    has mounted nothing there. `others` are the other containers that mount the same, running or not.
    `whole`: it is a file system from its root on, not a directory of one. `alias`: it is a volume that
    is only the engine's name for a disk, a directory or a share: removing it leaves the bytes.
    """

    point: str
    seen: Kind
    kind: Kind
    origin: str
    filesystem: str
    read_only: bool
    engine: str = ""
    name: str = ""
    others: tuple[str, ...] = ()
    whole: bool = False
    alias: bool = False

    @property
    def anonymous(self) -> bool:
        """Whether it is a volume without a name of somebody's choice."""
        return self.kind == "volume" and len(self.name) == 64 and set(self.name) <= set("0123456789abcdef")


@dataclass(frozen=True)
class State:
    """The session state. `kind` None: nothing tells where it is.

    `path` and `files` are inside the container, `mount` is the point of the mount they are on;
    `persistence` is how a Redis writes to them; `container` is where the state is, if in another one.
    """

    kind: Kind | None
    path: str | None = None
    mount: str | None = None
    files: tuple[File, ...] = ()
    persistence: Literal["", "append-only", "snapshots", "none"] = ""
    sync: str = ""
    container: str | None = None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Picture:
    """One running instance. `told` is its own word: `GET /placement`, or a Redis's `INFO`.

    `writable` is the size of its writable layer in bytes, None where the engine does not tell;
    `mounts` has the root of the union file system first. `disagreements` are contradictions between
    container, engine and its own word; `unknown` is what could not be checked.
    """

    name: str
    service: str
    id: str
    image: Image | None
    writable: int | None
    changes: tuple[Change, ...]
    mounts: tuple[Mounted, ...]
    state: State
    fates: Mapping[str, Fate]
    told: Mapping[str, object]
    disagreements: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """`left_out`: containers that exist and are not up, each with its status."""

    project: str
    driver: str
    pictures: tuple[Picture, ...]
    left_out: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all agree, 1 a disagreement, 2 something could not be checked, 3 nothing is up."""
        if not self.pictures:
            return 3
        if any(picture.disagreements for picture in self.pictures):
            return 1
        return 2 if any(picture.unknown for picture in self.pictures) else 0

    def as_json(self) -> str:
        return json.dumps({"schema": 1, **asdict(self)}, indent=2)
