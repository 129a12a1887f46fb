"""What an engine that cannot make disks says, and what it means."""

_REFUSED = "it does not let a container use loop devices"
_UNEQUIPPED = "mkfs.ext4 is not in the base image, and cannot be installed"
_MEANINGS = (
    (("'/dev/loop-control'", "No such file"), "its kernel has no loop devices"),
    (("'/dev/loop-control'", "No such device"), "its kernel has no loop devices"),
    (("/dev/loop", "not permitted"), _REFUSED),
    (("/dev/loop", "Permission denied"), _REFUSED),
    (("authorization denied",), _REFUSED),
    (("failed to mount local volume",), "it does not mount an ext4 file system as a volume"),
    (("_EXT4_IOC_SHUTDOWN", "Errno"), "a container cannot shut an ext4 file system down"),
    (("apt-get", "non-zero code"), _UNEQUIPPED),
    (("apt-get", "did not complete successfully"), _UNEQUIPPED),
)


def incapable(errors: str) -> str:
    """Why this engine cannot make disks, given what it or a tool said; empty where that is no reason."""
    for signs, meaning in _MEANINGS:
        if all(sign in errors for sign in signs):
            return f"{meaning}: {_last(errors)}"
    return ""


def _last(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("Run 'docker ")][-1]
