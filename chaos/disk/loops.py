"""Files on loop devices: put there, found again, known as this project's.

A file is in a folder that bears the project in its name, on a volume: the path that a device tells of
it begins differently in each container, and always ends so. This too runs in the container.
"""

import fcntl
import json
import os
import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

SUFFIX = ".ext4"
SECONDS = 5.0
LOOP_MAJOR = 7
_LOOP_CTL_GET_FREE = 0x4C82


def backed(listed: str, folder: str, names: Sequence[str] = (), *, leaving: bool = False) -> list[str]:
    """Loop devices of these disks of a project and of their copies, or of all of them, in the output of
    `losetup --list --json`; those that go away by themselves when they are unmounted only if `leaving`.
    """
    found = []
    for device in json.loads(listed or "{}").get("loopdevices", []):
        file = PurePosixPath((device["back-file"] or "").removesuffix(" (deleted)"))
        ours = file.parent.name == folder and file.suffix == SUFFIX and chosen(file.stem, names)
        if ours and (leaving or device["autoclear"] in (False, 0, "0")):
            found.append(device["name"])
    return found


def chosen(disk: str, names: Sequence[str]) -> bool:
    """Whether a disk is one of these or a copy of one, which is called NAME.cut. All are, of none."""
    return not names or disk.partition(".")[0] in names


def is_of(backing: str, folder: str, name: str) -> bool:
    """Whether a device's backing file is the disk's: however the path begins."""
    return PurePosixPath(backing).parts[-2:] == (folder, f"{name}{SUFFIX}")


def attach(backing: Path) -> str:
    """The loop device that the file is on from now on. Others may be after the same one."""
    deadline = time.monotonic() + SECONDS
    while True:
        device = _free_device()
        try:
            tool("losetup", device, str(backing))
        except ToolError as error:
            if "busy" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return device


def _free_device() -> str:
    with Path("/dev/loop-control").open("rb") as control:
        number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
    device = Path(f"/dev/loop{number}")
    if not device.exists():  # where /dev is not the kernel's own
        os.mknod(device, stat.S_IFBLK | 0o660, os.makedev(LOOP_MAJOR, number))
    return str(device)


def listing() -> str:
    """What `backed` reads."""
    return tool("losetup", "--list", "--json")


class ToolError(Exception):
    """A tool's own last word."""


def tool(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"{command[0]}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout
