"""What is done to disks in a container, as root, with the engine's devices: one verb a run.

It runs there without the lab: it imports nothing of it but `loops`.
"""

import errno
import fcntl
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from chaos.disk.loops import LOOP_MAJOR, SECONDS, SUFFIX, attach, backed, chosen, is_of, listing, tool

DISK = Path("/disk")
"""Where the disk's volume is mounted, for the verbs that need it."""
DISKS = Path("/disks")
JUNK = "sessionlab-junk"
BLOCKS = (1 << 20, 1 << 16, 1 << 12, 1 << 10)
_RELEASE_SECONDS = 2.0  # whatever looks at each new device lets go of it within a moment
_EXT4_IOC_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, b"\2\0\0\0"


def make(folder: str, megabytes: str, owner: str, *names: str) -> dict[str, str]:
    """New file systems, whose root is `owner`'s (UID:GID), each on a loop device. Devices by name."""
    (DISKS / folder).mkdir(exist_ok=True)
    return {name: attach(_formatted(DISKS / folder / f"{name}{SUFFIX}", megabytes, owner)) for name in names}


def _formatted(backing: Path, megabytes: str, owner: str) -> Path:
    with backing.open("xb") as file:  # allocated, so that the disk below can never be full first
        os.posix_fallocate(file.fileno(), 0, int(megabytes) << 20)
    options = f"root_owner={owner},nodiscard,lazy_itable_init=0,lazy_journal_init=0"
    tool("mkfs.ext4", "-q", "-F", "-b", "1024", "-m", "0", "-E", options, str(backing))
    return backing


def cut(folder: str, name: str, copy: str) -> dict[str, str]:
    """Cut the power of the disk at /disk. The device of a copy of what was written to it until then.

    From that moment on the kernel writes nothing more of it, so the copy is of one moment.
    """
    guard(folder, name)
    backing = DISKS / folder / f"{copy}{SUFFIX}"
    backing.touch(exist_ok=False)
    disk = os.open(DISK, os.O_RDONLY)
    fcntl.ioctl(disk, _EXT4_IOC_SHUTDOWN, _NO_LOG_FLUSH)
    until(lambda: not any(map(int, _about("inflight").split())), "it is still writing")
    duplicate(DISKS / folder / f"{name}{SUFFIX}", backing)
    return {copy: attach(backing)}


def duplicate(source: Path, target: Path) -> None:
    """Copy a file into an empty one, allocated as a whole. Only what was ever written is read, and
    that in the kernel: a cut takes no longer on a disk that is large.
    """
    with source.open("rb") as old, target.open("r+b") as new:
        size = os.fstat(old.fileno()).st_size
        os.posix_fallocate(new.fileno(), 0, size)
        at = _next_data(old.fileno(), 0, size)
        while at < size:
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            os.lseek(old.fileno(), at, os.SEEK_SET)
            os.lseek(new.fileno(), at, os.SEEK_SET)
            if not (copied := os.copy_file_range(old.fileno(), new.fileno(), end - at)):
                raise EOFError(f"{source} ends at {at} of {size} bytes")
            at = _next_data(old.fileno(), at + copied, size)


def _next_data(file: int, at: int, size: int) -> int:
    try:
        return os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:  # which is how the kernel says that there is none
            raise
        return size


def fill(folder: str, name: str, leave: str) -> int:
    """Fill the disk at /disk with junk until so many bytes are left, or none to be had. Bytes it took."""
    guard(folder, name)
    with (DISK / JUNK).open("ab", buffering=0) as junk:
        before, taken = -1, 0
        while taken != before:  # when it is synced, what was reserved for more is given back
            before = taken
            for size in BLOCKS:
                while _free() - size >= int(leave) and _took(junk.fileno(), size):
                    pass
            os.fsync(junk.fileno())
            taken = os.fstat(junk.fileno()).st_size
        return taken


def _free() -> int:
    told = os.statvfs(DISK)
    return told.f_bavail * told.f_frsize


def _took(file: int, size: int) -> bool:
    try:
        return os.write(file, bytes(size)) == size
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


def free(folder: str, name: str) -> None:
    """Remove the junk from the disk at /disk; the space can be written to at once."""
    guard(folder, name)
    (DISK / JUNK).unlink(missing_ok=True)
    os.fsync(os.open(DISK, os.O_RDONLY))


def remove(folder: str, *names: str) -> dict[str, list[str]]:
    """Detach and remove these disks and their copies, or all. Devices still mounted, and files left."""
    for device in backed(listing(), folder, names):
        tool("losetup", "--detach", device)
    place = DISKS / folder
    for backing in list(place.glob(f"*{SUFFIX}")):
        if chosen(backing.stem, names):
            backing.unlink()
    with suppress(TimeoutError):
        until(lambda: not backed(listing(), folder, names, leaving=True), "", _RELEASE_SECONDS)
    busy = backed(listing(), folder, names, leaving=True)
    return {"busy": busy, "left": sorted(str(p) for p in place.glob("*"))}


def guard(folder: str, name: str) -> None:
    """Stop unless /disk is that disk: what is done to it must never be done to one of the host's."""
    on = _about("loop/backing_file") if os.major(DISK.stat().st_dev) == LOOP_MAJOR else ""
    if not is_of(on, folder, name):
        raise SystemExit(f"{DISK} is on {on or 'no loop device'}, not on {folder}/{name}{SUFFIX}")


def _about(what: str) -> str:
    """What the kernel tells of the device that /disk is on."""
    device = DISK.stat().st_dev
    return Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/{what}").read_text().strip()


def until(done: Callable[[], bool], otherwise: str, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s {otherwise}")
        time.sleep(0.01)


if __name__ == "__main__":
    verbs: dict[str, Callable[..., object]] = {f.__name__: f for f in (make, cut, fill, free, remove)}
    print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:])))
