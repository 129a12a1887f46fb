"""Volumes: what they carry on, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chaos.lessons.lesson import quoted
from chaos.lessons.sandbox import Sandbox

FOLDER = "/lesson"
FILE = f"{FOLDER}/file"


@dataclass(frozen=True)
class Successor:
    """What a second container reads on a volume, and the containers there were by then."""

    wrote: str
    read: str | None
    first_is_gone: bool

    def __str__(self) -> str:
        first = "is gone" if self.first_is_gone else "is still there"
        return (
            f"the first container wrote {self.wrote!r} and {first}; the second one reads {quoted(self.read)}"
        )


@dataclass(frozen=True)
class VolumeCarries:
    """`same`: whether the second container gets the first one's volume, or one of its own."""

    same: bool = True
    name: str = "volume-carries-state"
    claim: str = "a volume made by hand carries state from one container to the next"
    did: str = "docker volume create; a file written there by a container; another one after its removal"

    def observe(self, sandbox: Sandbox) -> Successor:
        volume = sandbox.volume()
        first = sandbox.container("--volume", f"{volume}:{FOLDER}")
        sandbox.write(first, FILE, "handed on")
        sandbox.remove(first)
        second = sandbox.container("--volume", f"{volume if self.same else sandbox.volume()}:{FOLDER}")
        there = sandbox.engine.docker("ps", "--all", "--format", "{{.Names}}").split()
        return Successor("handed on", sandbox.read(second, FILE), first not in there)

    def holds(self, seen: Successor) -> bool:
        return seen.first_is_gone and seen.read == seen.wrote


@dataclass(frozen=True)
class Volumes:
    """The volume each of two containers has at one path, and what the second reads of the first."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    read_by_first: str | None
    read_by_second: str | None

    def __str__(self) -> str:
        names = " and ".join(name[:12] for name in (*self.first, *self.second)) or "none"
        read = f"the first reads {quoted(self.read_by_first)}, the second {quoted(self.read_by_second)}"
        return f"volumes {names}; of a file that the first wrote, {read}"


@dataclass(frozen=True)
class VolumeInstruction:
    """`options` of `docker run` for both containers: a named volume there replaces the anonymous ones."""

    options: Sequence[str] = ()
    name: str = "volume-instruction"
    claim: str = "VOLUME in an image gives each of its containers a volume of its own, unasked"
    did: str = "two containers of an image with VOLUME; a file written at that path in the first"

    def observe(self, sandbox: Sandbox) -> Volumes:
        image = sandbox.image(f"mkdir {FOLDER}", f"VOLUME {FOLDER}")
        first, second = sandbox.twins(*self.options, image=image)
        sandbox.write(first, FILE, "mine")
        return Volumes(
            *(sandbox.mounted(first), sandbox.mounted(second)),
            *(sandbox.read(first, FILE), sandbox.read(second, FILE)),
        )

    def holds(self, seen: Volumes) -> bool:
        own = len(seen.first) == len(seen.second) == 1 and seen.first != seen.second
        return own and seen.read_by_first == "mine" and seen.read_by_second is None


@dataclass(frozen=True)
class Updated:
    """What the new image's container reads: the state, and the image's seed with and without the volume."""

    state: str | None
    seed_on_volume: str | None
    seed_in_image: str | None

    def __str__(self) -> str:
        seeds = f"its seed is {quoted(self.seed_in_image)}, on the volume {quoted(self.seed_on_volume)}"
        return f"the new image's container reads {quoted(self.state)} as state; {seeds}"


@dataclass(frozen=True)
class ImageUpdate:
    """`same`: whether the new image's container gets the old one's volume, or a new one."""

    same: bool = True
    name: str = "volume-hides-new-seed"
    claim: str = "a named volume carries state across an image update, and hides the new image's seed"
    did: str = "an image with a seed file run on a new volume, state written; then one with another seed"

    def observe(self, sandbox: Sandbox) -> Updated:
        seeds = (f"mkdir {FOLDER}; echo {seed} > {FOLDER}/seed" for seed in ("old", "new"))
        old, new = sandbox.at_once(*(partial(sandbox.image, script) for script in seeds))
        volume = sandbox.volume()
        before = sandbox.container("--volume", f"{volume}:{FOLDER}", image=old)
        sandbox.write(before, FILE, "state")
        sandbox.remove(before)
        kept = volume if self.same else sandbox.volume()
        after = sandbox.container("--volume", f"{kept}:{FOLDER}", image=new)
        return Updated(
            state=sandbox.read(after, FILE),
            seed_on_volume=sandbox.read(after, f"{FOLDER}/seed"),
            seed_in_image=sandbox.read(sandbox.container(image=new), f"{FOLDER}/seed"),
        )

    def holds(self, seen: Updated) -> bool:
        return seen == Updated(state="state", seed_on_volume="old", seed_in_image="new")
