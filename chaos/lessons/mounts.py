"""Bind mounts: a piece of the host's file system inside a container."""

from dataclasses import dataclass

from chaos.lessons.lesson import quoted
from chaos.lessons.sandbox import Sandbox

FOLDER = "/lesson"


@dataclass(frozen=True)
class BothWays:
    """What each side reads of a file that the other side wrote."""

    inside: str | None
    on_host: str | None

    def __str__(self) -> str:
        return f"the container reads {quoted(self.inside)}, the host reads {quoted(self.on_host)}"


@dataclass(frozen=True)
class BindTwoWays:
    """`bound`: whether it is the host's directory that is mounted, or a volume."""

    bound: bool = True
    name: str = "bind-is-two-way"
    claim: str = "a bind mount is two-way: host and container see each other's changes at once"
    did: str = "a directory of the host mounted into a running container; a file written on either side"

    def observe(self, sandbox: Sandbox) -> BothWays:
        folder = sandbox.folder()
        container = sandbox.container("--volume", f"{folder if self.bound else sandbox.volume()}:{FOLDER}")
        (folder / "by-host").write_text("from the host\n")
        sandbox.write(container, f"{FOLDER}/by-container", "from the container")
        answer = folder / "by-container"
        return BothWays(
            inside=sandbox.read(container, f"{FOLDER}/by-host"),
            on_host=answer.read_text().rstrip("\n") if answer.exists() else None,
        )

    def holds(self, seen: BothWays) -> bool:
        return seen == BothWays(inside="from the host", on_host="from the container")


@dataclass(frozen=True)
class Refused:
    """What the container reads of the host's file, what came of writing it, and what is in it then."""

    read: str | None
    attempt: str
    """`done`, or the error's name."""
    on_host: str

    def __str__(self) -> str:
        return (
            f"the container reads {quoted(self.read)}; writing gives {self.attempt}; "
            f"the host's file reads {self.on_host!r} afterwards"
        )


@dataclass(frozen=True)
class ReadOnly:
    """`mode` is the mount's."""

    mode: str = "ro"
    name: str = "read-only-refuses"
    claim: str = "a read-only bind mount is read as any other, and refuses writes, root's too"
    did: str = "a directory of the host mounted read-only; its file read and written by root in a container"

    def observe(self, sandbox: Sandbox) -> Refused:
        file = sandbox.folder() / "file"
        file.write_text("from the host\n")
        container = sandbox.container("--volume", f"{file.parent}:{FOLDER}:{self.mode}", "--user", "0")
        read = sandbox.read(container, f"{FOLDER}/file")
        attempt = sandbox.python(container, "attempt", "write", f"{FOLDER}/file").strip()
        return Refused(read, attempt, file.read_text().rstrip("\n"))

    def holds(self, seen: Refused) -> bool:
        return seen == Refused(read="from the host", attempt="EROFS", on_host="from the host")


@dataclass(frozen=True)
class Contents:
    """The names in one directory: of the image, below a bind mount, on a volume that was empty."""

    image: tuple[str, ...]
    bound: tuple[str, ...]
    volume: tuple[str, ...]

    def __str__(self) -> str:
        image, bound, volume = (
            ", ".join(names) or "nothing" for names in (self.image, self.bound, self.volume)
        )
        return f"in the image: {image}; below a bind mount: {bound}; on the volume that was empty: {volume}"


@dataclass(frozen=True)
class HidesOrFills:
    """`options` are the volume's: `volume-nocopy` leaves it empty."""

    options: str = ""
    name: str = "mount-hides-volume-fills"
    claim: str = (
        "a bind mount hides the image's files below it, while an empty named volume is filled from them"
    )
    did: str = "an image with a seed; a directory of the host, then a new volume mounted over it"

    def observe(self, sandbox: Sandbox) -> Contents:
        image = sandbox.image(f"mkdir {FOLDER}; echo seed > {FOLDER}/seed")
        folder = sandbox.folder()
        (folder / "of-the-host").touch()
        volume = f"type=volume,source={sandbox.volume()},target={FOLDER}{self.options}"
        plain = sandbox.container(image=image)
        bound = sandbox.container("--volume", f"{folder}:{FOLDER}", image=image)
        filled = sandbox.container("--mount", volume, image=image)
        return Contents(*(sandbox.names(container, FOLDER) for container in (plain, bound, filled)))

    def holds(self, seen: Contents) -> bool:
        return seen == Contents(image=("seed",), bound=("of-the-host",), volume=("seed",))


@dataclass(frozen=True)
class Pinned:
    """What the container reads after an edit in place, and after the host put a new file there by rename."""

    edited: str | None
    rename_inside: str
    """What came of renaming a file onto it in the container: `done`, or the error's name."""
    replaced: str | None
    on_host: str

    def __str__(self) -> str:
        return (
            f"after an edit in place the container reads {quoted(self.edited)}; after a replacement by "
            f"rename still {quoted(self.replaced)}, the host {self.on_host!r}; "
            f"renaming onto it inside gives {self.rename_inside}"
        )


@dataclass(frozen=True)
class SingleFile:
    """`single`: whether the file itself is mounted, or the directory it is in."""

    single: bool = True
    name: str = "single-file-pins-inode"
    claim: str = (
        "a single-file mount pins an inode: a replacement by rename is not seen inside, nor possible there"
    )
    did: str = "one file of the host mounted; edited in place, renamed onto inside, replaced on the host"

    def observe(self, sandbox: Sandbox) -> Pinned:
        file, inside = sandbox.folder() / "file", f"{FOLDER}/file"
        file.write_text("first\n")
        mount = f"{file}:{inside}" if self.single else f"{file.parent}:{FOLDER}"
        container = sandbox.container("--volume", mount)
        file.write_text("edited\n")
        edited = sandbox.read(container, inside)
        sandbox.write(container, f"{FOLDER}/new", "from inside")
        attempt = sandbox.python(container, "attempt", "rename", f"{FOLDER}/new", inside).strip()
        (file.parent / "draft").write_text("replaced\n")
        (file.parent / "draft").replace(file)
        return Pinned(edited, attempt, sandbox.read(container, inside), file.read_text().rstrip("\n"))

    def holds(self, seen: Pinned) -> bool:
        return seen == Pinned(edited="edited", rename_inside="EBUSY", replaced="edited", on_host="replaced")
