"""Processes, and those that are nobody's children any more."""

from pathlib import Path


def gone(pid: int) -> bool:
    """Whether it has ended, waited for or not."""
    return (_told(pid) or ["Z"])[0] == "Z"


def children(pid: int) -> list[int]:
    """Of a process, those that there are now."""
    everyone = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    return [one for one in everyone if _told(one)[1:2] == [str(pid)]]


def _told(pid: int) -> list[str]:
    """What the kernel tells of a process behind its name: state, parent, ...; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
