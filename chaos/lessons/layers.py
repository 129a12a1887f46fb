"""The writable layer of a container, and those of the image below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.lessons.lesson import NotObservable, quoted
from chaos.lessons.sandbox import Sandbox

FOLDER = "/lesson"
FILE = f"{FOLDER}/file"
BLOCK_DRIVERS = {"btrfs", "zfs", "devicemapper"}
"""Storage drivers that share blocks, not files."""


@dataclass(frozen=True)
class Twins:
    """What is in the same file of two containers of one image, after one of them wrote it."""

    writer: str | None
    other: str | None

    def __str__(self) -> str:
        return f"the one that wrote it reads {quoted(self.writer)}, the other one {quoted(self.other)}"


@dataclass(frozen=True)
class OwnLayer:
    """`options` of `docker run` for both: with a volume at that path there is one place to write to."""

    options: Sequence[str] = ()
    name: str = "own-layer"
    claim: str = "each container has a writable layer of its own, even two of the same image"
    did: str = "two containers of one image; a file written in the first, looked for in the second"

    def observe(self, sandbox: Sandbox) -> Twins:
        writer, other = sandbox.twins(*self.options)
        sandbox.write(writer, FILE, "mine")
        return Twins(sandbox.read(writer, FILE), sandbox.read(other, FILE))

    def holds(self, seen: Twins) -> bool:
        return seen.writer == "mine" and seen.other is None


@dataclass(frozen=True)
class Ends:
    """What is in a container's file once it was stopped and started, and in a new one's after `rm`."""

    stopped: str | None
    removed: str | None

    def __str__(self) -> str:
        again = f"after rm a new container reads {quoted(self.removed)}"
        return f"after stop and start it reads {quoted(self.stopped)}; {again}"


@dataclass(frozen=True)
class StopKeeps:
    """`options` of `docker run` for both containers."""

    options: Sequence[str] = ()
    name: str = "stop-keeps-rm-destroys"
    claim: str = "stopping a container keeps its writable layer, removing it destroys it"
    did: str = "a file written; the container stopped and started; then removed and made again"

    def observe(self, sandbox: Sandbox) -> Ends:
        container = sandbox.container(*self.options)
        sandbox.write(container, FILE, "mine")
        sandbox.engine.docker("stop", "--time", "5", container)
        sandbox.engine.docker("start", container)
        stopped = sandbox.read(container, FILE)
        sandbox.remove(container)
        return Ends(stopped, sandbox.read(sandbox.container(*self.options), FILE))

    def holds(self, seen: Ends) -> bool:
        return seen.stopped == "mine" and seen.removed is None


@dataclass(frozen=True)
class CopyUp:
    """Sizes in bytes; checksums of the file in the container that changed it and in two that did not."""

    file_size: int
    grown: int
    """How much the changing container's writable layer became larger."""
    original: str
    changed: str
    sibling: str
    newcomer: str
    """A container that was made afterwards: what is in the image."""

    def __str__(self) -> str:
        others = [
            f"{who} reads {'the original' if checksum == self.original else 'the change'}"
            for who, checksum in (("a sibling", self.sibling), ("a container made later", self.newcomer))
        ]
        return (
            f"one byte of {self.file_size:,} changed: the writable layer grew by {self.grown:,} bytes; "
            + " and ".join(others)
        )


@dataclass(frozen=True)
class CopyOnWrite:
    """`options` of `docker run` for all containers: a volume there is no layer."""

    options: Sequence[str] = ()
    size: int = 20_000_000
    name: str = "copy-on-write"
    claim: str = "a change leaves image and siblings alone, and one byte of it copies the whole file up"
    did: str = "an image with a large file; one byte of it changed in one of two containers"

    def observe(self, sandbox: Sandbox) -> CopyUp:
        driver = sandbox.engine.docker("info", "--format", "{{.Driver}}").strip()
        if driver in BLOCK_DRIVERS:
            raise NotObservable(f"the storage driver {driver} copies blocks, not files: try overlay2")
        image = sandbox.image(f"mkdir {FOLDER}; yes lesson 2>&1 | head -c {self.size} > {FILE}")
        writer, sibling = sandbox.twins(*self.options, image=image)
        original, before = _checksum(sandbox, writer), _layer_size(sandbox, writer)
        sandbox.sh(writer, 'printf x | dd of="$1" conv=notrunc bs=1 count=1 seek=1000 2>&1', FILE)
        return CopyUp(
            file_size=int(sandbox.sh(writer, 'stat -c %s "$1"', FILE)),
            grown=_layer_size(sandbox, writer) - before,
            original=original,
            changed=_checksum(sandbox, writer),
            sibling=_checksum(sandbox, sibling),
            newcomer=_checksum(sandbox, sandbox.container(*self.options, image=image)),
        )

    def holds(self, seen: CopyUp) -> bool:
        alone = seen.original == seen.sibling == seen.newcomer != seen.changed
        return alone and seen.grown >= seen.file_size > 0


def _checksum(sandbox: Sandbox, container: str) -> str:
    return sandbox.sh(container, 'sha256sum "$1"', FILE).split()[0]


def _layer_size(sandbox: Sandbox, container: str) -> int:
    return int(sandbox.engine.docker("inspect", "--size", "--format", "{{.SizeRw}}", container))


@dataclass(frozen=True)
class Stacked:
    """Two files as they are read with the first layer alone, and with the second one on top of it."""

    below: tuple[str | None, str | None]
    on_top: tuple[str | None, str | None]

    def __str__(self) -> str:
        below, on_top = (" and ".join(map(quoted, files)) for files in (self.below, self.on_top))
        return f"of the two files the first layer alone gives {below}, with the second one on top {on_top}"


@dataclass(frozen=True)
class Precedence:
    """`layers` are the scripts that make them, lowest first."""

    layers: Sequence[str] = (
        f"mkdir -p {FOLDER}; echo lower > {FILE}; echo lower > {FOLDER}/deleted",
        f"mkdir -p {FOLDER}; echo upper > {FILE}; rm -f {FOLDER}/deleted",
    )
    name: str = "upper-layer-wins"
    claim: str = "the upper layer's file wins over the lower one's, and a deletion in it hides the lower one"
    did: str = "two files in a layer of an image; on top, a layer that changes one and deletes the other"

    def observe(self, sandbox: Sandbox) -> Stacked:
        first, second = self.layers
        below = sandbox.image(first)
        images = below, sandbox.image(second, base=below)
        return Stacked(*(self._files(sandbox, image) for image in images))

    def holds(self, seen: Stacked) -> bool:
        return seen == Stacked(below=("lower", "lower"), on_top=("upper", None))

    @staticmethod
    def _files(sandbox: Sandbox, image: str) -> tuple[str | None, str | None]:
        container = sandbox.container(image=image)
        return sandbox.read(container, FILE), sandbox.read(container, f"{FOLDER}/deleted")
